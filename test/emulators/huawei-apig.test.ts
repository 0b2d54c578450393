import { beforeEach, describe, expect, test } from "vitest";
import { Disconnect } from "./emulator.ts";
import { createHuaweiAccount, type HuaweiAccount } from "./huawei/account.ts";
import { callOfficially, signOfficially } from "./huawei/official-client.ts";
import { huaweiGatewayThrottled } from "./huawei/refusal.ts";
import { createHuaweiApigEmulator, huaweiApigThrottled, type HuaweiApigEmulator } from "./huawei-apig.ts";
import { listen } from "./listen.ts";

const PROJECT = "0123456789abcdef0123456789abcdef";
const KEY = { accessKeyId: "AK", secretAccessKey: "SK", projectId: PROJECT };
const BASE = "https://apig.cn-north-4.myhuaweicloud.com";
const ID = "14b399ac-967f-4115-bb62-c0346b4537e9";
const INSTANCE = "93e5a6bd6e134bcb8c7ea8c0c6d0e8a1";
const DEDICATED_ID = "98df09fb459a3cbaea3c3fcbf5e5a3f1";
const SECRET = "old-secret-1";
const NEW = "A1_-!@#$%new";

const APP = `/v1.0/apigw/apps/${ID}`;
const RESET = `/v1.0/apigw/apps/secret/${ID}`;
const DEDICATED = `/v2/${PROJECT}/apigw/instances/${INSTANCE}/apps/${DEDICATED_ID}`;
const DEDICATED_RESET = `/v2/${PROJECT}/apigw/instances/${INSTANCE}/apps/secret/${DEDICATED_ID}`;

let now: number;
let account: HuaweiAccount;
let emulator: HuaweiApigEmulator;

beforeEach(() => {
  now = Date.parse("2026-01-02T03:04:05.678Z");
  account = createHuaweiAccount({ now: () => now });
  account.addKey(KEY);
  account.addToken("MIIToken", PROJECT);
  emulator = createHuaweiApigEmulator({ account });
  const app = { name: "app_001", remark: "第一个APP", appSecret: SECRET, projectId: PROJECT };
  emulator.addApp({ ...app, id: ID, appKey: "shared-key" });
  emulator.addApp({ ...app, id: DEDICATED_ID, appKey: "dedicated-key", instanceId: INSTANCE });
});

