import { randomBytes } from "node:crypto";
import { createHuaweiCsmsEmulator } from "../../emulators/huawei-csms.ts";
import type { HuaweiAccount } from "../../emulators/huawei/account.ts";
import { DAY, type WorldClock } from "../clock.ts";
import { huaweiAccount, huaweiRefusals } from "./huawei.ts";
import type { ChaosTarget, Opened, Subject } from "./subject.ts";
import { inEnvironment } from "./targets.ts";

export const csms: Subject = {
  modes: ["rotate", "sync", "finish", "tidy"],
  recoverable: true,
  rotate: "rotate-1",
  roles: {
    rotate: {
      "secret-1": "read",
      "stage-1": "read",
      "version-1": "read",
      "tasks-1": "read",
      "rotate-1": "rotate",
      "tasks-2": "await",
      "stage-2": "await",
      "version-2": "await",
      "stage-3": "confirm-read",
      "version-3": "confirm-read",
    },
    sync: {
      "secret-1": "read",
      "stage-1": "read",
      "version-1": "read",
      "tasks-1": "read",
      "stage-2": "confirm-read",
      "version-2": "confirm-read",
    },
  },
  own: (request) => huaweiRefusals((error) => (request === "rotate" ? { error } : error)),
  hollow: { unexpected: [1] },
  carriesSecret: (request, secret) =>
    request === "version"
      ? { version: { version_metadata: { id: "v1" }, secret_string: secret } }
      : undefined,
  handsOut: "rotate-1",
  open: (clock) => {
    const { account, inputs, credentials, projectId } = huaweiAccount(clock);
    const service = openCsms(clock, account, projectId);
    return {
      ...service,
      inputs: (url) => ({ ...inputs, ...service.inputs(url, undefined) }),
      credentials,
    };
  },
};

/** A secret of this account at CSMS; what logs in is left to whoever opens it. */
export function openCsms(
  clock: WorldClock,
  account: HuaweiAccount,
  projectId: string,
): Omit<Opened, "credentials"> {
  const emulator = createHuaweiCsmsEmulator({ account });
  const name = `orders-${randomBytes(4).toString("hex")}`;
  let next: string | undefined;
  const make = (): string =>
    JSON.stringify({ name: "app_1", password: randomBytes(18).toString("base64url") });
  const add = (value: () => string): void => {
    emulator.addSecret({ name, projectId, createdAt: clock.now() - 5 * DAY, value });
  };
  add(() => next ?? make());
  const part = (pointer: string, secretName: string): ChaosTarget => ({
    ...inEnvironment("eu/prod west", secretName, `?pointer=/${pointer}`),
    formOf: (secret) => String((JSON.parse(secret) as Record<string, unknown>)[pointer]),
  });
  return {
    emulator,
    provider: "huawei-csms",
    inputs: (url) => ({ "api-url": url, "app-id": name }),
    targets: [part("name", "DATABASE_USER"), part("password", "DATABASE_PASSWORD")],
    seeded: false,
    inForce: () => [emulator.secret(name).current.value],
    nameOf: ({ path }) =>
      path.includes("/tasks")
        ? "tasks"
        : (/\/secrets\/[^/]+\/(stage|version|rotate)/.exec(path)?.[1] ?? "secret"),
    secretOf: (text) => JSON.stringify({ name: "app_1", password: text }),
    plant: (secret) => {
      add(() => secret);
    },
    nextSecret: (secret) => {
      next = secret;
    },
    // The emulator has made it already.
    handOut: (answer) => Promise.resolve(answer),
  };
}
