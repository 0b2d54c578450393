import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { createHttpService } from "../../emulators/http-service.ts";
import { HOUR, type WorldClock } from "../clock.ts";
import type { Arrival } from "../gate.ts";
import { replaceSecret } from "./replace-secret.ts";
import type { Opened, OwnAnswer, Subject } from "./subject.ts";
import { inEnvironment, inRepository } from "./targets.ts";

/** A service that a rotations file describes, with a read. */
export const http: Subject = {
  modes: ["rotate", "sync", "finish", "tidy"],
  recoverable: true,
  rotate: "order-1",
  roles: {
    rotate: { "token-1": "read", "secret-1": "read", "order-1": "rotate", "secret-2": "confirm-read" },
    sync: { "token-1": "read", "secret-1": "read", "secret-2": "confirm-read" },
  },
  own: (request) => [...refusals(request), ...(request === "order" ? [NO_SUCCESS] : [])],
  hollow: { code: 0, message: "done", unexpected: [1] },
  carriesSecret: (request, secret) => CARRIERS[request]?.(secret),
  handsOut: "order-1",
  open: (clock) => openService(clock, { url: PATH, pointer: "/items/0/secret" }),
};

/** The same without one: nothing tells which secret is in force. */
export const httpUnread: Subject = {
  ...http,
  modes: ["rotate", "finish", "tidy"],
  recoverable: false,
  roles: { rotate: { "token-1": "read", "order-1": "rotate" } },
  open: (clock) => openService(clock),
};

/** In whatever place it is not encoded, it is another one. */
const APP = `shop/../a b?x=1&y="2"#+%2e`;
const PATH = "/apps/{app-id}/secret?app={app-id}";

/** An answer of 200 that says by its code that nothing was done. */
const NO_SUCCESS: OwnAnswer = { name: "own-7", status: 200, body: { code: 7, message: "the app is locked" } };

const CARRIERS: Readonly<Record<string, (secret: string) => object>> = {
  secret: (secret) => ({ items: [{ secret }] }),
  order: (secret) => ({ code: 0, message: "done", data: { "app/secret": secret } }),
};

function refusals(request: string): readonly OwnAnswer[] {
  const unauthorized = request === "token" ? "invalid_client" : "unauthorized";
  return [
    { name: "own-401", status: 401, body: { error: unauthorized }, lasts: true },
    { name: "own-403", status: 403, body: { error: "forbidden" } },
    { name: "own-404", status: 404, body: { error: "no such app" } },
    { name: "own-429", status: 429, body: { error: "too many requests" } },
    { name: "own-500", status: 500, body: { error: "internal error" } },
  ];
}

function openService(clock: WorldClock, read?: { readonly url: string; readonly pointer: string }): Opened {
  const emulator = createHttpService({ now: clock.now });
  // So that which requests there are does not hang on how busy the machine is.
  emulator.tokenLife = 3_600;
  const client = { id: "rotator", secret: randomBytes(24).toString("hex") };
  emulator.addClient(client);
  emulator.addApp({ id: APP });
  const openedAt = clock.now();
  const inForce = (): string => emulator.app(APP).secret;
  const plant = (secret: string): void => {
    emulator.addApp({ id: APP, secret });
  };
  const targets = [inEnvironment("production", "APP_SECRET"), inRepository("APP_SECRET")];
  const file = (url: string): object => ({
    name: "shop",
    provider: "http",
    "app-id": APP,
    "api-url": url,
    targets: targets.map(({ text }) => text),
    "write-timeout": "90s",
    // The next run, a day later, is not due for its own sake.
    ...(clock.now() - openedAt > 12 * HOUR ? { "rotate-after": "30d" } : {}),
    http: {
      url: PATH,
      body: `{"app": "{app-id}", "reason": "rotation"}`,
      pointer: "/data/app~1secret",
      success: { pointer: "/code", value: 0 },
      ...(read === undefined ? {} : { read }),
      auth: { "token-url": "/oauth/token", "client-id": client.id, "client-secret": "${ROTATOR_SECRET}" },
    },
  });
  return {
    emulator,
    provider: "http",
    // What belongs into the file is no input of the step.
    inputs: () => ({
      config: "rotations.yml",
      provider: "",
      targets: "",
      "write-timeout": "",
      "rotate-after": "",
    }),
    around: (_mode, url) =>
      Promise.resolve({
        env: { ROTATOR_SECRET: client.secret },
        workspace: { "rotations.yml": stringify({ rotations: [file(url)] }) },
      }),
    targets,
    seeded: true,
    inForce: () => [inForce()],
    credentials: [client.secret],
    nameOf: ({ method, path }: Arrival) =>
      path.startsWith("/oauth/") ? "token" : method === "GET" ? "secret" : "order",
    secretOf: (text) => text,
    plant,
    nextSecret: () => undefined,
    handOut: (answer, secret) => replaceSecret(answer, { inForce, plant, secret }),
  };
}
