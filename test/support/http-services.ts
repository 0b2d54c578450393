import { createHttpService, type HttpServiceEmulator } from "../emulators/http-service.ts";
import type { Fault } from "../emulators/emulator.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { Service } from "./provider-kit.ts";

export interface HttpService extends Service {
  readonly emulator: HttpServiceEmulator;
}

/** An id that would be another one wherever it is not encoded. */
export const ODD_APP = `订单/../a b?x=1&y="2"#+%2e\\{app-id}`;

const SECRET = "0a9B8c7D6e5F4a3B2c1D0e9F8a7B6c5D";
const CLIENT = { id: "rotator: of a+b", secret: "s3cr3t: of/the+rotator & more" };

/** Described with everything there is: a client of OAuth 2.0, a read, and what success is. */
export function httpService(clock: FakeClock): HttpService {
  return make(clock, {
    "http.auth.token-url": "/oauth/token",
    "http.auth.client-id": CLIENT.id,
    "http.auth.client-secret": CLIENT.secret,
    "http.auth.scope": "apps secrets",
    ...READ,
  });
}

/** Described without a read, so that nothing tells which secret is in force. */
export function httpUnread(clock: FakeClock): HttpService {
  const service = make(clock, {
    "http.auth.token-url": "https://service.example.test/oauth/token",
    "http.auth.client-id": CLIENT.id,
    "http.auth.client-secret": CLIENT.secret,
    "http.auth.client-auth": "post",
  });
  service.emulator.addClient({ ...CLIENT, auth: "post" });
  return { ...service, unknownApp: undefined, reads: [TOKEN] };
}

/** Described with a key in a header. */
export function httpWithKey(clock: FakeClock): HttpService {
  const service = make(clock, { "http.auth.headers.X-Api-Key": "k3y-of-the-service", ...READ });
  service.emulator.addKey("k3y-of-the-service");
  return {
    ...service,
    wrongCredential: { "http.auth.headers.X-Api-Key": "another-key-altogether" },
    reads: [SECRET_READ],
  };
}

const READ = {
  "http.read.url": "/apps/{app-id}/secret?app={app-id}",
  "http.read.pointer": "/items/0/secret",
};

const TOKEN = { method: "POST", path: /^\/oauth\/token$/ };
const SECRET_READ = { method: "GET", path: /^\/apps\/[^/]+\/secret\?/ };

function make(clock: FakeClock, more: Readonly<Record<string, string>>): HttpService {
  const emulator = createHttpService({ now: () => clock.now() });
  emulator.addClient(CLIENT);
  emulator.addApp({ id: ODD_APP, secret: SECRET });
  const refusal: Fault = {
    kind: "answer",
    changed: false,
    status: 409,
    body: JSON.stringify({ error: "conflict", message: "the app is locked" }),
  };
  return {
    emulator,
    appId: ODD_APP,
    inputs: {
      "api-url": "https://service.example.test",
      "http.url": "/apps/{app-id}/secret?app={app-id}",
      "http.method": "POST",
      "http.headers.X-Reason": "rotation",
      "http.body": `{"app": "{app-id}", "reason": "rotation"}`,
      "http.pointer": "/data/app~1secret",
      "http.success.pointer": "/code",
      "http.success.value": "0",
      ...more,
    },
    wrongCredential: { "http.auth.client-secret": "another secret of the rotator" },
    unknownApp: "nobodys-app",
    rotateCall: { method: "POST", path: /^\/apps\/[^/]+\/secret(?:\?|$)/ },
    refusal,
    reads: [TOKEN, SECRET_READ],
    inForce: () => emulator.app(ODD_APP).secret,
    changes: () => emulator.app(ODD_APP).rotations,
  };
}
