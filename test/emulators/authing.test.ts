import { ManagementClient } from "authing-node-sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authingThrottled, createAuthingEmulator, type AuthingEmulator } from "./authing.ts";
import { Disconnect } from "./emulator.ts";
import { listen } from "./listen.ts";

const POOL = "0123456789abcdef01234567";
const KEY = { accessKeyId: POOL, accessKeySecret: "0123456789abcdef0123456789abcdef" };
const APP = "fedcba9876543210fedcba98";
const SECRET = "00000000000000000000000000000001";
const BASE = "https://api.authing.test";
const REFRESH = "/api/v3/refresh-application-secret";
const READ = `/api/v3/get-application-secret?appId=${APP}`;

let now: number;
let emulator: AuthingEmulator;

beforeEach(() => {
  now = Date.parse("Sun, 09 Oct 2022 06:14:00 GMT");
  emulator = createAuthingEmulator({ now: () => now });
  emulator.addKey({ ...KEY, userPoolId: POOL });
  emulator.addApp({ appId: APP, userPoolId: POOL, name: "login", secret: SECRET });
});

describe("the management token", () => {
  test("is a JWT that names the user pool and lives for two hours", async () => {
    const answer = await token();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ statusCode: 200, message: "操作成功", data: { expires_in: 7200 } });
    const [, payload = ""] = (await bearer()).split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
      scoped_userpool_id: POOL,
      exp: now / 1000 + 7200,
    });
  });

  test("is accepted with and without the word Bearer", async () => {
    for (const authorization of [await bearer(), `Bearer ${await bearer()}`]) {
      const answer = await get(READ, { authorization, "x-authing-userpool-id": POOL });
      expect(answer.body).toMatchObject({ statusCode: 200, data: { secret: SECRET } });
    }
  });

  test("is refused once it has expired", async () => {
    const authorization = await bearer();
    now += 7200_000 - 1;
    expect((await get(READ, { authorization, "x-authing-userpool-id": POOL })).body.statusCode).toBe(200);
    now += 1;
    expect((await get(READ, { authorization, "x-authing-userpool-id": POOL })).body).toMatchObject({
      statusCode: 401,
      apiCode: 2020,
    });
  });

  test("is refused when it is missing, forged, lengthened or of another emulator", async () => {
    const good = await bearer();
    const [head = "", payload = "", signature = ""] = good.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: now })).toString("base64url");
    const other = createAuthingEmulator({ now: () => now });
    other.addKey({ ...KEY, userPoolId: POOL });
    const foreign = await post("/api/v3/get-management-token", KEY, {}, other);
    for (const authorization of [
      "",
      `${head}.${forged}.${signature}`,
      `${head}.${payload}.`,
      `${good}.x`,
      (foreign.body.data as { access_token: string }).access_token,
    ]) {
      expect((await get(READ, { authorization, "x-authing-userpool-id": POOL })).body).toMatchObject({
        statusCode: 401,
        apiCode: 2020,
      });
    }
  });

  test("goes with the header of its own user pool", async () => {
    const authorization = await bearer();
    expect((await get(READ, { authorization })).body.statusCode).toBe(400);
    const other = { authorization, "x-authing-userpool-id": "another" };
    expect((await get(READ, other)).body.statusCode).toBe(403);
  });

  test("is not given for a wrong key, and how that is said can be chosen", async () => {
    for (const wrong of [
      { ...KEY, accessKeySecret: "wrong" },
      { ...KEY, accessKeyId: "unknown" },
    ]) {
      const { status, body } = await post("/api/v3/get-management-token", wrong);
      expect({ status, body }).toMatchObject({ status: 200, body: { statusCode: 401, apiCode: 2333 } });
      expect(body).not.toHaveProperty("data");
    }
    emulator.wrongKeyAnswer = { status: 403, statusCode: 403 };
    const { status, body } = await post("/api/v3/get-management-token", { ...KEY, accessKeySecret: "wrong" });
    expect({ status, statusCode: body.statusCode }).toEqual({ status: 403, statusCode: 403 });
    expect(body).not.toHaveProperty("apiCode");
  });
});

