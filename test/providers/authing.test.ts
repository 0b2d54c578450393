import { describe, expect, test } from "vitest";
import { maskedForms } from "../../src/secret.ts";
import { authingThrottled } from "../emulators/authing.ts";
import type { Fault } from "../emulators/emulator.ts";
import {
  authingService,
  type AuthingService,
  type Call,
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";

const TOKEN: Call = { method: "POST", path: /\/get-management-token$/ };
const APP: Call = { method: "GET", path: /\/get-application\?/ };
const SECRET: Call = { method: "GET", path: /\/get-application-secret\?/ };

type Authing = Connection & { readonly service: AuthingService };

const connect = (inputs: Readonly<Record<string, string>> = {}): Authing =>
  connectTo("authing", authingService, { inputs });

/** A connection whose preflight has passed. */
async function ready(inputs: Readonly<Record<string, string>> = {}): Promise<Authing> {
  const connection = connect(inputs);
  await preflight(connection);
  return connection;
}

const refreshes = ({ service }: Authing): number => requestsOf(service, service.rotateCall).length;
const reads = ({ service }: Authing): number => requestsOf(service, SECRET).length;

/** A body in Authing's envelope, with HTTP 200 as is usual. */
const says = (envelope: object, { status = 200, changed = false } = {}): Fault => ({
  kind: "answer",
  changed,
  status,
  body: JSON.stringify({ message: "x", requestId: "r", ...envelope }),
});

const page = (status: number, changed: boolean): Fault => ({
  kind: "answer",
  changed,
  status,
  headers: { "content-type": "text/html" },
  body: "<html>a gateway's page</html>",
});

describe("the management token", () => {
  test("is asked for once, without authorization, and carried by every other call", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    await provider.rotate();
    const [first, ...others] = service.emulator.requests;
    expect(first?.headers).not.toHaveProperty("authorization");
    expect(JSON.parse(first?.body ?? "")).toEqual({
      accessKeyId: service.inputs["access-key-id"],
      accessKeySecret: service.inputs["access-key-secret"],
    });
    const { data } = JSON.parse(first?.answer ?? "") as { data: { access_token: string } };
    expect(others.length).toBe(3);
    for (const { headers } of others) expect(headers["authorization"]).toBe(`Bearer ${data.access_token}`);
    for (const { method, headers } of service.emulator.requests)
      expect("content-type" in headers).toBe(method === "POST");
  });

  test("is masked as soon as it is there", async () => {
    const { service, announced } = await ready();
    const { data } = JSON.parse(service.emulator.requests[0]?.answer ?? "") as {
      data: { access_token: string };
    };
    for (const form of maskedForms(data.access_token)) expect(announced).toContain(form);
  });

  test("that has expired by the time of the refresh is refused, and nothing has changed", async () => {
    const connection = await ready();
    connection.clock.advance(7_200_000);
    await expectFailure(
      connection.provider.rotate(),
      { code: "PROVIDER_UNAUTHORIZED", changed: "no", detail: "尚未登录，无权限访问此请求" },
      connection,
    );
    expect([refreshes(connection), connection.service.changes()]).toEqual([1, 0]);
  });

  test.each([
    ["a wrong password", { status: 200, statusCode: 499, apiCode: 2333 }],
    ["an unknown user pool", { status: 200, statusCode: 404, apiCode: 2224 }],
    ["a caller not logged in", { status: 401, statusCode: 401 }],
    ["a forbidden caller", { status: 403, statusCode: 403, apiCode: 2333 }],
    ["bad arguments", { status: 200, statusCode: 400 }],
  ])("is refused to a wrong key in any of the documented ways: %s", async (_, wrongKeyAnswer) => {
    const connection = connect({ "access-key-secret": "e1d2c3b4a5968778695a4b3c2d1e0f10" });
    connection.service.emulator.wrongKeyAnswer = wrongKeyAnswer;
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_UNAUTHORIZED",
        detail: expect.any(String) as unknown,
        message: `Authing refused the management credential; expected "access-key-id" and "access-key-secret" to be valid.`,
      },
      connection,
    );
    expect(connection.service.emulator.requests).toHaveLength(1);
  });

  test.each([
    ["is missing", {}],
    ["is empty", { data: { access_token: "" } }],
    ["is no text", { data: { access_token: 1 } }],
    ["has no data", { data: null }],
  ])("that %s is an answer that nobody documents", async (_, envelope) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ statusCode: 200, ...envelope }), TOKEN);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message:
          "Authing answered no access_token when asked to issue a management token; expected a management token.",
      },
      connection,
    );
  });
});