describe("the shared gateway", () => {
  test("shows an app with its secret masked", async () => {
    expect(await call("GET", APP)).toEqual({
      status: 200,
      body: {
        id: ID,
        name: "app_001",
        status: 1,
        app_key: "shared-key",
        app_secret: "******",
        creator: "USER",
        remark: "第一个APP",
        register_time: "2026-01-02T03:04:05Z",
        update_time: "2026-01-02T03:04:05.6786182Z",
        app_type: "apig",
      },
    });
  });

  test("takes a chosen secret with the name and remark, and still masks it", async () => {
    now += 1000;
    const { status, body } = await call("PUT", APP, {
      name: "app_001",
      remark: "第一个APP",
      app_secret: NEW,
    });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        name: "app_001",
        remark: "第一个APP",
        app_secret: "******",
        app_type: "apig",
        update_time: "2026-01-02T03:04:06.6786182Z",
      },
    });
    expect(emulator.app(ID)).toEqual({
      secret: NEW,
      previous: [SECRET],
      changes: 1,
      name: "app_001",
      remark: "第一个APP",
      appKey: "shared-key",
    });
  });

  test("changes name, remark and key without the secret", async () => {
    await call("PUT", APP, { name: "应用_2", remark: "other", app_key: "another-key" });
    expect(emulator.app(ID)).toEqual({
      secret: SECRET,
      previous: [],
      changes: 0,
      name: "应用_2",
      remark: "other",
      appKey: "another-key",
    });
  });

  test("wants a name", async () => {
    expect(await call("PUT", APP, { app_secret: NEW })).toMatchObject({
      status: 400,
      body: { error_code: "APIG.2001" },
    });
    expect(emulator.app(ID).changes).toBe(0);
  });

  test("clears a remark left out, or not", async () => {
    await call("PUT", APP, { name: "app_001" });
    expect(emulator.app(ID).remark).toBe("");
    emulator.omittedRemark = "stays";
    await call("PUT", APP, { name: "app_001", remark: "again" });
    await call("PUT", APP, { name: "app_001" });
    expect(emulator.app(ID).remark).toBe("again");
  });

  test("resets to a chosen secret, or to one that nobody gets to see", async () => {
    const chosen = await call("PUT", RESET, { app_secret: NEW });
    expect(chosen).toMatchObject({ status: 200, body: { id: ID, app_secret: "******" } });
    expect(chosen.body).not.toHaveProperty("app_type");
    expect(emulator.app(ID).secret).toBe(NEW);
    expect((await call("PUT", RESET, {})).body).toMatchObject({ app_secret: "******" });
    expect(emulator.app(ID)).toMatchObject({ previous: [SECRET, NEW], changes: 2 });
    expect(emulator.app(ID).secret).toMatch(/^[0-9a-f]{32}$/);
  });

  test("does not count the same secret as a change", async () => {
    for (let time = 0; time < 3; time += 1) await call("PUT", RESET, { app_secret: NEW });
    expect(emulator.app(ID)).toMatchObject({ secret: NEW, previous: [SECRET], changes: 1 });
  });

  test.each([
    ["name", "ab"],
    ["name", "1abc"],
    ["name", "a-bc"],
    ["name", "a".repeat(65)],
    ["remark", "é".repeat(256)],
    ["app_key", "short-7"],
    ["app_key", "_starting"],
    ["app_key", "k".repeat(65)],
    ["app_secret", "short-7"],
    ["app_secret", "!starting"],
    ["app_secret", "with space"],
    ["app_secret", "with^caret"],
    ["app_secret", "s".repeat(65)],
  ])("refuses the %s %j and changes nothing", async (field, value) => {
    const body = { name: "app_001", app_secret: NEW, [field]: value };
    expect(await call("PUT", APP, body)).toEqual({
      status: 400,
      body: {
        error_code: "APIG.2011",
        error_msg: `Invalid parameter value,parameterName:${field}. Please refer to the support documentation`,
      },
    });
    expect(emulator.app(ID)).toMatchObject({ secret: SECRET, name: "app_001", remark: "第一个APP" });
  });

  test("takes what just follows the rules", async () => {
    const remark = `${"é".repeat(254)}\n`;
    const body = { name: "a".repeat(64), remark, app_key: "k".repeat(64), app_secret: "s".repeat(64) };
    expect((await call("PUT", APP, body)).status).toBe(200);
    expect((await call("PUT", APP, { name: "abc", app_secret: "12345678" })).status).toBe(200);
  });
});

describe("a dedicated gateway", () => {
  test("shows an app with its secret", async () => {
    expect(await call("GET", DEDICATED)).toMatchObject({
      status: 200,
      body: { id: DEDICATED_ID, app_secret: SECRET, remark: "第一个APP" },
    });
  });

  test("answers a reset with the secret chosen, or with one it made", async () => {
    expect(await call("PUT", DEDICATED_RESET, { app_secret: NEW })).toMatchObject({
      status: 200,
      body: { app_secret: NEW },
    });
    const { body } = await call("PUT", DEDICATED_RESET, {});
    expect(body["app_secret"]).toMatch(/^[0-9a-f]{32}$/);
    expect(emulator.app(DEDICATED_ID)).toMatchObject({
      secret: body["app_secret"],
      previous: [SECRET, NEW],
      changes: 2,
    });
  });

  test("answers a modification with 201, and allows longer keys and secrets", async () => {
    const body = { name: "app_001", app_key: "k".repeat(200), app_secret: "s".repeat(128) };
    expect(await call("PUT", DEDICATED, body)).toMatchObject({
      status: 201,
      body: { app_key: "k".repeat(200), app_secret: "s".repeat(128), remark: "" },
    });
    for (const longer of [{ app_key: "k".repeat(201) }, { app_secret: "s".repeat(129) }]) {
      expect((await call("PUT", DEDICATED, { name: "app_001", ...longer })).status).toBe(400);
    }
  });

  test("may mask secrets too", async () => {
    emulator.dedicatedShows = "masked";
    expect((await call("GET", DEDICATED)).body).toMatchObject({ app_secret: "******" });
    expect((await call("PUT", DEDICATED_RESET, {})).body).toMatchObject({ app_secret: "******" });
    expect(emulator.app(DEDICATED_ID).changes).toBe(1);
  });

  test("knows its own apps only, and no other gateway", async () => {
    const instances = `/v2/${PROJECT}/apigw/instances`;
    expect(await call("GET", `${instances}/other/apps/${DEDICATED_ID}`)).toEqual({
      status: 404,
      body: { error_code: "APIG.3030", error_msg: "The instance does not exist;id:other" },
    });
    const unknown = { status: 404, body: { error_code: "APIG.3004", error_msg: `App ${ID} does not exist` } };
    expect(await call("GET", `${instances}/${INSTANCE}/apps/${ID}`)).toEqual(unknown);
    expect((await call("GET", `/v1.0/apigw/apps/${DEDICATED_ID}`)).status).toBe(404);
  });
});

