import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  adaptDefault,
  AESCipher,
  AppType,
  CAppTicket,
  Client,
  DefaultCache,
  EventDispatcher,
} from "@larksuiteoapi/node-sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createFeishuEmulator,
  type Delivery,
  envelopeOf,
  type FeishuApp,
  type FeishuEmulator,
  type FeishuEmulatorOptions,
  feishuThrottled,
  type Push,
  requestOf,
} from "./feishu.ts";
import { seal, unseal } from "./feishu/push.ts";
import { listen } from "./listen.ts";

// All values but the first vector's are invented.
const APP = "cli_a1b2c3d4e5f60001";
const SECRET = "example-app-secret";
const KEY = "example-encrypt-key-0123456789ab";
const TOKEN = "example-verification-token-000001";
const TICKET = "g1049example0ticket0value0not0real000000";
const CALLBACK = "https://app.example.test/callback";
const OWN = { app_id: APP, app_secret: SECRET };
const RESEND = "/open-apis/auth/v3/app_ticket/resend";
const APP_TOKEN = "/open-apis/auth/v3/app_access_token";
const TENANT_TOKEN = "/open-apis/auth/v3/tenant_access_token";

const START = Date.parse("2023-11-14T22:13:20Z");
let now: number;
let opened: FeishuEmulator[];

beforeEach(() => {
  now = START;
  opened = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const emulator of opened) emulator.close();
});

/** The app's side: its answers in turn, the last one again and again. */
function answering(...answers: (number | Response)[]): (request: Request) => Promise<Response> {
  let asked = 0;
  return () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? 200;
    asked += 1;
    return Promise.resolve(
      typeof answer === "number" ? new Response(null, { status: answer }) : answer.clone(),
    );
  };
}

/** An emulator with one store app, whose waits pass a million times as fast. */
function feishu(options: FeishuEmulatorOptions = {}, app: Partial<FeishuApp> = {}): FeishuEmulator {
  const emulator = createFeishuEmulator({
    now: () => now,
    deliver: answering(200),
    timeScale: 1_000_000,
    ...options,
  });
  emulator.addApp({
    appId: APP,
    appSecret: SECRET,
    encryptKey: KEY,
    verificationToken: TOKEN,
    requestUrl: CALLBACK,
    ...app,
  });
  opened.push(emulator);
  return emulator;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(
  emulator: FeishuEmulator,
  path: string,
  body: unknown,
  headers = JSON_TYPE,
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await emulator.handle(
    new Request(`https://open.feishu.test${path}`, { method: "POST", headers, body: text }),
  );
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer["body"],
  };
}

const JSON_TYPE: Readonly<Record<string, string>> = { "content-type": "application/json; charset=utf-8" };

/** Resends, and waits until the ticket has come. */
async function newTicket(emulator: FeishuEmulator): Promise<string> {
  await post(emulator, RESEND, OWN);
  await emulator.settled();
  return emulator.app(APP).latest ?? "";
}

function textOf({ rawBody }: Push): string {
  return Buffer.from(rawBody).toString();
}

/** The JSON inside a push, whether it is encrypted or not. */
function openedJson(push: Push): Readonly<Record<string, unknown>> {
  const json = JSON.parse(textOf(push)) as { encrypt?: string };
  return (json.encrypt === undefined ? json : JSON.parse(unseal(json.encrypt, KEY))) as Readonly<
    Record<string, unknown>
  >;
}

function eventIn(push: Push): unknown {
  return openedJson(push)["event"];
}

