import { randomBytes } from "node:crypto";
import { createAuthingEmulator } from "../../emulators/authing.ts";
import { replaceSecret } from "./replace-secret.ts";
import type { OwnAnswer, Subject } from "./subject.ts";
import { inEnvironment, inRepository } from "./targets.ts";

export const authing: Subject = {
  modes: ["rotate", "sync", "finish", "tidy"],
  recoverable: true,
  rotate: "refresh-1",
  roles: {
    rotate: {
      "login-1": "read",
      "app-1": "read",
      "secret-1": "read",
      "refresh-1": "rotate",
      "secret-2": "confirm-read",
      "introspect-right-1": "confirm-try",
      "introspect-wrong-1": "confirm-try",
    },
    sync: {
      "login-1": "read",
      "app-1": "read",
      "secret-1": "read",
      "secret-2": "confirm-read",
      "introspect-right-1": "confirm-try",
      "introspect-wrong-1": "confirm-try",
    },
  },
  own: (request) =>
    request.startsWith("introspect")
      ? [{ name: "own-401", status: 401, body: { error: "invalid_client" }, lasts: true }]
      : REFUSALS,
  hollow: { statusCode: 200, message: "操作成功", data: { unexpected: [1] } },
  carriesSecret: (request, secret) =>
    ["secret", "refresh"].includes(request)
      ? { statusCode: 200, message: "操作成功", data: { secret } }
      : undefined,
  handsOut: "refresh-1",
  open: (clock) => {
    const emulator = createAuthingEmulator({ now: clock.now });
    const [userPoolId, appId] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
    const accessKeySecret = randomBytes(16).toString("hex");
    emulator.addKey({ accessKeyId: userPoolId, accessKeySecret, userPoolId });
    emulator.addApp({ appId, userPoolId });
    const inForce = (): string => emulator.app(appId).secret;
    const plant = (secret: string): void => {
      emulator.addApp({ appId, userPoolId, secret });
    };
    return {
      emulator,
      provider: "authing",
      inputs: (url) => ({
        "api-url": url,
        "app-url": url,
        "app-id": appId,
        "access-key-id": userPoolId,
        "access-key-secret": accessKeySecret,
      }),
      targets: [inEnvironment("production", "APP_SECRET"), inRepository("APP_SECRET")],
      seeded: true,
      inForce: () => [inForce()],
      credentials: [accessKeySecret],
      nameOf: ({ path, body }) => {
        if (path.includes("get-management-token")) return "login";
        if (path.includes("get-application-secret")) return "secret";
        if (path.includes("get-application")) return "app";
        if (path.includes("refresh-application-secret")) return "refresh";
        const right = new URLSearchParams(body).get("client_secret") === inForce();
        return right ? "introspect-right" : "introspect-wrong";
      },
      secretOf: (text) => text,
      plant,
      nextSecret: () => undefined,
      handOut: (answer, secret) => replaceSecret(answer, { inForce, plant, secret }),
    };
  },
};

const REFUSALS: readonly OwnAnswer[] = [
  {
    name: "own-401",
    status: 200,
    body: { statusCode: 401, apiCode: 2020, message: "尚未登录" },
    lasts: true,
  },
  { name: "own-403", status: 200, body: { statusCode: 403, message: "没有权限执行此操作" } },
  { name: "own-404", status: 200, body: { statusCode: 404, apiCode: 2011, message: "应用不存在" } },
  {
    name: "own-429",
    status: 429,
    body: { statusCode: 429, message: "您的请求已超过最大数量限制，请稍后重试" },
  },
  { name: "own-500", status: 200, body: { statusCode: 500, message: "服务器内部错误" } },
];