describe("the user pool", () => {
  const poolsSent = ({ service }: Authing): readonly (string | undefined)[] =>
    service.emulator.requests.slice(1).map(({ headers }) => headers["x-authing-userpool-id"]);

  test("is the one that the token names, where the step names none", async () => {
    const connection = await ready({ "user-pool-id": "" });
    const { userPoolId, inputs } = connection.service;
    expect(inputs["access-key-id"]).not.toBe(userPoolId);
    expect(poolsSent(connection)).toEqual([userPoolId, userPoolId]);
  });

  test("is the one that the step names, even if the token names another", async () => {
    const connection = connect({ "user-pool-id": "0000000000000000000000aa" });
    await expectFailure(preflight(connection), { code: "PROVIDER_FORBIDDEN" }, connection);
    expect(new Set(poolsSent(connection))).toEqual(new Set(["0000000000000000000000aa"]));
  });

  const jwt = (claims: string): string => `e30.${Buffer.from(claims).toString("base64url")}.c2lnbmF0dXJl`;
  test.each([
    ["is opaque", "opaque-token-without-dots"],
    ["claims none", jwt('{"sub":"x"}')],
    ["claims an empty one", jwt('{"scoped_userpool_id":""}')],
    ["claims what is no text", jwt('{"scoped_userpool_id":7}')],
    ["claims no JSON", jwt("{")],
  ])("is the access key's id, where the token %s", async (_, access_token) => {
    const connection = connect({ "user-pool-id": "" });
    const { service } = connection;
    service.emulator.faults.arm(says({ statusCode: 200, data: { access_token, expires_in: 7_200 } }), TOKEN);
    // The emulator knows no such token; what was asked of it is enough.
    await expectFailure(preflight(connection), { code: "PROVIDER_UNAUTHORIZED" }, connection);
    expect(new Set(poolsSent(connection))).toEqual(new Set([service.inputs["access-key-id"]]));
    expect(connection.announced).toContain(access_token);
  });
});