describe.each([
  { gateway: "the shared gateway", id: ID, app: APP, reset: RESET, modified: 200 },
  {
    gateway: "a dedicated gateway",
    id: DEDICATED_ID,
    app: DEDICATED,
    reset: DEDICATED_RESET,
    modified: 201,
  },
])("where secrets may not be chosen, $gateway", ({ id, app, reset, modified }) => {
  test("may reject them, and change nothing", async () => {
    emulator.customSecrets = "rejects";
    const refused = { status: 400, body: { error_code: "APIG.2011" } };
    expect(await call("PUT", app, { name: "other", app_secret: NEW })).toMatchObject(refused);
    expect(await call("PUT", app, { name: "other", app_key: "another-key" })).toMatchObject(refused);
    expect(await call("PUT", reset, { app_secret: NEW })).toMatchObject(refused);
    expect(emulator.app(id)).toMatchObject({ secret: SECRET, changes: 0, name: "app_001" });

    emulator.rejection = { status: 403, code: "APIG.1005" };
    expect(await call("PUT", reset, { app_secret: NEW })).toMatchObject({
      status: 403,
      body: { error_code: "APIG.1005" },
    });
    expect((await call("PUT", app, { name: "other", remark: "r" })).status).toBe(modified);
    expect((await call("PUT", reset, {})).status).toBe(200);
    expect(emulator.app(id)).toMatchObject({ previous: [SECRET], changes: 1, name: "other" });
  });

  test("may ignore them, and keep the secret in force", async () => {
    emulator.customSecrets = "ignores";
    const body = { name: "other", remark: "r", app_key: "another-key", app_secret: NEW };
    expect((await call("PUT", app, body)).status).toBe(modified);
    expect((await call("PUT", reset, { app_secret: NEW })).status).toBe(200);
    const { appKey, ...state } = emulator.app(id);
    expect(appKey).not.toBe("another-key");
    expect(state).toEqual({ secret: SECRET, previous: [], changes: 0, name: "other", remark: "r" });
    await call("PUT", reset, {});
    expect(emulator.app(id).changes).toBe(1);
  });

  test("may ignore them, and make another", async () => {
    emulator.customSecrets = "ignores";
    emulator.ignoredBecomes = "random";
    await call("PUT", app, { name: "app_001", app_secret: NEW });
    await call("PUT", reset, { app_secret: NEW });
    await call("PUT", app, { name: "app_001" });
    const { secret, previous, changes } = emulator.app(id);
    expect(changes).toBe(2);
    expect([secret, ...previous]).not.toContain(NEW);
  });
});

