import { expect } from "vitest";
import { HttpFailure, type Http } from "../../src/http.ts";
import { readInputs } from "../../src/inputs.ts";
import type { Entry, FileInput } from "../../src/inputs/rotations-file.ts";
import { createCredentialGate, type CredentialGate } from "../../src/providers/credential-gate.ts";
import type { IdTokenService, Provider } from "../../src/providers/provider.ts";
import { Masker } from "../../src/secret.ts";
import { createAuthingEmulator, type AuthingEmulator } from "../emulators/authing.ts";
import { createCloudRoomEmulator, type CloudRoomEmulator } from "../emulators/cloudroom.ts";
import type { Emulator, Fault, RecordedRequest } from "../emulators/emulator.ts";
import { createFeishuWithInbox, type FeishuWithInbox } from "../emulators/feishu-with-inbox.ts";
import { directHttp } from "./direct-http.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { httpService, httpUnread, httpWithKey } from "./http-services.ts";
import { apigDedicatedService, apigSharedService, csmsService, PROBE } from "./huawei-services.ts";

/** What the contract suite needs to know of a provider: how to set it up, and which call is the irreversible one. */
export type ProviderKit = (clock: FakeClock) => Service;

/** A fresh service that knows one app. */
export interface Service {
  readonly emulator: Emulator;
  readonly appId: string;
  /** Every input that the provider reads, the optional ones too. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What makes the management credential wrong. */
  readonly wrongCredential: Readonly<Record<string, string>>;
  /** An id of no app; undefined where preflight cannot know. */
  readonly unknownApp: string | undefined;
  /** The call that ends the secret in force. */
  readonly rotateCall: Call;
  /** The answer with which the provider documents that it will not rotate. */
  readonly refusal: Fault;
  /** Every call of the management API in preflight. */
  readonly reads: readonly Call[];
  /** Who answers those, as messages call it. Default: the provider's title. */
  readonly readsFrom?: string;
  /** Whether those follow a redirect on the same origin. */
  readonly followsOnOrigin?: true;
  /** Other services that it takes, by host. */
  readonly beside?: Readonly<Record<string, Emulator>>;
  /** Where the job gets tokens that name it. Default: nowhere. */
  readonly idTokens?: IdTokenService;
  inForce(): string;
  /** How often the secret in force has changed. */
  changes(): number;
}

/** A kind of request, as a switchboard's match takes it. */
export interface Call {
  readonly method: string;
  readonly path: RegExp;
}

/** By id of the registry, every way in which a provider is set up. */
export const kits: Readonly<Record<string, readonly ProviderKit[]>> = {
  authing: [authingService],
  cloudroom: [cloudRoomService],
  feishu: [feishuInboxService],
  "huawei-apig": [apigShared, apigDedicatedService],
  "huawei-csms": [csmsService],
  http: [httpService, httpUnread, httpWithKey],
};

export interface Connection {
  readonly provider: Provider;
  readonly clock: FakeClock;
  readonly masker: Masker;
  /** Every text announced to be masked so far. */
  readonly announced: ReadonlySet<string>;
  /** Every wait that was told to the user. */
  readonly waits: readonly { readonly why: string; readonly milliseconds: number }[];
  /** The names of the inputs that were read, whether set or not. */
  readonly inputsRead: ReadonlySet<string>;
  /** What was told though it is no failure, such as an input that nobody reads. */
  readonly warnings: readonly string[];
}

