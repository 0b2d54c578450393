import { randomBytes, randomUUID } from "node:crypto";
import { createHuaweiApigEmulator } from "../../emulators/huawei-apig.ts";
import { huaweiAccount, huaweiRefusals } from "./huawei.ts";
import { replaceSecret } from "./replace-secret.ts";
import type { OwnAnswer, Subject } from "./subject.ts";
import { inEnvironment, inRepository } from "./targets.ts";

export const apigShared: Subject = {
  modes: ["rotate", "finish", "tidy"],
  recoverable: false,
  rotate: "set-1",
  roles: {
    rotate: {
      "app-1": "read",
      "probe-1": "calibrate",
      "probe-2": "prove",
      "set-1": "rotate",
      "probe-3": "confirm-try",
    },
  },
  own: (request) => (request === "probe" ? PROBE_REFUSALS : huaweiRefusals((error) => error)),
  hollow: { unexpected: [1] },
  carriesSecret: () => undefined,
  open: (clock) => {
    const { account, inputs, credentials, projectId } = huaweiAccount(clock);
    const emulator = createHuaweiApigEmulator({ account });
    const [id, appKey] = [randomUUID(), randomBytes(16).toString("hex")];
    emulator.addApp({
      id,
      name: "login",
      remark: "the login page",
      appKey,
      appSecret: randomBytes(20).toString("hex"),
      projectId,
    });
    return {
      emulator,
      provider: "huawei-apig",
      // As a workflow has it: `current-secret: ${{ secrets.APP_SECRET }}`.
      inputs: (url, held) => ({
        ...inputs,
        "api-url": url,
        "app-id": id,
        "probe-url": `${url}/probe`,
        ...(held === undefined ? {} : { "current-secret": held }),
      }),
      targets: [inEnvironment("production", "APP_SECRET"), inRepository("APP_SECRET")],
      seeded: true,
      inForce: () => [emulator.app(id).secret],
      credentials,
      nameOf: ({ method, path }) => (path.startsWith("/probe") ? "probe" : method === "GET" ? "app" : "set"),
      secretOf: (text) => text,
      plant: () => undefined,
      nextSecret: () => undefined,
      handOut: (answer) => Promise.resolve(answer),
    };
  },
};

export const apigDedicated: Subject = {
  modes: ["rotate", "sync", "finish", "tidy"],
  recoverable: true,
  rotate: "reset-1",
  roles: {
    rotate: {
      "app-1": "read",
      "probe-1": "calibrate",
      "probe-2": "prove",
      "reset-1": "rotate",
      "app-2": "await",
      "app-3": "confirm-read",
      "probe-3": "confirm-try",
    },
    sync: {
      "app-1": "read",
      "probe-1": "calibrate",
      "probe-2": "prove",
      "app-2": "confirm-read",
      "probe-3": "confirm-try",
    },
  },
  own: (request) => (request === "probe" ? PROBE_REFUSALS : huaweiRefusals((error) => error)),
  hollow: { unexpected: [1] },
  carriesSecret: (request, secret) =>
    ["app", "reset"].includes(request)
      ? { id: "x", name: "login", app_key: "k", app_secret: secret }
      : undefined,
  // Only where chosen values are refused: the second call asks the gateway to make one.
  handsOut: "reset-2",
  open: (clock) => {
    const { account, inputs, credentials, projectId } = huaweiAccount(clock);
    const emulator = createHuaweiApigEmulator({ account });
    const [id, appKey, instanceId] = [randomUUID(), randomBytes(16).toString("hex"), randomUUID()];
    const app = { id, instanceId, name: "login", appKey, projectId };
    const inForce = (): string => emulator.app(id).secret;
    const plant = (secret: string): void => {
      emulator.addApp({ ...app, appSecret: secret });
    };
    plant(randomBytes(20).toString("hex"));
    return {
      emulator,
      provider: "huawei-apig",
      inputs: (url) => ({
        ...inputs,
        "api-url": url,
        "app-id": id,
        "instance-id": instanceId,
        "probe-url": `${url}/probe`,
      }),
      targets: [inEnvironment("production", "APP_SECRET"), inRepository("APP_SECRET")],
      seeded: true,
      inForce: () => [inForce()],
      credentials,
      nameOf: ({ method, path }) =>
        path.startsWith("/probe") ? "probe" : method === "GET" ? "app" : "reset",
      secretOf: (text) => text,
      plant,
      nextSecret: (secret) => {
        emulator.customSecrets = secret === undefined ? "on" : "rejects";
      },
      handOut: (answer, secret) => replaceSecret(answer, { inForce, plant, secret }),
    };
  },
};

const PROBE_REFUSALS: readonly OwnAnswer[] = [
  {
    name: "own-401",
    status: 401,
    body: { error_code: "APIGW.0303", error_msg: "verify signature fail" },
    lasts: true,
  },
  { name: "own-403", status: 403, body: { error_code: "APIGW.0302", error_msg: "not authorized" } },
];
