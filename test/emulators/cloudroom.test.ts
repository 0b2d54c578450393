import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { createCloudRoomEmulator, type CloudRoomEmulator } from "./cloudroom.ts";
import { Disconnect } from "./emulator.ts";
import { listen } from "./listen.ts";

const COMMON = {
  CompID: 100001,
  SecretKey: "c1e3d21d0fd974524c65ac0f530d8b9e",
  RequestId: "5f0e8a5e-6f0f-4d53-9a38-0d6f5a1c1e11",
};
const APP = "a1b2c3d4e5";
const SECRET = "k3j2h1g0";
const UPDATE = "/CLOUDROOM-API/project/update/secret";
const LIST = "/CLOUDROOM-API/project/query/list";

let emulator: CloudRoomEmulator;

beforeEach(() => {
  emulator = createCloudRoomEmulator();
  emulator.addCompany({ compId: 100001, compSecret: "0123456789abcdef0123456789abcdef" });
  emulator.addProject({ compId: 100001, appId: APP, name: "login", secret: SECRET });
});

describe("project/update/secret", () => {
  test("replaces the secret of the project that OperateAppId names", async () => {
    emulator.addProject({ compId: 100001, appId: "other", secret: "untouched" });
    const { status, body } = await post(UPDATE, { ...COMMON, OperateAppId: APP });
    const { secret, previous, refreshes } = emulator.project(APP);
    expect({ status, body }).toEqual({
      status: 200,
      body: { RspCode: "0", RspDesc: "请求成功", Data: { AppSecret: secret } },
    });
    expect(secret).toMatch(/^[0-9a-z]{8}$/);
    expect(secret).not.toBe(SECRET);
    expect({ previous, refreshes }).toEqual({ previous: [SECRET], refreshes: 1 });
    expect(emulator.project("other").refreshes).toBe(0);
  });

  test("makes secrets of the length it is told", async () => {
    emulator.secretLength = 32;
    await post(UPDATE, { ...COMMON, OperateAppId: APP });
    expect(emulator.project(APP).secret).toMatch(/^[0-9a-z]{32}$/);
  });

  test.each([
    ["no id", {}, "20", "项目账号id不能为空"],
    ["an empty id", { OperateAppId: "" }, "20", "项目账号id不能为空"],
    ["an unknown id", { OperateAppId: "unknown" }, "21", "项目账号不存在"],
    ["a project of another company", { OperateAppId: "foreign" }, "21", "项目账号不存在"],
    ["an id that is no string", { OperateAppId: 1 }, "4", "未获取到正确参数"],
    ["null for an id", { OperateAppId: null }, "4", "未获取到正确参数"],
  ])("refuses %s", async (_, own, code, text) => {
    emulator.addProject({ compId: 1, appId: "foreign" });
    expect(await post(UPDATE, { ...COMMON, ...own })).toEqual({
      status: 200,
      body: { RspCode: code, RspDesc: text },
    });
    expect(emulator.project("foreign").refreshes + emulator.project(APP).refreshes).toBe(0);
  });

  test.each([
    { kind: "reset" as const, changed: false, previous: [] },
    { kind: "reset" as const, changed: true, previous: [SECRET] },
    { kind: "stall" as const, changed: true, previous: [SECRET] },
  ])("whose answer is lost ($kind, changed: $changed) leaves the state it says", async (fault) => {
    const { kind, changed, previous } = fault;
    emulator.faults.arm({ kind, changed }, { path: UPDATE });
    await expect(post(UPDATE, { ...COMMON, OperateAppId: APP })).rejects.toThrow(Disconnect);
    expect(emulator.project(APP).previous).toEqual(previous);
    // The answer of a second call is the one in force.
    const { body } = await post(UPDATE, { ...COMMON, OperateAppId: APP });
    expect(body["Data"]).toEqual({ AppSecret: emulator.project(APP).secret });
    expect(emulator.project(APP).refreshes).toBe(previous.length + 1);
  });

  test("loses its new secret in an answer that breaks off", async () => {
    await using server = await listen(emulator);
    emulator.faults.arm({ kind: "cut-off" }, { path: UPDATE });
    const response = await fetch(`${server.url}${UPDATE}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...COMMON, OperateAppId: APP }),
    });
    await expect(response.json()).rejects.toThrow();
    expect(emulator.project(APP).refreshes).toBe(1);
  });
});

describe("project/query/list", () => {
  test("lists the projects of the calling company, without a secret unless told", async () => {
    emulator.addCompany({ compId: 2, compSecret: "another" });
    emulator.addProject({ compId: 2, appId: "foreign" });
    emulator.addProject({ compId: 100001, appId: "off", status: 0, authType: 1 });
    const { body } = await post(LIST, COMMON);
    expect(body).toMatchObject({ RspCode: "0", Data: { ProjectCount: 2 } });
    expect(projects(body)).toMatchObject([
      { ProjectName: "login", AppId: APP, AppSecret: "", Status: 1, AuthType: 0 },
      { ProjectName: "off", AppId: "off", AppSecret: "", Status: 0, AuthType: 1 },
    ]);
  });

  test.each([
    ["plain", SECRET],
    ["md5", createHash("md5").update(SECRET).digest("hex")],
    ["masked", "********"],
    ["nothing", ""],
  ] as const)("can show a secret as %s", async (listShows, shown) => {
    emulator.listShows = listShows;
    expect(projects((await post(LIST, COMMON)).body)[0]?.["AppSecret"]).toBe(shown);
  });

  test("takes no fields of its own", async () => {
    expect((await post(LIST, { ...COMMON, OperateAppId: APP })).body["RspCode"]).toBe("4");
  });
});

describe("the common parameters", () => {
  test.each([
    [100001, "0123456789abcdef0123456789abcdef", "c1e3d21d0fd974524c65ac0f530d8b9e"],
    [1, "1", "a7febff6a21c36fb50150f88c95ef641"],
  ])("of company %i open with the worked MD5", async (compId, compSecret, key) => {
    emulator.addCompany({ compId, compSecret });
    const body = { ...COMMON, CompID: compId, SecretKey: key };
    expect((await post(LIST, body)).body["RspCode"]).toBe("0");
    expect((await post(LIST, { ...body, SecretKey: key.toUpperCase() })).body["RspCode"]).toBe("3");
  });

  test.each([
    ["an unknown company", { CompID: 2 }, "2"],
    ["a wrong key", { SecretKey: "a7febff6a21c36fb50150f88c95ef641" }, "3"],
    ["a CompID that is a string", { CompID: "100001" }, "4"],
    ["a CompID that is no integer", { CompID: 1.5 }, "4"],
    ["no key", { SecretKey: undefined }, "4"],
    ["no RequestId", { RequestId: undefined }, "4"],
    ["an empty RequestId", { RequestId: "" }, "4"],
    ["an AppId that is null", { AppId: null }, "4"],
    ["an unknown field", { Extra: "1" }, "4"],
  ])("are refused for %s", async (_, odd, code) => {
    const { status, body } = await post(UPDATE, { ...COMMON, OperateAppId: APP, ...odd });
    expect({ status, code: body["RspCode"] }).toEqual({ status: 200, code });
    expect(body).not.toHaveProperty("Data");
    expect(emulator.project(APP).refreshes).toBe(0);
  });

  test("may name a project to call under", async () => {
    for (const AppId of ["", APP]) {
      expect((await post(LIST, { ...COMMON, AppId })).body["RspCode"]).toBe("0");
    }
  });

  test("are of no use to a company without API permission", async () => {
    const company = { compId: 100001, compSecret: "0123456789abcdef0123456789abcdef" };
    emulator.addCompany({ ...company, apiPermission: false });
    expect((await post(LIST, COMMON)).body).toEqual({
      RspCode: "1",
      RspDesc: "用户所属企业没有接口API权限",
    });
  });

  test("travel as one JSON object", async () => {
    for (const body of ["", "[]", "null", "CompID=100001"]) {
      expect((await send(LIST, { method: "POST", headers: JSON_TYPE, body })).body["RspCode"]).toBe("4");
    }
    const body = JSON.stringify(COMMON);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await send(LIST, { method: "POST", headers, body })).body["RspCode"]).toBe("4");
  });
});

test("the code can be a number", async () => {
  emulator.rspCode = "number";
  expect((await post(LIST, COMMON)).body["RspCode"]).toBe(0);
  expect((await post(UPDATE, COMMON)).body["RspCode"]).toBe(20);
});

test("another known prefix is a web server's page", async () => {
  for (const [prefix, other] of [
    ["CLOUDROOM-API", "CLOUDMEETING-API"],
    ["CLOUDMEETING-API", "CLOUDROOM-API"],
  ]) {
    emulator = createCloudRoomEmulator(prefix === undefined ? {} : { prefix });
    emulator.addCompany({ compId: 100001, compSecret: "0123456789abcdef0123456789abcdef" });
    expect((await post(`/${String(prefix)}/project/query/list`, COMMON)).body["RspCode"]).toBe("0");
    const response = await emulator.handle(
      new Request(`https://www.cloudroom.test/${String(other)}/project/query/list`, { method: "POST" }),
    );
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(await response.text()).toMatch(/^<html>/);
  }
});

test.each([
  ["GET", LIST],
  ["GET", `${UPDATE}?CompID=100001`],
  ["POST", `${UPDATE}?CompID=100001`],
  ["POST", "/CLOUDROOM-API/project/delete"],
  ["POST", "/CLOUDROOM-API/constructor"],
  ["POST", "/OTHER-API/project/query/list"],
])("%s %s fails loudly", async (method, path) => {
  const body = method === "POST" ? { body: JSON.stringify(COMMON) } : {};
  expect((await send(path, { method, headers: JSON_TYPE, ...body })).status).toBe(501);
});

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(path: string, init: RequestInit): Promise<Answer> {
  const response = await emulator.handle(new Request(`https://www.cloudroom.test${path}`, init));
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

async function post(path: string, body: unknown): Promise<Answer> {
  return send(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) });
}

function projects(body: Answer["body"]): Readonly<Record<string, unknown>>[] {
  return (body["Data"] as { ProjectList: Readonly<Record<string, unknown>>[] }).ProjectList;
}