describe("vectors", () => {
  test("the sample of the provider's page opens, and is what comes out again", () => {
    const sample = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=";
    const iv = Buffer.from(sample, "base64").subarray(0, 16);

    expect(unseal(sample, "test key")).toBe("hello world");
    expect(seal("hello world", "test key", iv)).toBe(sample);
  });

  test("a body is signed as a third party's test has it", () => {
    const push = feishu().sign(APP, '{"encrypt":"x"}', {
      timestamp: 1700000000,
      nonce: "abcNonce",
      key: "myEncryptKey",
    });

    expect(push.signature).toBe("bb056c1a92d13661bf689ea97c6b9b225e334d0aeb7b8f8456cfb83f8cbfc176");
  });

  const how = {
    timestamp: "1700000000",
    nonce: "950646929",
    id: "0123456789abcdef0123456789abcdef",
    ts: "1700000000.1234567",
    iv: Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"),
  };
  const event = { app_id: APP, app_ticket: TICKET, type: "app_ticket" };
  const encrypt =
    "AAECAwQFBgcICQoLDA0ODxGlm2NG8tW6cV2N8eqqG9NG5G7gzXPYMY0e5lQN2K1ebMoQX+wZ72Tmg3SzMfkPHZY1DQnYqCB2cf+PZ6HtTr5bA9Lgj/Qe45W31tEmGqklcTkOPOBrzWDM93Is7rIar26h8SQMYWVCsViUiVjxfs6IIwWwzwjo1aQ1NtHAygB9MgBiTUpYKQepsJrNVM9pJkcRNdjpujHvZI27M63w2WsOGO+dKaWz4C1bMzAdWEqDQqiysXV69INrI6G0B9uMnd9O+qNdWC5+L6j5OduFnsq1mo8XUUJY+e/C6LLNrQl/46ODwdMXXaN8xlivAvQNjDOz2LYHVCKBGncrSvfTc2M=";

  test("an event becomes the body and the signature that the official SDK accepts", () => {
    const push = feishu().sign(APP, event, how);

    expect(textOf(push)).toBe(`{"encrypt":"${encrypt}"}`);
    expect(push).toMatchObject({
      timestamp: "1700000000",
      nonce: "950646929",
      signature: "b70ad70cc404c3139a45256c3f75b467047eb9ea0423eef931265f083c48a752",
    });
  });

  test("one space more is another signature", () => {
    const emulator = feishu();
    emulator.spacedJson = true;

    const push = emulator.sign(APP, event, how);

    expect(textOf(push)).toBe(`{"encrypt": "${encrypt}"}`);
    expect(push.signature).toBe("e2d4243e22ebd917a1d922d1cf733449d7fc120abfb36c22cf395877fa91efc1");
  });

  test("the check of an address is encrypted too", () => {
    const iv = Buffer.from("0f0e0d0c0b0a09080706050403020100", "hex");
    const check = { challenge: "ajls384kdjx98XX", type: "url_verification" };

    const push = feishu().sign(APP, check, { ...how, iv });

    expect(textOf(push)).toBe(
      '{"encrypt":"Dw4NDAsKCQgHBgUEAwIBABUuxaO4mkTOwHAR96BxIiXOs3GHcbdtH1UfcbZ9rpluxxCTsiK4IR7MudfHJ4v12M5ggKHn5pafK4NQAudV+a1cCoV5x5vJGXPrr2vmB/gr/9tAudlxjjHu3Tgq/Qb8NFuj4zUyxeXfjiCTLzQA+0A="}',
    );
    expect(push.signature).toBe("be1a99e6821ca2ebb4cf79b31b612d563f88c2e2534f1d8c4ff47a44d1c12a7e");
  });
});