/** Makes a provider as a step does, from inputs to a provider that speaks to the service. */
export function connect<Kind extends Service>(
  id: string,
  kit: (clock: FakeClock) => Kind,
  change: {
    /** Inputs to replace; an empty one is not set. */
    readonly inputs?: Readonly<Record<string, string>>;
    /** Shared with other rotations of the same run. */
    readonly gate?: CredentialGate;
    /** The event that starts the run. Default a schedule. */
    readonly event?: { readonly name: string; readonly payload: () => unknown };
    /** Puts something between the provider and its service. */
    readonly through?: (http: Http, service: Kind) => Http;
  } = {},
): Connection & { readonly service: Kind } {
  const clock = createFakeClock();
  const service = kit(clock);
  const announced = new Set<string>();
  const inputsRead = new Set<string>();
  const waits: { why: string; milliseconds: number }[] = [];
  const warnings: string[] = [];
  const masker = new Masker((form) => announced.add(form));
  const raw = {
    provider: id,
    "app-id": service.appId,
    "github-token": "github_pat_of_a_test",
    "secret-name": "APP_SECRET",
    ...service.inputs,
    ...change.inputs,
  };
  const watched = new Proxy<Record<string, string>>(raw, {
    get: (inputs, name) => {
      inputsRead.add(String(name));
      return inputs[String(name)];
    },
  });
  const entry = entryOf(raw, (name) => inputsRead.add(name));
  const { mode = "rotate", "github-token": token } = raw as Readonly<Record<string, string>>;
  const own = directHttp(service.emulator, clock);
  const beside = new Map(
    Object.entries(service.beside ?? {}).map(([host, emulator]) => [host, directHttp(emulator, clock)]),
  );
  const direct: Http = (request) => (beside.get(new URL(request.url).host) ?? own)(request);
  const settings = readInputs(
    entry === undefined ? watched : { config: "rotations.yml", mode, "github-token": token },
    {
      event: change.event ?? { name: "schedule", payload: () => undefined },
      repository: "acme/web",
      variable: () => undefined,
      idTokens: service.idTokens,
    },
    {
      masker,
      entries: entry === undefined ? undefined : [entry],
      contextFor: () => ({
        http: change.through?.(direct, service) ?? direct,
        gate: change.gate ?? createCredentialGate(),
        masker,
        clock,
        onWait: (why, milliseconds) => waits.push({ why, milliseconds }),
        warn: (text) => warnings.push(text),
      }),
    },
  );
  warnings.push(...settings.warnings);
  const [rotation] = settings.rotations;
  if (rotation === undefined) throw new Error(`The inputs of ${id} make no rotation.`);
  return { provider: rotation.provider, clock, masker, announced, waits, inputsRead, warnings, service };
}

/** The inputs as a rotations file has them, where some stand in a map; undefined where a step can have them all. */
function entryOf(raw: Readonly<Record<string, string>>, onRead: (name: string) => void): Entry | undefined {
  const given = Object.entries(raw).filter(
    ([name, text]) => text !== "" && !["mode", "github-token"].includes(name),
  );
  const maps = given.flatMap(([name]) =>
    name
      .split(".")
      .slice(0, -1)
      .map((_, depth, path) => path.slice(0, depth + 1).join(".")),
  );
  if (maps.length === 0) return undefined;
  const at = "rotations.yml:1:1";
  const inputs = new (class extends Map<string, FileInput> {
    override get(name: string): FileInput | undefined {
      onRead(name);
      return super.get(name);
    }
  })();
  for (const map of maps) inputs.set(map, { text: "", at, items: [], inherited: false });
  for (const [name, text] of given) inputs.set(name, { text, at, items: [], inherited: false });
  return { name: "a rotation", at, inputs };
}

/** Preflight, which nobody cancels. */
export function preflight({ provider }: Connection): ReturnType<Provider["preflight"]> {
  return provider.preflight(new AbortController().signal);
}

/** The requests of one kind that have reached the service. */
export function requestsOf({ emulator }: Service, { method, path }: Call): readonly RecordedRequest[] {
  return emulator.requests.filter((request) => request.method === method && path.test(request.path));
}

/** An HTTP client on which calls of one kind are never sent. */
export function neverSending({ method, path }: Call, http: Http): Http {
  return (request) => {
    const { pathname, search } = new URL(request.url);
    return request.method === method && path.test(pathname + search)
      ? Promise.reject(new HttpFailure("ECONNREFUSED", false))
      : http(request);
  };
}

/** Expects a rejection with an error like this, in which no text ever announced to be masked can be found. */
export async function expectFailure(
  promise: Promise<unknown>,
  expected: Readonly<Record<string, unknown>>,
  { announced }: Connection,
): Promise<void> {
  await expect(promise).rejects.toMatchObject(expected);
  await expect(promise).rejects.toHide(announced);
}

/** The probe is no call of the management API; what it proves has tests of its own. */
function apigShared(clock: FakeClock): Service {
  const service = apigSharedService(clock);
  return { ...service, reads: service.reads.filter((call) => call !== PROBE) };
}

export interface AuthingService extends Service {
  readonly emulator: AuthingEmulator;
  readonly userPoolId: string;
}