describe("the request signature", () => {
  // Made with the functions of authing-node-sdk 4.0.1 and checked with an independent HMAC.
  const headers = {
    date: "Sun, 09 Oct 2022 06:14:00 GMT",
    "x-authing-lang": "zh-CN",
    "x-authing-sdk-version": "authing-node-sdk:4.0.1",
    "x-authing-signature-method": "HMAC-SHA1",
    "x-authing-signature-nonce": "00112233445566778899aabbccddeeff",
    "x-authing-signature-version": "1.0",
  };
  const posting = { ...headers, authorization: `authing ${POOL}:nTfqnxH9IfLKWTtv5OqCfCG46GA=` };
  const reading = { ...headers, authorization: `authing ${POOL}:IGMA5voXddav7PbTf2J0i+iWFyc=` };

  test("of the worked POST is accepted", async () => {
    const { body } = await post(REFRESH, { appId: APP }, posting);
    expect(body).toMatchObject({ statusCode: 200, data: { secret: emulator.app(APP).secret } });
  });

  test("of the worked GET is accepted", async () => {
    expect((await get(READ, reading)).body).toMatchObject({ statusCode: 200, data: { secret: SECRET } });
  });

  test("counts once", async () => {
    await get(READ, reading);
    expect((await get(READ, reading)).body).toMatchObject({ statusCode: 401, apiCode: 1306 });
  });

  test.each([
    ["method, path or data", 1300, { ...headers, authorization: posting.authorization }],
    ["signed headers", 1300, { ...reading, "x-authing-lang": "en-US" }],
    ["unknown key", 1300, { ...reading, authorization: reading.authorization.replace(POOL, "unknown") }],
    ["signature method", 1301, { ...reading, "x-authing-signature-method": "HMAC-SHA256" }],
    ["signature version", 1302, { ...reading, "x-authing-signature-version": "2.0" }],
    ["form of the date", 1303, { ...reading, date: "2022-10-09T06:14:00Z" }],
    ["missing date", 1304, Object.fromEntries(Object.entries(reading).filter(([name]) => name !== "date"))],
  ])("is refused for its %s with %i", async (_, apiCode, sent) => {
    expect((await get(READ, sent)).body).toMatchObject({ statusCode: 401, apiCode });
    // A refused signature does not spend the nonce.
    expect((await get(READ, reading)).body.statusCode).toBe(200);
  });

  test("is refused when the clocks are too far apart", async () => {
    now += 60 * 60_000;
    expect((await get(READ, reading)).body).toMatchObject({ statusCode: 401, apiCode: 1305 });
  });
});