describe("the official SDK", () => {
  const nothing = (): void => undefined;
  const silent = { logger: { error: nothing, warn: nothing, info: nothing, debug: nothing, trace: nothing } };

  /** What the SDK makes of a push: the ticket that it keeps, if it accepts it. */
  async function ticketBySdk(push: Push): Promise<unknown> {
    const cache = new DefaultCache();
    const dispatcher = new EventDispatcher({ encryptKey: KEY, verificationToken: TOKEN, cache, ...silent });
    const headers = Object.fromEntries(requestOf(push, CALLBACK).headers);
    await dispatcher.invoke(Object.assign(Object.create({ headers }) as object, JSON.parse(textOf(push))));
    return cache.get(CAppTicket, { namespace: APP });
  }

  test("decrypts what the emulator encrypts", () => {
    for (const text of ["", "hello world", "票据 🎫\n%", "x".repeat(1000)]) {
      expect(new AESCipher(KEY).decrypt(seal(text, KEY))).toBe(text);
    }
  });

  test.each(["1.0", "2.0"] as const)("finds the ticket in a push of shape %s", async (shape) => {
    const emulator = feishu();
    emulator.shape = shape;

    const { push } = await emulator.push(APP);

    expect(await ticketBySdk(push)).toBe(emulator.app(APP).latest);
  });

  test("refuses a push that is signed otherwise", async () => {
    const emulator = feishu();
    const event = { app_id: APP, app_ticket: TICKET, type: "app_ticket" };
    const good = emulator.sign(APP, event);
    expect(await ticketBySdk(good)).toBe(TICKET);

    emulator.signWithEmptyKey = true;
    expect(await ticketBySdk(emulator.sign(APP, event))).toBeUndefined();
    expect(await ticketBySdk({ ...good, nonce: `${good.nonce}0` })).toBeUndefined();
    expect(await ticketBySdk(emulator.sign(APP, event, { key: "another key" }))).toBeUndefined();
  });

  /** An app's server made of the SDK alone. */
  async function startApp(cache: DefaultCache): Promise<{ url: string } & AsyncDisposable> {
    const dispatcher = new EventDispatcher({ encryptKey: KEY, verificationToken: TOKEN, cache, ...silent });
    const answer = adaptDefault("/callback", dispatcher, { autoChallenge: true });
    const server: Server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/callback`,
      [Symbol.asyncDispose]: () => {
        server.closeAllConnections();
        return new Promise((resolve) =>
          server.close(() => {
            resolve();
          }),
        );
      },
    };
  }

  test("asks for a ticket, is pushed it, and gets a tenant's token with it", async () => {
    // Its HTTP client would take a proxy from the environment for loopback too.
    vi.stubEnv("no_proxy", "127.0.0.1");
    const emulator = createFeishuEmulator();
    opened.push(emulator);
    emulator.addApp({ appId: APP, appSecret: SECRET, encryptKey: KEY, verificationToken: TOKEN });
    await using platform = await listen(emulator);
    const cache = new DefaultCache();
    await using app = await startApp(cache);

    expect(await emulator.checkAddress(APP, app.url)).toBe(true);
    const settings = { appId: APP, appSecret: SECRET, appType: AppType.ISV, domain: platform.url };
    const client = new Client({ ...settings, cache, ...silent });
    await vi.waitFor(() => {
      expect(emulator.deliveries.map(({ kind, status }) => [kind, status])).toEqual([
        ["address check", 200],
        ["event", 200],
      ]);
    });

    expect(await cache.get(CAppTicket, { namespace: APP })).toBe(emulator.app(APP).latest);
    expect(await client.tokenManager.getMarketTenantAccessToken("tenant")).toMatch(/^t-/);
    expect(
      emulator.requests.map(({ path, answer }) => [path, (JSON.parse(answer) as { code: number }).code]),
    ).toEqual([
      [RESEND, 0],
      [APP_TOKEN, 0],
      [TENANT_TOKEN, 0],
    ]);
  });
});

describe("a resend", () => {
  test.each([RESEND, `${RESEND}/`])("by %s is answered first, and pushed then", async (path) => {
    const emulator = feishu();

    const { status, headers, body } = await post(emulator, path, OWN);
    const before = emulator.app(APP);
    await emulator.settled();

    expect([status, body]).toEqual([200, { code: 0, msg: "success" }]);
    expect(headers.get("x-tt-logid")).toMatch(/^20231114221320[0-9A-F]{20}$/);
    expect([before.latest, before.resends, emulator.deliveries.length]).toEqual([undefined, 1, 1]);
    const { latest } = emulator.app(APP);
    expect(latest).toMatch(/^[a-z0-9]{40}$/);
    const [delivery] = emulator.deliveries as readonly [Delivery];
    expect(delivery).toMatchObject({ appId: APP, kind: "event", attempt: 1, url: CALLBACK });
    expect(openedJson(delivery.push)).toEqual({
      ts: "1700000000.0000000",
      uuid: delivery.eventId,
      token: TOKEN,
      type: "event_callback",
      event: { app_id: APP, app_ticket: latest, type: "app_ticket" },
    });
  });

  test("waits as long as it is told, on the scale", async () => {
    vi.useFakeTimers();
    const emulator = feishu({ timeScale: 10 });
    emulator.pushDelay = 120_000;

    await post(emulator, RESEND, OWN);
    await vi.advanceTimersByTimeAsync(11_999);
    expect(emulator.app(APP).latest).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(emulator.deliveries).toHaveLength(1);
  });

  test("can go out at once, without a timer", async () => {
    vi.useFakeTimers();
    const emulator = feishu();
    emulator.pushDelay = 0;

    await newTicket(emulator);

    expect(emulator.deliveries).toHaveLength(1);
  });

  test("makes a new ticket each time", async () => {
    const emulator = feishu();
    emulator.sameTicketAgain = true;
    emulator.ticketLength = 64;

    const [one, other] = [await newTicket(emulator), await newTicket(emulator)];

    expect([one.length, other.length]).toEqual([64, 64]);
    expect(one).not.toBe(other);
    expect(emulator.app(APP)).toMatchObject({ resends: 2, latest: other });
  });

  test("of an app without a request URL goes nowhere", async () => {
    const emulator = feishu({}, { requestUrl: undefined });

    expect((await post(emulator, RESEND, OWN)).body["code"]).toBe(0);
    await emulator.settled();

    expect(emulator.deliveries).toEqual([]);
    await expect(emulator.push(APP)).rejects.toThrow("no request URL");
  });

  test.each([
    ["an unknown app", { ...OWN, app_id: "cli_unknown" }, {}, 10014, "app id not exists"],
    ["a wrong secret", { ...OWN, app_secret: "wrong" }, {}, 10014, "app secret invalid"],
    ["a stopped app", OWN, { status: "stopped" }, 10014, "app unauthorized"],
    ["a custom app", OWN, { kind: "custom" }, 10016, "app resend fail"],
  ] as const)("of %s is refused", async (_, body, app, code, msg) => {
    const emulator = feishu({}, app);

    const refused = await post(emulator, RESEND, body);
    emulator.errorStatus = 400;
    const refusedAgain = await post(emulator, RESEND, body);
    await emulator.settled();

    expect([refused.status, refused.body]).toEqual([200, { code, msg }]);
    expect([refusedAgain.status, refusedAgain.body]).toEqual([400, { code, msg }]);
    expect(refused.headers.get("x-tt-logid")).not.toBeNull();
    expect([emulator.app(APP).resends, emulator.deliveries.length]).toEqual([0, 0]);
  });

  test("with a wrong secret may have the documented code", async () => {
    const emulator = feishu();
    emulator.wrongSecretCode = 10015;

    expect((await post(emulator, RESEND, { ...OWN, app_secret: "wrong" })).body["code"]).toBe(10015);
  });

  test.each([
    ["nothing", "", JSON_TYPE],
    ["no JSON", "app_id=1", JSON_TYPE],
    ["an array", "[]", JSON_TYPE],
    ["null", "null", JSON_TYPE],
    ["no secret", { app_id: APP }, JSON_TYPE],
    ["an empty secret", { ...OWN, app_secret: "" }, JSON_TYPE],
    ["a secret that is no string", { ...OWN, app_secret: 1 }, JSON_TYPE],
    ["one field more", { ...OWN, app_ticket: "" }, JSON_TYPE],
    ["another content type", OWN, { "content-type": "text/plain" }],
    ["another charset", OWN, { "content-type": "application/json; charset=gbk" }],
  ])("of %s has invalid parameters", async (_, body, headers) => {
    expect((await post(feishu(), RESEND, body, headers)).body).toEqual({
      code: 10003,
      data: {},
      msg: "invalid param",
    });
  });

  test.each([429, 400] as const)("can be throttled with %i, and is not executed then", async (status) => {
    const emulator = feishu();
    emulator.faults.arm(feishuThrottled(status, 7), { path: RESEND });

    const throttled = await post(emulator, RESEND, OWN);

    expect([throttled.status, throttled.body["code"]]).toEqual([status, 99991400]);
    expect(throttled.headers.get("x-ogw-ratelimit-reset")).toBe("7");
    expect(emulator.app(APP).resends).toBe(0);
  });
});

describe("a ticket", () => {
  const withTicket = (ticket: string): object => ({ ...OWN, app_ticket: ticket });

  test("gives an app access token, and that a tenant's", async () => {
    const emulator = feishu();

    const { body } = await post(emulator, APP_TOKEN, withTicket(await newTicket(emulator)));
    const tenant = await post(emulator, TENANT_TOKEN, {
      app_access_token: body["app_access_token"],
      tenant_key: "tenant",
    });

    expect(body).toEqual({
      code: 0,
      msg: "success",
      app_access_token: expect.stringMatching(/^a-/) as unknown,
      expire: 7200,
    });
    expect(tenant.body).toEqual({
      code: 0,
      msg: "success",
      tenant_access_token: expect.stringMatching(/^t-/) as unknown,
      expire: 7200,
    });
  });

  test("lives three hours, whatever came after it", async () => {
    const emulator = feishu();
    const first = await newTicket(emulator);
    now += 3_600_000;
    const second = await newTicket(emulator);
    const codes = async (): Promise<unknown[]> => [
      (await post(emulator, APP_TOKEN, withTicket(first))).body["code"],
      (await post(emulator, APP_TOKEN, withTicket(second))).body["code"],
    ];

    now = START + 3 * 3_600_000 - 1;
    expect(await codes()).toEqual([0, 0]);
    expect([emulator.app(APP).accepts(first), emulator.app(APP).accepts(second)]).toEqual([true, true]);
    now += 1;
    expect(await codes()).toEqual([10012, 0]);
    expect([emulator.app(APP).accepts(first), emulator.app(APP).accepts(second)]).toEqual([false, true]);
    expect(emulator.app(APP).tickets.map(({ expiresAt }) => expiresAt - START)).toEqual([
      3 * 3_600_000,
      4 * 3_600_000,
    ]);
  });

  test("of another app, an invented one, or a custom app's is not taken", async () => {
    const emulator = feishu();
    emulator.addApp({ appId: "cli_other", appSecret: SECRET });
    emulator.addApp({ appId: "cli_custom", appSecret: SECRET, kind: "custom" });
    const ticket = await newTicket(emulator);

    for (const body of [
      { ...withTicket(ticket), app_id: "cli_other" },
      { ...withTicket(ticket), app_id: "cli_custom" },
      withTicket(TICKET),
    ]) {
      expect((await post(emulator, APP_TOKEN, body)).body).toEqual({
        code: 10012,
        msg: "get app access token fail",
      });
    }
  });

  test("is asked for in vain where a token is given from memory", async () => {
    const emulator = feishu();
    emulator.cachedTokenSkipsTicket = true;
    expect((await post(emulator, APP_TOKEN, withTicket(TICKET))).body["code"]).toBe(10012);

    const { body } = await post(emulator, APP_TOKEN, withTicket(await newTicket(emulator)));
    expect((await post(emulator, APP_TOKEN, withTicket(TICKET))).body).toEqual(body);
    now += 2 * 3_600_000;
    expect((await post(emulator, APP_TOKEN, withTicket(TICKET))).body["code"]).toBe(10012);
  });

  test("gives the same token until that has less than half an hour to live", async () => {
    const emulator = feishu();
    const ticket = await newTicket(emulator);
    const ask = async (): Promise<Answer["body"]> =>
      (await post(emulator, APP_TOKEN, withTicket(ticket))).body;
    const useOf = async ({ app_access_token }: Answer["body"]): Promise<unknown> =>
      (await post(emulator, TENANT_TOKEN, { app_access_token, tenant_key: "tenant" })).body["code"];

    const first = await ask();
    now += 90 * 60_000;
    expect(await ask()).toEqual({ ...first, expire: 1800 });
    now += 1;
    const second = await ask();
    expect(second["app_access_token"]).not.toBe(first["app_access_token"]);
    expect([await useOf(first), await useOf(second)]).toEqual([0, 0]);
    now += 30 * 60_000;
    expect([await useOf(first), await useOf(second)]).toEqual([99991664, 0]);
  });

  test("is still needed when the secret is wrong or the app unknown", async () => {
    const emulator = feishu();
    const ticket = await newTicket(emulator);

    expect(
      (await post(emulator, APP_TOKEN, { ...withTicket(ticket), app_secret: "wrong" })).body["code"],
    ).toBe(10014);
    expect((await post(emulator, APP_TOKEN, { ...withTicket(ticket), app_id: "cli_x" })).body["code"]).toBe(
      10014,
    );
    expect((await post(emulator, APP_TOKEN, OWN)).body["code"]).toBe(10003);
    expect((await post(emulator, TENANT_TOKEN, { app_access_token: "a-x" })).body["code"]).toBe(10003);
  });
});

describe("a push", () => {
  test("bears the headers of the platform", async () => {
    const seen: Request[] = [];
    const emulator = feishu({
      deliver: (request) => {
        seen.push(request);
        return Promise.resolve(new Response());
      },
    });

    const { push } = await emulator.push(APP);

    expect(seen.map(({ method, url }) => [method, url])).toEqual([["POST", CALLBACK]]);
    expect(Object.fromEntries(seen[0]?.headers ?? [])).toEqual({
      "content-type": "application/json;charset=utf-8",
      "user-agent": "Go-http-client/1.1",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      "x-lark-request-timestamp": "1700000000",
      "x-lark-request-nonce": push.nonce,
      "x-lark-signature": push.signature,
    });
    expect(push.nonce).toMatch(/^\d{9}$/);
    expect(await seen[0]?.text()).toBe(textOf(push));
  });

  test("goes over a connection by default", async () => {
    const received: string[] = [];
    const server = createServer((request, response) => {
      received.push(request.headers["user-agent"] ?? "");
      request.resume();
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const emulator = createFeishuEmulator();
    opened.push(emulator);
    const requestUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    emulator.addApp({ appId: APP, appSecret: SECRET, requestUrl });

    expect((await emulator.push(APP)).status).toBe(200);
    server.closeAllConnections();
    server.close();

    expect(received).toEqual(["Go-http-client/1.1"]);
  });

  test("is repeated after 15 s, 5 min, 1 h and 6 h, and then given up", async () => {
    vi.useFakeTimers({ now: START });
    const emulator = feishu({ now: Date.now, timeScale: 1, deliver: answering(503) });

    const pushed = emulator.push(APP);
    await vi.advanceTimersByTimeAsync(8 * 3_600_000);

    const waits = emulator.deliveries.map(({ startedAt }) => (startedAt - START) / 1000);
    expect(waits).toEqual([0, 15, 315, 3915, 25_515]);
    expect(await pushed).toEqual(emulator.deliveries[4]);
    expect(emulator.deliveries.map(({ attempt, status }) => [attempt, status])).toEqual(
      [1, 2, 3, 4, 5].map((attempt) => [attempt, 503]),
    );
    expect(new Set(emulator.deliveries.map(({ eventId }) => eventId)).size).toBe(1);
  });

  test.each([204, 302, 400, 500])("that is answered %i has failed", async (status) => {
    const emulator = feishu({ deliver: answering(status, 200) });

    expect(await emulator.push(APP)).toMatchObject({ attempt: 2, status: 200 });
  });

  test("fails when the app takes longer than 3 s, also with its body", async () => {
    vi.useFakeTimers();
    const endless = new Response(new ReadableStream());
    const never = new Promise<Response>(() => undefined);
    const replies = [never, Promise.resolve(endless), Promise.resolve(new Response("late"))];
    const emulator = feishu({ now: Date.now, deliver: () => replies.shift() ?? never });

    const pushed = emulator.push(APP);
    await vi.advanceTimersByTimeAsync(6_010);

    expect(await pushed).toMatchObject({ attempt: 3, status: 200, answer: "late" });
    expect(
      emulator.deliveries.map(({ status, startedAt, endedAt }) => [status, endedAt - startedAt]),
    ).toEqual([
      [null, 3000],
      [null, 3000],
      [200, 0],
    ]);
  });

  test("fails when the app cannot be reached", async () => {
    const emulator = feishu({ deliver: () => Promise.reject(new TypeError("fetch failed")) });

    expect(await emulator.push(APP)).toMatchObject({ attempt: 5, status: null, answer: "" });
  });

  test("is repeated byte by byte, or signed anew", async () => {
    for (const anew of [false, true]) {
      const emulator = feishu({ deliver: answering(500, 200) });
      emulator.retriesAreSignedAnew = anew;
      emulator.duplicates = 1;

      await emulator.push(APP);

      const pushes = emulator.deliveries.map(({ push }) => push);
      expect(pushes).toHaveLength(3);
      expect(new Set(pushes.map(textOf)).size).toBe(1);
      expect(new Set(pushes.map(({ nonce }) => nonce)).size).toBe(anew ? 3 : 1);
      expect(new Set(pushes.map(({ signature }) => signature)).size).toBe(anew ? 3 : 1);
    }
  });

  test("may come again although the app took it", async () => {
    const emulator = feishu();
    emulator.duplicates = 2;

    const taken = await emulator.push(APP);

    expect(taken.attempt).toBe(1);
    expect(emulator.deliveries.map(({ attempt, eventId }) => [attempt, eventId])).toEqual(
      [1, 2, 3].map((attempt) => [attempt, taken.eventId]),
    );
  });

  test("may come after others, whose repetitions it does not wait for", async () => {
    vi.useFakeTimers();
    const emulator = feishu({ timeScale: 1, deliver: answering(500, 500, 200) });
    emulator.otherEventsFirst = 2;

    await emulator.push(APP);
    expect(emulator.deliveries.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    await vi.advanceTimersByTimeAsync(15_000);
    await emulator.settled();

    expect(emulator.deliveries.map(({ push }) => (eventIn(push) as { type: string }).type)).toEqual([
      "app_open",
      "app_open",
      "app_ticket",
      "app_open",
      "app_open",
    ]);
  });

  test("waits for the first attempt of what comes before it", async () => {
    const replies = [50, 0];
    const emulator = feishu({
      deliver: () =>
        new Promise((resolve) => {
          setTimeout(resolve, replies.shift(), new Response());
        }),
    });
    emulator.otherEventsFirst = 1;

    await emulator.push(APP);

    expect(emulator.deliveries.map(({ push }) => (eventIn(push) as { type: string }).type)).toEqual([
      "app_open",
      "app_ticket",
    ]);
  });

  test("of an event made by hand brings that, and no ticket", async () => {
    const emulator = feishu();

    const { push } = await emulator.push(APP, {
      app_id: "cli_other",
      app_ticket: TICKET,
      type: "app_ticket",
    });

    expect(eventIn(push)).toEqual({ app_id: "cli_other", app_ticket: TICKET, type: "app_ticket" });
    expect(emulator.app(APP).tickets).toEqual([]);
  });

  test("of the hour has a new ticket, or the one before as long as it lives", async () => {
    const emulator = feishu();
    const first = await newTicket(emulator);
    await emulator.push(APP);
    const second = emulator.app(APP).latest;
    expect(second).not.toBe(first);

    emulator.sameTicketAgain = true;
    const { push } = await emulator.push(APP);
    expect(eventIn(push)).toMatchObject({ app_ticket: second });
    expect(emulator.app(APP).tickets).toHaveLength(2);
    now += 3 * 3_600_000;
    await emulator.push(APP);
    expect(emulator.app(APP).latest).not.toBe(second);
  });

  test("follows the app to a new address, and ends where it has none", async () => {
    vi.useFakeTimers();
    const emulator = feishu({ timeScale: 1, deliver: answering(500) });

    const pushed = emulator.push(APP);
    await vi.advanceTimersByTimeAsync(0);
    emulator.setRequestUrl(APP, "https://new.example.test/");
    await vi.advanceTimersByTimeAsync(15_000);
    emulator.setRequestUrl(APP, undefined);
    await vi.advanceTimersByTimeAsync(300_000);

    expect((await pushed).attempt).toBe(2);
    expect(emulator.deliveries.map(({ url }) => url)).toEqual([CALLBACK, "https://new.example.test/"]);
  });

  test("is broken off, with all that would follow, when the emulator is closed", async () => {
    const never = new Promise<Response>(() => undefined);
    const replies = [Promise.resolve(new Response(null, { status: 500 })), never];
    let asked = 0;
    const deliver = (): Promise<Response> => {
      asked += 1;
      return replies.shift() ?? never;
    };
    const emulator = feishu({ timeScale: 1, deliver });
    const waiting = emulator.push(APP);
    await vi.waitFor(() => {
      expect(emulator.deliveries).toHaveLength(1);
    });
    const unanswered = emulator.push(APP);
    await post(emulator, RESEND, OWN);

    emulator[Symbol.dispose]();
    await emulator.settled();

    expect([(await waiting).status, (await unanswered).status]).toEqual([500, null]);
    expect(emulator.deliveries).toHaveLength(2);
    await expect(emulator.push(APP)).rejects.toThrow("closed");
    expect(await emulator.checkAddress(APP, CALLBACK)).toBe(false);
    expect((await post(emulator, RESEND, OWN)).body["code"]).toBe(0);
    await emulator.settled();
    expect(emulator.deliveries.map(({ kind }) => kind)).toEqual(["event", "event", "address check"]);
    expect(asked).toBe(2);
  });
});

describe("what is pushed", () => {
  const event = { app_id: APP, app_ticket: TICKET, type: "app_ticket" };

  test("can have the newer shape", () => {
    const emulator = feishu();

    const push = emulator.sign(APP, event, { shape: "2.0", id: "event", ts: "1700000000.1234567" });

    expect(openedJson(push)).toEqual({
      schema: "2.0",
      header: {
        event_id: "event",
        token: TOKEN,
        create_time: "1700000000123",
        event_type: "app_ticket",
        app_id: APP,
      },
      event: { app_id: APP, app_ticket: TICKET },
    });
  });

  test("is plain where the app has no Encrypt Key, and signed with an empty one", () => {
    const emulator = feishu();
    emulator.addApp({ appId: "cli_plain", appSecret: SECRET });
    emulator.addApp({ appId: "cli_other", appSecret: SECRET });

    const push = emulator.sign("cli_plain", event, { nonce: "1" });

    const { verificationToken } = emulator.app("cli_plain");
    expect(JSON.parse(textOf(push))).toMatchObject({ token: verificationToken, event });
    expect(emulator.sign(APP, push.rawBody, { nonce: "1", key: "" })).toEqual(push);
    expect(emulator.app("cli_other").verificationToken).not.toBe(verificationToken);
  });

  test("can be plain although the app has a key, and can be signed without it", () => {
    const emulator = feishu();
    const signature = (push: Push, key: string): string =>
      emulator.sign(APP, push.rawBody, { ...push, key }).signature;

    emulator.encrypted = false;
    const plain = emulator.sign(APP, event);
    emulator.encrypted = true;
    emulator.signWithEmptyKey = true;
    const unsigned = emulator.sign(APP, event);

    expect(JSON.parse(textOf(plain))).toMatchObject({ event });
    expect(plain.signature).toBe(signature(plain, KEY));
    expect(eventIn(unsigned)).toEqual(event);
    expect(unsigned.signature).toBe(signature(unsigned, ""));
  });

  test("can be handed on as an envelope", () => {
    const push = feishu().sign(APP, "{}", { timestamp: 1700000000, nonce: "1", key: "" });

    expect(envelopeOf(push)).toEqual({
      v: 1,
      body_b64: "e30=",
      timestamp: "1700000000",
      nonce: "1",
      signature: push.signature,
    });
  });

  test("is not the same twice", () => {
    const emulator = feishu();
    const [one, other] = [emulator.sign(APP, event), emulator.sign(APP, event)];

    expect(textOf(one)).not.toBe(textOf(other));
    expect(openedJson(one)["uuid"]).not.toBe(openedJson(other)["uuid"]);
  });
});

describe("the check of an address", () => {
  const elsewhere = "https://elsewhere.example.test/";
  /** An app that answers the check, in its own way. */
  function echoing(reply: (challenge: unknown) => Response): (request: Request) => Promise<Response> {
    return async (request) => {
      const { encrypt } = (await request.json()) as { encrypt: string };
      return reply((JSON.parse(unseal(encrypt, KEY)) as { challenge: unknown }).challenge);
    };
  }

  test("saves the address of an app that answers", async () => {
    const emulator = feishu({ deliver: echoing((challenge) => Response.json({ challenge })) });

    expect(await emulator.checkAddress(APP, elsewhere)).toBe(true);

    expect(emulator.app(APP).requestUrl).toBe(elsewhere);
    const [delivery] = emulator.deliveries as readonly [Delivery];
    expect(delivery).toMatchObject({ kind: "address check", url: elsewhere, eventId: "", status: 200 });
    expect(delivery.push).toMatchObject({ timestamp: "", nonce: "", signature: "" });
    expect([...requestOf(delivery.push, elsewhere).headers.keys()]).toEqual([
      "content-type",
      "user-agent",
      "x-request-id",
    ]);
    expect(Object.keys(openedJson(delivery.push))).toEqual(["challenge", "token", "type"]);
  });

  test("can be signed, and is plain without an Encrypt Key", async () => {
    const emulator = feishu({ deliver: answering(200) });
    emulator.addApp({ appId: "cli_plain", appSecret: SECRET });
    emulator.verificationIsSigned = true;

    await emulator.checkAddress("cli_plain", elsewhere);

    const [{ push }] = emulator.deliveries as readonly [Delivery];
    expect(JSON.parse(textOf(push))).toMatchObject({ type: "url_verification" });
    expect(push).toEqual(emulator.sign("cli_plain", push.rawBody, push));
  });

  test.each([
    ["another challenge", () => Response.json({ challenge: "another" })],
    ["no JSON", (challenge: unknown) => new Response(String(challenge))],
    ["null", () => new Response("null")],
    ["another status", (challenge: unknown) => Response.json({ challenge }, { status: 201 })],
  ])("keeps the former address of an app that answers %s, and asks once", async (_, reply) => {
    const emulator = feishu({ deliver: echoing(reply) });

    expect(await emulator.checkAddress(APP, elsewhere)).toBe(false);

    expect(emulator.app(APP).requestUrl).toBe(CALLBACK);
    expect(emulator.deliveries).toHaveLength(1);
  });

  test("takes no longer than a second", async () => {
    vi.useFakeTimers();
    const emulator = feishu({ now: Date.now, deliver: () => new Promise(() => undefined) });

    const checked = emulator.checkAddress(APP, elsewhere);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(await checked).toBe(false);
    expect(emulator.deliveries[0]).toMatchObject({ status: null });
  });
});

test.each([
  ["GET", RESEND],
  ["POST", `${RESEND}?app_id=1`],
  ["POST", `${APP_TOKEN}/`],
  ["POST", `${APP_TOKEN}/internal`],
  ["POST", "/open-apis/auth/v3/constructor"],
])("%s %s fails loudly", async (method, path) => {
  const request = new Request(`https://open.feishu.test${path}`, { method });
  expect((await feishu().handle(request)).status).toBe(501);
});

test("an app that does not exist, or can have no ticket, is an error of the test", async () => {
  const emulator = feishu();

  expect(() => emulator.app("cli_x")).toThrow("no such app");
  expect(() => emulator.sign("cli_x", "")).toThrow("no such app");
  await expect(emulator.push("cli_x")).rejects.toThrow("no such app");
  emulator.addApp({ appId: "cli_custom", appSecret: SECRET, kind: "custom", requestUrl: CALLBACK });
  await expect(emulator.push("cli_custom")).rejects.toThrow("no tickets");
});