describe("preflight", () => {
  test("gives back the secret in force", async () => {
    const connection = connect();
    expect((await preflight(connection))?.value.expose()).toBe(connection.service.inForce());
  });

  test("asks about the app by its id, encoded", async () => {
    const connection = connect({ "app-id": "a b&appId=c/ü" });
    connection.service.emulator.addApp({ appId: "a b&appId=c/ü", userPoolId: connection.service.userPoolId });
    await preflight(connection);
    expect(connection.service.emulator.requests.slice(1).map(({ path }) => path.split("?")[1])).toEqual([
      "appId=a%20b%26appId%3Dc%2F%C3%BC",
      "appId=a%20b%26appId%3Dc%2F%C3%BC",
    ]);
  });

  test("asks about the app and its secret together", async () => {
    const connection = connect();
    let waiting = 0;
    const { emulator } = connection.service;
    const handle = emulator.handle.bind(emulator);
    // Each of the two is answered only once the other has been asked.
    const both = Promise.withResolvers<undefined>();
    Object.assign(emulator, {
      handle: async (request: Request) => {
        if (request.method === "GET") {
          waiting += 1;
          if (waiting === 2) both.resolve(undefined);
          await both.promise;
        }
        return handle(request);
      },
    });
    await preflight(connection);
    expect(waiting).toBe(2);
  });

  // statusCode, apiCode and what becomes of it: https://docs.authing.cn/v3/reference/error-code.html
  const codes = [
    [400, undefined, "PROVIDER_REFUSED"],
    [401, undefined, "PROVIDER_UNAUTHORIZED"],
    [402, undefined, "PROVIDER_REFUSED"],
    [403, undefined, "PROVIDER_FORBIDDEN"],
    [404, undefined, "APP_NOT_FOUND"],
    [409, undefined, "PROVIDER_REFUSED"],
    [413, undefined, "PROVIDER_REFUSED"],
    [422, 4004, "PROVIDER_REFUSED"],
    [429, undefined, "PROVIDER_RATE_LIMITED"],
    [499, undefined, "PROVIDER_REFUSED"],
    [499, 2011, "APP_NOT_FOUND"],
    [499, "2011", "APP_NOT_FOUND"],
    [499, 2020, "PROVIDER_UNAUTHORIZED"],
    [499, "2020", "PROVIDER_UNAUTHORIZED"],
    [499, 4021, "PROVIDER_REFUSED"],
    [500, undefined, "PROVIDER_UNAVAILABLE"],
    [501, undefined, "PROVIDER_UNAVAILABLE"],
    [502, undefined, "PROVIDER_UNAVAILABLE"],
    [503, undefined, "PROVIDER_UNAVAILABLE"],
    [601, undefined, "PROVIDER_UNAVAILABLE"],
    [603, undefined, "PROVIDER_UNAVAILABLE"],
  ] as const;

  test.each(codes)(
    "takes statusCode %i with apiCode %s for %s, whatever the HTTP status",
    async (statusCode, apiCode, code) => {
      for (const status of [200, statusCode > 599 ? 500 : statusCode]) {
        const connection = connect();
        connection.service.emulator.faults.arm(says({ statusCode, apiCode }, { status }), {
          ...APP,
          times: Infinity,
        });
        await expectFailure(preflight(connection), { code, detail: "x" }, connection);
        const transient = ["PROVIDER_RATE_LIMITED", "PROVIDER_UNAVAILABLE"].includes(code);
        expect(requestsOf(connection.service, APP)).toHaveLength(transient ? 4 : 1);
      }
    },
  );

  test.each([
    [
      { statusCode: 499, apiCode: 4021 },
      "Authing refused to read the app (statusCode 499, apiCode 4021); expected it to be done.",
    ],
    [{ statusCode: 400 }, "Authing refused to read the app (statusCode 400); expected it to be done."],
    [
      { statusCode: 400, apiCode: 0 },
      "Authing refused to read the app (statusCode 400); expected it to be done.",
    ],
    [
      { statusCode: 404 },
      'Authing does not know the app "fedcba9876543210fedcba98"; expected an app of this account.',
    ],
    [
      { statusCode: 403 },
      "Authing does not let this management credential read the app; expected the right to do so.",
    ],
  ])("says what refused it with %j", async (envelope, message) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says(envelope), APP);
    await expectFailure(preflight(connection), { message, detail: "x" }, connection);
  });

  test.each([[17], [null], [{}]])("passes on no message that is %j", async (message) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ statusCode: 400, message }), APP);
    await expectFailure(preflight(connection), { code: "PROVIDER_REFUSED", detail: undefined }, connection);
  });

  test("waits as long as a throttled call is told to", async () => {
    const connection = connect();
    connection.service.emulator.faults.arm(
      { ...authingThrottled, headers: { "retry-after": "7" } } as Fault,
      APP,
    );
    await preflight(connection);
    expect(connection.clock.waits).toEqual([7_000]);
  });

  test("does not take a statusCode of 200 for success with another HTTP status", async () => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ statusCode: 200, data: {} }, { status: 202 }), APP);
    await expectFailure(preflight(connection), { code: "PROVIDER_ANSWER_INVALID" }, connection);
  });

  test.each([
    ["a web page", "<!doctype html><p>", "a web page (HTTP 200)"],
    ["nothing", "  ", "nothing (HTTP 200)"],
    ["a list", "[]", "no JSON object (HTTP 200)"],
    ["a text", '"x"', "no JSON object (HTTP 200)"],
    ["JSON without statusCode", "{}", "a JSON object of another form (HTTP 200)"],
  ])("answered with %s says so", async (_, body, found) => {
    const connection = connect();
    connection.service.emulator.faults.arm({ kind: "answer", changed: false, status: 200, body }, APP);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message: `Authing answered ${found} when asked to read the app; expected JSON with a "statusCode".`,
      },
      connection,
    );
  });

  test.each([
    ["missing", {}, "missing"],
    ["empty", { secret: "" }, "empty"],
    ["blank", { secret: " \n" }, "empty"],
    ["hidden", { secret: "******" }, "hidden behind asterisks"],
    ["null", { secret: null }, "not a string"],
    ["a number", { secret: 12345678 }, "not a string"],
    ["half a character", { secret: "abcdef\ud83d" }, "not well-formed Unicode text"],
    ["too large", { secret: "x".repeat(49_153) }, "larger than 48 KB"],
  ])("refuses a secret that is %s before anything is changed", async (_, data, found) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ statusCode: 200, data }), SECRET);
    await expectFailure(
      preflight(connection),
      {
        code: "SECRET_UNUSABLE",
        message: `The secret that Authing gave is ${found}; expected plain text of 1 to 49152 bytes.`,
      },
      connection,
    );
    expect(connection.service.changes()).toBe(0);
  });

  test("needs the right to read the secret, which a lost answer is settled with", async () => {
    const connection = connect();
    connection.service.emulator.readable = false;
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_FORBIDDEN",
        message:
          "Authing does not let this management credential read the app's secret; expected the right to do so.",
      },
      connection,
    );
  });
});