export function authingService(clock: FakeClock): AuthingService {
  const emulator = createAuthingEmulator({ now: () => clock.now() });
  const userPoolId = "0123456789abcdef01234567";
  const key = {
    accessKeyId: "89abcdef0123456789abcdef",
    accessKeySecret: "3d5a1c0f9b7e42688f60d1e2c4b5a697",
  };
  const appId = "fedcba9876543210fedcba98";
  emulator.addKey({ ...key, userPoolId });
  emulator.addApp({ appId, userPoolId, name: "login", secret: "5f0c3a96d1e84b72a9c6507e3d2f18b4" });
  return {
    emulator,
    userPoolId,
    appId,
    inputs: {
      "api-url": "https://authing.example.test",
      "access-key-id": key.accessKeyId,
      "access-key-secret": key.accessKeySecret,
      "user-pool-id": userPoolId,
      "app-url": "https://login.example.test",
    },
    wrongCredential: { "access-key-secret": "e1d2c3b4a5968778695a4b3c2d1e0f10" },
    unknownApp: "000000000000000000000000",
    rotateCall: { method: "POST", path: /^\/api\/v3\/refresh-application-secret$/ },
    refusal: {
      kind: "answer",
      changed: false,
      status: 200,
      body: JSON.stringify({ statusCode: 403, message: "没有权限执行此操作", requestId: "r" }),
    },
    reads: [
      { method: "POST", path: /^\/api\/v3\/get-management-token$/ },
      { method: "GET", path: /^\/api\/v3\/get-application\?/ },
      { method: "GET", path: /^\/api\/v3\/get-application-secret\?/ },
    ],
    inForce: () => emulator.app(appId).secret,
    changes: () => emulator.app(appId).refreshes,
  };
}

export interface CloudRoomService extends Service {
  readonly emulator: CloudRoomEmulator;
}

export function cloudRoomService(): CloudRoomService {
  const emulator = createCloudRoomEmulator();
  const appId = "a1b2c3d4e5";
  emulator.addCompany({ compId: 100001, compSecret: "0123456789abcdef0123456789abcdef" });
  emulator.addProject({ compId: 100001, appId, name: "login", secret: "k3j2h1g0" });
  return {
    emulator,
    appId,
    inputs: {
      "api-url": "https://cloudroom.example.test",
      "api-prefix": "CLOUDROOM-API",
      "comp-id": "100001",
      "comp-secret": "0123456789abcdef0123456789abcdef",
    },
    wrongCredential: { "comp-secret": "fedcba9876543210fedcba9876543210" },
    unknownApp: "zzzzzzzzzz",
    rotateCall: { method: "POST", path: /^\/CLOUDROOM-API\/project\/update\/secret$/ },
    refusal: {
      kind: "answer",
      changed: false,
      status: 200,
      body: JSON.stringify({ RspCode: "1", RspDesc: "用户所属企业没有接口API权限" }),
    },
    reads: [{ method: "POST", path: /^\/CLOUDROOM-API\/project\/query\/list$/ }],
    inForce: () => emulator.project(appId).secret,
    changes: () => emulator.project(appId).refreshes,
  };
}

export interface FeishuService extends Service, Omit<FeishuWithInbox, "emulator"> {}

export function feishuInboxService(clock: FakeClock): FeishuService {
  const appId = "cli_a1b2c3d4e5f60001";
  const appSecret = "Zk3vT9qLw2XbN8rMcY5uHs7dPf1aGj4e";
  const encryptKey = "a-test-encrypt-key-0123456789abc";
  const verificationToken = "a-test-verification-token-000001";
  const inboxToken = "token-of-the-inbox-in-a-test";
  const service = createFeishuWithInbox(
    { appId, appSecret, encryptKey, verificationToken },
    { token: inboxToken, now: () => clock.now() },
  );
  const { platform } = service;
  return {
    ...service,
    appId,
    inputs: {
      "api-url": "https://feishu.example.test",
      "app-secret": appSecret,
      "encrypt-key": encryptKey,
      "verification-token": verificationToken,
      delivery: "inbox",
      "inbox-url": "https://feishu.example.test/inbox",
      "inbox-token": inboxToken,
      "ticket-timeout": "180s",
      "envelope-max-age": "5m",
    },
    wrongCredential: { "inbox-token": "another-token-of-the-inbox" },
    unknownApp: undefined,
    rotateCall: { method: "POST", path: /^\/open-apis\/auth\/v3\/app_ticket\/resend$/ },
    refusal: {
      kind: "answer",
      changed: false,
      status: 200,
      body: JSON.stringify({ code: 10016, msg: "app resend fail" }),
    },
    reads: [{ method: "GET", path: /^\/inbox\?since=\d+$/ }],
    readsFrom: "Feishu inbox",
    followsOnOrigin: true,
    inForce: () => platform.app(appId).latest ?? "",
    changes: () => platform.app(appId).tickets.length,
  };
}