describe("the official SDK as a client", () => {
  beforeEach(() => {
    // It sends its own date, and its HTTP client would take a proxy from the environment for loopback too.
    now = Date.now();
    vi.stubEnv("no_proxy", "127.0.0.1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("reads and refreshes an app's secret", async () => {
    await using server = await listen(emulator);
    const client = new ManagementClient({ ...KEY, host: server.url });
    expect((await client.getApplicationSecret({ appId: APP })).data.secret).toBe(SECRET);
    const refreshed = await client.refreshApplicationSecret({ appId: APP });
    expect(refreshed.statusCode).toBe(200);
    expect(refreshed.data.secret).toMatch(/^[0-9a-f]{32}$/);
    expect(emulator.app(APP)).toEqual({ secret: refreshed.data.secret, previous: [SECRET], refreshes: 1 });
    expect((await client.getApplicationSecret({ appId: APP })).data.secret).toBe(refreshed.data.secret);
  });

  test("reads an app, which holds no secret", async () => {
    await using server = await listen(emulator);
    const client = new ManagementClient({ ...KEY, host: server.url });
    const { data } = await client.getApplication({ appId: APP });
    expect(data).toMatchObject({
      appId: APP,
      appName: "login",
      userPoolId: POOL,
      oidcConfig: {
        id_token_signed_response_alg: "HS256",
        introspection_endpoint_auth_method: "client_secret_post",
      },
    });
    expect(JSON.stringify(data)).not.toContain(SECRET);
  });

  test("is refused with a wrong secret, and when its request is replayed", async () => {
    await using server = await listen(emulator);
    const client = new ManagementClient({ ...KEY, host: server.url });
    const wrong = new ManagementClient({ ...KEY, accessKeySecret: "wrong", host: server.url });
    expect(await wrong.getApplicationSecret({ appId: APP })).toMatchObject({
      statusCode: 401,
      apiCode: 1300,
    });
    await client.getApplicationSecret({ appId: APP });
    const headers = emulator.requests.at(-1)?.headers ?? {};
    expect(headers).not.toHaveProperty("x-authing-userpool-id");
    expect((await get(READ, headers)).body).toMatchObject({ statusCode: 401, apiCode: 1306 });
  });

  test("is told in English when it asks so", async () => {
    await using server = await listen(emulator);
    const client = new ManagementClient({ ...KEY, host: server.url, lang: "en-US" });
    expect(await client.refreshApplicationSecret({ appId: "unknown" })).toMatchObject({
      statusCode: 404,
      apiCode: 2011,
      message: "Application does not exist",
    });
  });
});

describe("a call", () => {
  test("for an unknown app, or one of another pool, finds nothing", async () => {
    emulator.addApp({ appId: "elsewhere", userPoolId: "another" });
    for (const appId of ["unknown", "elsewhere"]) {
      const { status, body } = await post(REFRESH, { appId }, await credentials());
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { statusCode: 404, apiCode: 2011, message: "应用不存在" },
      });
      expect(body.requestId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("that the key has no right to is forbidden", async () => {
    emulator.addApp({ appId: "other", userPoolId: POOL });
    const limited = { accessKeyId: "collaborator", accessKeySecret: "hush", userPoolId: POOL };
    emulator.addKey({ ...limited, apps: [APP], apis: ["get-application", "refresh-application-secret"] });
    const headers = await credentials({ accessKeyId: "collaborator", accessKeySecret: "hush" });
    expect((await get(`/api/v3/get-application?appId=${APP}`, headers)).body.statusCode).toBe(200);
    expect((await get(READ, headers)).body.statusCode).toBe(403);
    expect((await post(REFRESH, { appId: "other" }, headers)).body.statusCode).toBe(403);
    expect(emulator.app("other").refreshes).toBe(0);
  });

  test("with odd parameters is refused and changes nothing", async () => {
    const headers = await credentials();
    for (const body of [{}, { appId: "" }, { appId: 1 }, { appId: APP, extra: true }, [], "text"]) {
      expect((await post(REFRESH, body, headers)).body.statusCode).toBe(400);
    }
    expect((await post(`${REFRESH}?appId=${APP}`, { appId: APP }, headers)).body.statusCode).toBe(400);
    const typed = { ...headers, "content-type": "application/x-www-form-urlencoded" };
    expect((await post(REFRESH, { appId: APP }, typed)).body.statusCode).toBe(400);
    for (const query of ["", `?appId=${APP}&appId=${APP}`, `?appId=${APP}&extra=1`]) {
      expect((await get(`/api/v3/get-application-secret${query}`, headers)).body.statusCode).toBe(400);
    }
    expect(emulator.app(APP)).toEqual({ secret: SECRET, previous: [], refreshes: 0 });
  });

  test("of an unknown route, or by another method, fails loudly", async () => {
    expect((await get("/api/v2/users")).status).toBe(501);
    expect((await get(`${REFRESH}?appId=${APP}`, await credentials())).status).toBe(501);
  });

  test("can be throttled, and is not executed then", async () => {
    emulator.faults.arm(authingThrottled, { path: REFRESH });
    const headers = await credentials();
    expect(await post(REFRESH, { appId: APP }, headers)).toEqual({
      status: 429,
      body: { statusCode: 429, message: "您的请求已超过最大数量限制，请稍后重试" },
    });
    expect(emulator.app(APP).refreshes).toBe(0);
    expect((await post(REFRESH, { appId: APP }, headers)).body.statusCode).toBe(200);
  });

  test.each([
    { changed: false, secrets: [] },
    { changed: true, secrets: [SECRET] },
  ])("whose connection breaks (changed: $changed) leaves the state it says", async ({ changed, secrets }) => {
    const headers = await credentials();
    emulator.faults.arm({ kind: "reset", changed }, { path: REFRESH });
    await expect(post(REFRESH, { appId: APP }, headers)).rejects.toThrow(Disconnect);
    expect(emulator.app(APP).previous).toEqual(secrets);
    const { body } = await get(READ, headers);
    expect(body.data).toEqual({ secret: emulator.app(APP).secret });
    expect(emulator.app(APP).secret === SECRET).toBe(!changed);
  });
});

describe("reading the secret", () => {
  test("may lag behind a refresh", async () => {
    emulator.readLag = 2;
    const headers = await credentials();
    await post(REFRESH, { appId: APP }, headers);
    const reads = [];
    for (let read = 0; read < 3; read += 1) reads.push((await get(READ, headers)).body.data);
    expect(reads).toEqual([{ secret: SECRET }, { secret: SECRET }, { secret: emulator.app(APP).secret }]);
  });

  test("may be forbidden while refreshing is not", async () => {
    emulator.readable = false;
    const headers = await credentials();
    expect((await get(READ, headers)).body.statusCode).toBe(403);
    expect((await post(REFRESH, { appId: APP }, headers)).body.statusCode).toBe(200);
  });
});

describe("introspection", () => {
  const right = { client_id: APP, client_secret: SECRET, token: "junk", token_type_hint: "access_token" };
  const accepted = { status: 200, body: { active: false } };
  const refused = { status: 401, body: { error: "invalid_client" } };

  test("tells a right secret from a wrong, a missing or a former one", async () => {
    expect(await introspect(right)).toEqual(accepted);
    expect(await introspect({ ...right, client_secret: "wrong" })).toEqual(refused);
    expect(await introspect({ client_id: APP, token: "junk" })).toEqual(refused);
    expect(await introspect({ ...right, client_id: "unknown" })).toEqual(refused);
    await post(REFRESH, { appId: APP }, await credentials());
    expect(await introspect(right)).toEqual(refused);
    expect(await introspect({ ...right, client_secret: emulator.app(APP).secret })).toEqual(accepted);
  });

  test("wants the secret where the app is set to have it", async () => {
    emulator.addApp({
      appId: "basic",
      userPoolId: POOL,
      secret: "hush",
      introspectionAuthMethod: "client_secret_basic",
    });
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
    expect(await introspect({ token: "junk" }, basic("basic:hush"))).toEqual(accepted);
    expect(await introspect({ token: "junk" }, basic("basic:wrong"))).toEqual(refused);
    expect(await introspect({ token: "junk" }, basic(`${APP}:${SECRET}`))).toEqual(refused);
    expect(await introspect({ client_id: "basic", client_secret: "hush", token: "junk" })).toEqual(refused);
  });

  test("proves nothing of an app set to none", async () => {
    emulator.addApp({ appId: "open", userPoolId: POOL, introspectionAuthMethod: "none" });
    expect(await introspect({ client_id: "open", token: "junk" })).toEqual(accepted);
    expect(await introspect({ client_id: "open", client_secret: "wrong", token: "junk" })).toEqual(accepted);
  });

  test("may lag behind a refresh", async () => {
    emulator.introspectionLag = 2;
    await post(REFRESH, { appId: APP }, await credentials());
    const renewed = { ...right, client_secret: emulator.app(APP).secret };
    expect(await introspect(renewed)).toEqual(refused);
    expect(await introspect(right)).toEqual(accepted);
    expect(await introspect(renewed)).toEqual(accepted);
  });

  test("refuses a malformed form", async () => {
    const malformed = { status: 400, body: { error: "invalid_request" } };
    expect(await introspect({ client_id: APP, client_secret: SECRET })).toEqual(malformed);
    expect(await introspect({ ...right, scope: "openid" })).toEqual(malformed);
    expect(await introspect(right, { authorization: "Basic eDp5" })).toEqual(malformed);
    expect(await introspect(right, { "content-type": "application/json" })).toEqual(malformed);
  });
});

test("a new secret is never one it had", async () => {
  const headers = await credentials();
  for (let refresh = 0; refresh < 20; refresh += 1) await post(REFRESH, { appId: APP }, headers);
  const { secret, previous, refreshes } = emulator.app(APP);
  expect(refreshes).toBe(20);
  expect(new Set([secret, ...previous]).size).toBe(21);
});

interface Answer {
  readonly status: number;
  readonly body: {
    readonly statusCode?: unknown;
    readonly apiCode?: unknown;
    readonly message?: unknown;
    readonly requestId?: unknown;
    readonly data?: unknown;
  };
}

async function send(path: string, init: RequestInit, to: AuthingEmulator = emulator): Promise<Answer> {
  const response = await to.handle(new Request(`${BASE}${path}`, init));
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return send(path, { headers });
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  to: AuthingEmulator = emulator,
): Promise<Answer> {
  const init = { "content-type": "application/json; charset=utf-8", ...headers };
  return send(path, { method: "POST", headers: init, body: JSON.stringify(body) }, to);
}

async function introspect(
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const init = { "content-type": "application/x-www-form-urlencoded", ...headers };
  const body = new URLSearchParams(form).toString();
  return send("/oidc/token/introspection", { method: "POST", headers: init, body });
}

async function token(key: object = KEY): Promise<Answer> {
  return post("/api/v3/get-management-token", key);
}

async function bearer(key: object = KEY): Promise<string> {
  const { data } = (await token(key)).body as { data: { access_token: string } };
  return data.access_token;
}

async function credentials(key: object = KEY): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await bearer(key)}`, "x-authing-userpool-id": POOL };
}
