import { createHash, randomBytes, randomInt } from "node:crypto";
import { createCloudRoomEmulator } from "../../emulators/cloudroom.ts";
import { replaceSecret } from "./replace-secret.ts";
import type { Subject } from "./subject.ts";
import { inEnvironment } from "./targets.ts";

export const cloudroom: Subject = {
  modes: ["rotate", "finish", "tidy"],
  recoverable: false,
  rotate: "update-1",
  roles: {
    rotate: { "list-1": "read", "update-1": "rotate", "list-2": "confirm-read" },
  },
  own: () => [
    { name: "own-1", status: 200, body: { RspCode: "1", RspDesc: "用户所属企业没有接口API权限" } },
    { name: "own-3", status: 200, body: { RspCode: "3", RspDesc: "密码错误" } },
    { name: "own-4", status: 200, body: { RspCode: "4", RspDesc: "未获取到正确参数" } },
    { name: "own-21", status: 200, body: { RspCode: "21", RspDesc: "项目账号不存在" } },
    { name: "own-5", status: 200, body: { RspCode: "5", RspDesc: "未知错误" } },
  ],
  hollow: { RspCode: "0", RspDesc: "请求成功", Data: { unexpected: [1] } },
  carriesSecret: (request, secret) =>
    request === "update" ? { RspCode: "0", RspDesc: "请求成功", Data: { AppSecret: secret } } : undefined,
  handsOut: "update-1",
  open: () => {
    const emulator = createCloudRoomEmulator();
    const compId = randomInt(100_000, 1_000_000);
    const [compSecret, appId] = [randomBytes(16).toString("hex"), `web-${randomBytes(4).toString("hex")}`];
    emulator.addCompany({ compId, compSecret });
    emulator.addProject({ compId, appId });
    const inForce = (): string => emulator.project(appId).secret;
    const plant = (secret: string): void => {
      emulator.addProject({ compId, appId, secret });
    };
    return {
      emulator,
      provider: "cloudroom",
      inputs: (url) => ({
        "api-url": url,
        "app-id": appId,
        "comp-id": String(compId),
        "comp-secret": compSecret,
      }),
      targets: [
        inEnvironment("eu/prod west", "APP_SECRET"),
        { ...inEnvironment("eu/prod west", "APP_SECRET_MD5", "?format=md5"), formOf: md5 },
      ],
      seeded: true,
      inForce: () => [inForce()],
      credentials: [compSecret, md5(`${String(compId)}&${compSecret}`)],
      nameOf: ({ path }) => (path.endsWith("/list") ? "list" : "update"),
      secretOf: (text) => text,
      plant,
      nextSecret: () => undefined,
      handOut: (answer, secret) => replaceSecret(answer, { inForce, plant, secret }),
    };
  },
};

function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}