describe("the refresh", () => {
  test("is one POST that names the app in its body", async () => {
    const connection = await ready();
    await connection.provider.rotate();
    const [call, ...more] = requestsOf(connection.service, connection.service.rotateCall);
    expect(more).toEqual([]);
    expect(call).toMatchObject({ path: "/api/v3/refresh-application-secret" });
    expect(JSON.parse(call?.body ?? "")).toEqual({ appId: connection.service.appId });
    expect(call?.headers["content-type"]).toBe("application/json");
  });

  test.each([
    [400, undefined, "PROVIDER_REFUSED"],
    [401, 2020, "PROVIDER_UNAUTHORIZED"],
    [402, undefined, "PROVIDER_REFUSED"],
    [403, undefined, "PROVIDER_FORBIDDEN"],
    [404, 2011, "APP_NOT_FOUND"],
    [422, undefined, "PROVIDER_REFUSED"],
    [429, undefined, "PROVIDER_RATE_LIMITED"],
    [499, undefined, "PROVIDER_REFUSED"],
  ])(
    "refused with %i is over: nothing has changed, and nothing more is asked",
    async (statusCode, apiCode, code) => {
      for (const status of [200, statusCode]) {
        const connection = await ready();
        const { service, provider } = connection;
        service.emulator.faults.arm(says({ statusCode, apiCode }, { status }), {
          ...service.rotateCall,
          times: Infinity,
        });
        await expectFailure(provider.rotate(), { code, changed: "no" }, connection);
        expect([refreshes(connection), reads(connection), connection.waits]).toEqual([1, 1, []]);
      }
    },
  );

  /** What leaves open whether the secret has changed; each after the change. */
  const lost: readonly (readonly [string, Fault])[] = [
    ["reset", { kind: "reset", changed: true }],
    ["broken off", { kind: "cut-off" }],
    ["not there in time", { kind: "stall", changed: true }],
    ["a fault in the envelope", says({ statusCode: 500 }, { changed: true })],
    ["a third party's fault", says({ statusCode: 601 }, { changed: true })],
    ["a gateway's fault", page(502, true)],
    ["a gateway's refusal", page(403, true)],
    ["a gateway's throttling", page(429, true)],
    ["a gateway's cheerful page", page(200, true)],
    ["empty", { kind: "answer", changed: true, status: 200 }],
    ["JSON of another kind", { kind: "answer", changed: true, status: 200, body: "{}" }],
    ["success without data", says({ statusCode: 200 }, { changed: true })],
    ["success that says it failed", says({ statusCode: 200, data: { success: false } }, { changed: true })],
    ["an empty secret", says({ statusCode: 200, data: { secret: "" } }, { changed: true })],
    ["a hidden secret", says({ statusCode: 200, data: { secret: "********" } }, { changed: true })],
    ["a secret that is no text", says({ statusCode: 200, data: { secret: 123456789 } }, { changed: true })],
    ["no success and no refusal", says({ statusCode: 300, apiCode: 2011 }, { changed: true })],
    ["a redirect", { kind: "answer", changed: true, status: 302, headers: { location: "/elsewhere" } }],
  ];

  test.each(lost)(
    "whose answer is %s is settled by one read: what differs is the new secret",
    async (_, fault) => {
      const connection = await ready();
      const { service, provider, announced } = connection;
      service.emulator.faults.arm(fault, service.rotateCall);
      const { value } = await provider.rotate();
      expect(value.expose()).toBe(service.inForce());
      for (const form of maskedForms(service.inForce())) expect(announced).toContain(form);
      expect([refreshes(connection), service.changes(), reads(connection)]).toEqual([1, 1, 2]);
    },
  );

  test.each(lost)("whose answer is %s, and that cannot be read back, ends as unknown", async (_, fault) => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.readable = false;
    service.emulator.faults.arm(fault, { ...service.rotateCall, times: Infinity });
    await expectFailure(
      provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        changed: "unknown",
        message:
          "It is not known whether Authing has made a new secret; expected a whole answer or a readable secret.",
      },
      connection,
    );
    expect(refreshes(connection)).toBe(1);
  });

  test("lost before the change is made once more, after two looks with a pause that is told", async () => {
    const connection = await ready();
    const { service, provider, clock } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: false }, service.rotateCall);
    const { value } = await provider.rotate();
    expect(value.expose()).toBe(service.inForce());
    expect([refreshes(connection), service.changes(), reads(connection)]).toEqual([2, 1, 3]);
    expect(clock.waits).toEqual([3_000]);
    expect(connection.waits).toEqual([
      {
        why: "The answer of Authing to the request to refresh the app's secret was lost (ECONNRESET); expected a whole answer. Looking once more which secret is in force",
        milliseconds: 3_000,
      },
    ]);
  });

  test("lost after a change that shows late is found by the second look, and not made again", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.readLag = 1;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect([refreshes(connection), service.changes()]).toEqual([1, 1]);
  });

  test("lost twice, the second time after the change, is found by a last look", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: false }, service.rotateCall);
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect([refreshes(connection), service.changes()]).toEqual([2, 1]);
  });

  test("lost twice before the change ends as unknown, and is not made a third time", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm(
      { kind: "reset", changed: false },
      { ...service.rotateCall, times: Infinity },
    );
    await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
    expect([refreshes(connection), service.changes()]).toEqual([2, 0]);
  });

  test("lost, and then refused, ends as unknown", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "stall", changed: false }, service.rotateCall);
    service.emulator.faults.arm(service.refusal, service.rotateCall);
    await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
    expect(refreshes(connection)).toBe(2);
  });

  test("lost is still found where the first reads fail", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    service.emulator.faults.arm(page(503, false), { ...SECRET, times: 3 });
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect(refreshes(connection)).toBe(1);
  });

  test("lost, with reads that fail for ever, ends as unknown after one call", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    service.emulator.faults.arm(page(503, false), { ...SECRET, times: Infinity });
    await expectFailure(
      provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        detail: expect.stringContaining("was lost (ECONNRESET)") as unknown,
      },
      connection,
    );
    expect(refreshes(connection)).toBe(1);
  });

  test("that answers with the former secret is checked, and found out either way", async () => {
    for (const changed of [true, false]) {
      const connection = await ready();
      const { service, provider } = connection;
      const secret = service.inForce();
      service.emulator.faults.arm(
        says({ statusCode: 200, data: { secret } }, { changed }),
        service.rotateCall,
      );
      const { value } = await provider.rotate();
      expect(value.expose()).toBe(service.inForce());
      expect(value.expose()).not.toBe(secret);
      expect(service.changes()).toBe(1);
      const why =
        "Authing answered with the former secret; expected a new one. Looking once more which secret is in force";
      // A change that can be read at once is not waited for.
      expect(connection.waits).toEqual(changed ? [] : [{ why, milliseconds: 3_000 }]);
    }
  });
});