describe("a published API", () => {
  test("accepts the key pair of every app, by its present secret", async () => {
    expect(await probe("shared-key", SECRET)).toEqual({ status: 200, body: { result: "ok" } });
    expect((await probe("dedicated-key", SECRET)).status).toBe(200);
    await call("PUT", RESET, { app_secret: NEW });
    expect((await probe("shared-key", NEW)).status).toBe(200);
    expect((await probe("shared-key", SECRET)).status).toBe(401);
    expect((await probe("dedicated-key", SECRET)).status).toBe(200);
  });

  test("says what it read where the signature is wrong", async () => {
    expect(await probe("shared-key", "wrong")).toEqual({
      status: 401,
      body: {
        error_code: "APIGW.0303",
        error_msg:
          "Incorrect app authentication information: verify signature fail, canonicalRequest:GET|/probe/||content-type:application/json|host:apig.cn-north-4.myhuaweicloud.com|x-sdk-date:20260102T030405Z||content-type;host;x-sdk-date|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        request_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      },
    });
  });

  test("refuses an unknown key, an old signature and none", async () => {
    const refusal = async (answer: Promise<Answer>): Promise<unknown> => {
      const { status, body } = await answer;
      expect({ status, code: body["error_code"] }).toEqual({ status: 401, code: "APIGW.0303" });
      return body["error_msg"];
    };
    const why = "Incorrect app authentication information:";
    expect(await refusal(probe("unknown", SECRET))).toBe(`${why} app not found, appkey unknown`);
    expect(await refusal(probe("shared-key", SECRET, now - 3_600_000))).toBe(
      `${why} signature expired, signature time:20260102T020405Z,server time:20260102T030405Z`,
    );
    expect(await refusal(send("GET", "/probe", {}))).toBe(`${why} app not found`);
    // Keys of apps are no keys of the account: they neither lock nor open anything else.
    expect(account.failures("shared-key")).toBe(0);
    expect((await call("GET", APP, undefined, { ...KEY, accessKeyId: "shared-key" })).status).toBe(401);
  });

  test("may learn of a change late", async () => {
    emulator.propagationDelay = 2;
    await call("PUT", RESET, { app_secret: NEW });
    expect((await probe("shared-key", NEW)).status).toBe(401);
    expect((await probe("dedicated-key", SECRET)).status).toBe(200);
    expect((await probe("shared-key", SECRET)).status).toBe(200);
    expect((await probe("shared-key", NEW)).status).toBe(200);
    expect((await probe("shared-key", SECRET)).status).toBe(401);
  });

  test("does not start over when the same secret is sent again", async () => {
    emulator.propagationDelay = 1;
    await call("PUT", RESET, { app_secret: NEW });
    expect((await probe("shared-key", NEW)).status).toBe(401);
    await call("PUT", RESET, { app_secret: NEW });
    expect((await probe("shared-key", NEW)).status).toBe(200);
  });

  test("can be at any path, with a query", async () => {
    emulator.addProbe("/orders/health");
    const url = `${BASE}/orders/health`;
    const headers = signOfficially(
      { method: "GET", url, query: { deep: "1" } },
      { accessKeyId: "shared-key", secretAccessKey: SECRET },
      now,
    );
    expect((await send("GET", "/orders/health?deep=1", headers)).status).toBe(200);
    expect((await send("GET", "/orders/health?deep=2", headers)).status).toBe(401);
  });
});

describe("a call", () => {
  test("by an IAM token is served, within its project", async () => {
    expect((await send("GET", APP, { "x-auth-token": "MIIToken" })).status).toBe(200);
    account.addToken("MIIOther", "another");
    expect((await send("GET", APP, { "x-auth-token": "MIIOther" })).status).toBe(404);
    expect(await send("GET", DEDICATED, { "x-auth-token": "MIIOther" })).toEqual({
      status: 403,
      body: { error_code: "APIG.1005", error_msg: "No permissions to request this method" },
    });
  });

  test("without X-Project-Id does not reach a sub-project", async () => {
    const mainProject = { accessKeyId: "AK", secretAccessKey: "SK" };
    expect((await call("GET", APP, undefined, mainProject)).status).toBe(404);
    expect((await call("GET", DEDICATED, undefined, mainProject)).status).toBe(403);
  });

  test("with a bad key is refused before anything else, and counts", async () => {
    const wrong = { ...KEY, secretAccessKey: "wrong" };
    const { status, body } = await call("PUT", "/v1.0/apigw/apps/unknown", { app_secret: "no" }, wrong);
    expect({ status, code: body["error_code"] }).toEqual({ status: 401, code: "APIGW.0301" });
    expect(account.failures("AK")).toBe(1);
    for (let time = 0; time < 5; time += 1) await call("GET", APP, undefined, wrong);
    expect((await call("GET", APP)).status).toBe(401);
    now += 300_000;
    expect((await call("GET", APP)).status).toBe(200);
  });

  test("with a body that is no JSON object of strings is refused", async () => {
    const malformed = { status: 400, body: { error_code: "APIG.2000", error_msg: "Parameter error" } };
    for (const body of ["", "text", "[]", "null", '{"app_secret":null}', '{"app_secret":12345678}']) {
      expect(await sendWithToken("PUT", RESET, body)).toEqual(malformed);
    }
    expect(await sendWithToken("PUT", RESET, "{}", "text/plain")).toEqual(malformed);
    expect((await sendWithToken("PUT", RESET, "{}", "application/json;charset=utf8")).status).toBe(200);
  });

  test("of an unknown route, or with an unknown field or parameter, fails loudly", async () => {
    for (const [method, path, body] of [
      ["GET", "/v1.0/apigw/apps", undefined],
      ["GET", `/v1.0/apigw/apps/validation/${ID}`, undefined],
      ["GET", RESET, undefined],
      ["DELETE", APP, undefined],
      ["GET", "/unpublished", undefined],
      ["POST", "/probe", undefined],
      ["GET", `${APP}?page_size=1`, undefined],
      ["PUT", RESET, { app_secret: NEW, name: "app_001" }],
    ] as const) {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      expect((await sendWithToken(method, path, sent)).status).toBe(501);
    }
    expect(emulator.app(ID).changes).toBe(0);
  });

  test("can be throttled, by the service and by the gateway, and is not executed then", async () => {
    emulator.faults.arm(huaweiApigThrottled);
    emulator.faults.arm(huaweiGatewayThrottled, { after: 1 });
    const answers = [await call("PUT", RESET, {}), await call("PUT", RESET, {})];
    expect(answers).toMatchObject([
      { status: 500, body: { error_code: "APIG.9008" } },
      { status: 429, body: { error_code: "APIGW.0308" } },
    ]);
    expect(emulator.app(ID).changes).toBe(0);
    expect((await call("PUT", RESET, {})).status).toBe(200);
  });

  test.each([false, true])(
    "whose connection breaks (changed: %s) leaves the state it says",
    async (changed) => {
      emulator.faults.arm({ kind: "reset", changed }, { method: "PUT" });
      await expect(call("PUT", RESET, { app_secret: NEW })).rejects.toThrow(Disconnect);
      expect(emulator.app(ID).secret).toBe(changed ? NEW : SECRET);
    },
  );
});

test("an unknown app has no state", () => {
  expect(() => emulator.app("unknown")).toThrow("no such app: unknown");
});

describe("the official SDK as a client", () => {
  beforeEach(() => {
    // It signs by the real clock.
    now = Date.now();
  });

  test("modifies, resets and reads apps of both gateways", async () => {
    await using server = await listen(emulator);
    const body = { name: "app_001", remark: "第一个APP ✓ é 😀", app_secret: NEW };
    expect(await callOfficially({ method: "PUT", url: server.url + APP, body }, KEY)).toMatchObject({
      httpStatusCode: 200,
      app_secret: "******",
      remark: "第一个APP ✓ é 😀",
    });
    expect(emulator.app(ID).secret).toBe(NEW);
    const reset = { method: "PUT", url: server.url + DEDICATED_RESET, body: { app_secret: NEW } };
    expect(await callOfficially(reset, KEY)).toMatchObject({ app_secret: NEW });
    expect(await callOfficially({ method: "GET", url: server.url + DEDICATED }, KEY)).toMatchObject({
      app_secret: NEW,
    });
    expect(account.failures("AK")).toBe(0);
  });

  test("signs with a temporary key", async () => {
    const temporary = { ...KEY, accessKeyId: "TEMP", securityToken: "gQpTESTtoken==" };
    account.addKey(temporary);
    await using server = await listen(emulator);
    const read = { method: "GET", url: server.url + APP };
    expect(await callOfficially(read, temporary)).toMatchObject({ id: ID });
    await expect(callOfficially(read, { ...temporary, secretAccessKey: "wrong" })).rejects.toMatchObject({
      httpStatusCode: 401,
      errorCode: "APIGW.0301",
      errorMsg: expect.stringContaining("|x-security-token:gQpTESTtoken==|") as string,
    });
  });

  test("calls a published API as an app", async () => {
    await using server = await listen(emulator);
    const call = { method: "GET", url: `${server.url}/probe` };
    const pair = { accessKeyId: "shared-key", secretAccessKey: SECRET, projectId: PROJECT };
    expect(await callOfficially(call, pair)).toMatchObject({ httpStatusCode: 200, result: "ok" });
    await expect(callOfficially(call, { ...pair, secretAccessKey: NEW })).rejects.toMatchObject({
      httpStatusCode: 401,
      errorCode: "APIGW.0303",
    });
  });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await emulator.handle(new Request(BASE + path, init));
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

/** With a signature of the official SDK. */
async function call(
  method: string,
  path: string,
  body?: object,
  key: Parameters<typeof signOfficially>[1] = KEY,
): Promise<Answer> {
  const headers = signOfficially(
    { method, url: BASE + path, ...(body === undefined ? {} : { body }) },
    key,
    now,
  );
  return send(method, path, headers, body === undefined ? undefined : JSON.stringify(body));
}

async function sendWithToken(
  method: string,
  path: string,
  body?: string,
  type = "application/json",
): Promise<Answer> {
  return send(method, path, { "x-auth-token": "MIIToken", "content-type": type }, body);
}

async function probe(accessKeyId: string, secretAccessKey: string, at = now): Promise<Answer> {
  const headers = signOfficially(
    { method: "GET", url: `${BASE}/probe` },
    { accessKeyId, secretAccessKey },
    at,
  );
  return send("GET", "/probe", headers);
}