describe("reading back", () => {
  test("before a refresh takes the secret in force for no late one", async () => {
    const { provider, service, clock } = await ready();
    expect((await provider.read?.())?.value.expose()).toBe(service.inForce());
    expect(clock.waits).toEqual([]);
  });

  test.each([1, 2, 3])("waits out %i reads that still show the former secret", async (lag) => {
    const connection = await ready();
    const { service, provider, clock } = connection;
    service.emulator.readLag = lag;
    await provider.rotate();
    expect((await provider.read?.())?.value.expose()).toBe(service.inForce());
    expect(clock.waits).toEqual([1_000, 2_000, 3_000].slice(0, lag));
  });

  test("shows the former secret in the end, if nothing else is there", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    const before = service.inForce();
    service.emulator.readLag = 4;
    await provider.rotate();
    expect((await provider.read?.())?.value.expose()).toBe(before);
  });
});

describe("the introspection check", () => {
  const methods = ["client_secret_post", "client_secret_basic"] as const;
  const INTROSPECTED = "00112233445566778899aabb";
  const INTROSPECTION: Call = { method: "POST", path: /^\/oidc\/token\/introspection$/ };

  function app(introspectionAuthMethod: "client_secret_post" | "client_secret_basic" | "none"): Authing {
    const connection = connect({ "app-id": INTROSPECTED });
    const { emulator, userPoolId } = connection.service;
    emulator.addApp({ appId: INTROSPECTED, userPoolId, introspectionAuthMethod });
    return connection;
  }

  test("is offered only with the app's own domain", () => {
    expect(connect({ "app-url": "" }).provider).not.toHaveProperty("verify");
    expect(connect().provider).toHaveProperty("verify");
  });

  test.each(methods)("by %s says valid of the secret in force, and invalid of any other", async (method) => {
    const connection = app(method);
    const { provider, masker, service } = connection;
    await preflight(connection);
    const secret = await provider.rotate();
    expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
    expect(await provider.verify?.({ value: masker.secret("s3cr3tValueXYZ") })).toEqual({ state: "invalid" });
    for (const { path, body } of requestsOf(service, INTROSPECTION)) {
      expect(path).not.toContain("?");
      const form = new URLSearchParams(body);
      expect([form.has("client_secret"), form.has("client_id")]).toEqual(
        method === "client_secret_post" ? [true, true] : [false, false],
      );
    }
  });

  test("tries a token and a second secret that cannot be guessed, and never the same twice", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    const secret = await provider.rotate();
    await provider.verify?.(secret);
    await provider.verify?.(secret);
    const forms = requestsOf(service, INTROSPECTION).map(({ body }) => new URLSearchParams(body));
    expect(new Set(forms.map((form) => form.get("token"))).size).toBe(4);
    expect(new Set(forms.map((form) => form.get("client_secret"))).size).toBe(3);
    for (const form of forms) expect(form.get("token_type_hint")).toBe("access_token");
  });

  test("by none proves nothing, and is not made", async () => {
    const connection = app("none");
    const { provider, service } = connection;
    await preflight(connection);
    expect(await provider.verify?.(await provider.rotate())).toEqual({
      state: "inconclusive",
      why: "the app's introspection endpoint asks for no secret",
    });
    expect(requestsOf(service, INTROSPECTION)).toEqual([]);
  });

  test("proves nothing at an endpoint that takes any secret", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    const everything: Fault = { kind: "answer", changed: false, status: 200, body: '{"active":false}' };
    service.emulator.faults.arm(everything, { ...INTROSPECTION, times: Infinity });
    expect(await provider.verify?.(await provider.rotate())).toEqual({
      state: "inconclusive",
      why: "the app's introspection endpoint does not tell secrets apart",
    });
  });

  const REFUSED = '{"error":"invalid_client"}';

  /** What becomes of the secret in force where it is answered so, and any other is refused. */
  async function verdictOn(status: number, body: string): Promise<unknown> {
    const connection = connectTo("authing", authingService, {
      through: (http, service) => async (request) => {
        if (!request.url.endsWith("/introspection")) return http(request);
        const right = new URLSearchParams(request.body).get("client_secret") === service.inForce();
        return { headers: {}, ...(right ? { status, body } : { status: 401, body: REFUSED }) };
      },
    });
    await preflight(connection);
    return connection.provider.verify?.(await connection.provider.rotate());
  }

  test.each<[number, string]>([
    [200, '{"active":true}'],
    [200, "{}"],
    [200, "<html>"],
    [200, '{"error":"invalid_request"}'],
    [401, '{"active":false}'],
    [400, '{"error":"invalid_request"}'],
    [404, "<html>"],
    [500, REFUSED],
    [503, REFUSED],
  ])("proves nothing where the secret in force is answered with %i %s", async (status, body) => {
    expect(await verdictOn(status, body)).toEqual({
      state: "inconclusive",
      why: "the app's introspection endpoint does not tell secrets apart",
    });
  });

  test.each([200, 400, 401, 499])("says invalid where it is refused with %i", async (status) => {
    expect(await verdictOn(status, REFUSED)).toEqual({
      state: "invalid",
    });
  });

  test("is made again after a lost answer, and says so", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    const secret = await provider.rotate();
    service.emulator.faults.arm({ kind: "reset", changed: false }, INTROSPECTION);
    expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
    expect(connection.waits.map(({ why }) => why)).toEqual([
      "The answer of Authing to the request to introspect a token was lost (ECONNRESET); expected a whole answer.",
    ]);
  });

  test.each<[string, Fault]>([
    ["does not answer", { kind: "reset", changed: false }],
    ["redirects", { kind: "answer", changed: false, status: 302, headers: { location: "/login" } }],
  ])("cannot tell where the endpoint %s", async (_, fault) => {
    const connection = await ready();
    const { provider, service } = connection;
    service.emulator.faults.arm(fault, { ...INTROSPECTION, times: Infinity });
    expect(await provider.verify?.(await provider.rotate())).toEqual({
      state: "inconclusive",
      why: "the app's introspection endpoint did not answer",
    });
  });

  test.each<[string, Fault]>([
    ["a web page", page(200, false)],
    ["a fault", page(500, false)],
    ["another refusal", { kind: "answer", changed: false, status: 400, body: '{"error":"invalid_request"}' }],
    ["an active token", { kind: "answer", changed: false, status: 200, body: '{"active":true}' }],
  ])("cannot tell from %s", async (_, fault) => {
    const connection = await ready();
    const { provider, service } = connection;
    service.emulator.faults.arm(fault, { ...INTROSPECTION, times: Infinity });
    expect(await provider.verify?.(await provider.rotate())).toMatchObject({ state: "inconclusive" });
  });

  test("says invalid while the new secret has not got around, and valid from then on", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    service.emulator.introspectionLag = 2;
    const secret = await provider.rotate();
    expect(await provider.verify?.(secret)).toEqual({ state: "invalid" });
    expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
  });
});

test("inputs that are missing are told together, and none of them is shown", () => {
  const act = (): unknown => connect({ "access-key-id": "", "access-key-secret": "" });
  expect(act).toThrow(/^INPUT_MISSING: Input "access-key-id" .*\nINPUT_MISSING: Input "access-key-secret" /);
});
