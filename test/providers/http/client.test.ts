import { describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../../src/http.ts";
import { createHttpClient } from "../../../src/providers/http/client.ts";
import type { Declaration } from "../../../src/providers/http/declaration.ts";
import { Masker } from "../../../src/secret.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { readingContext } from "../../support/reading-context.ts";

type Answer = Partial<HttpResponse>;

const READ = {
  url: "https://api.example.test/apps/app-1",
  headers: { accept: "application/json" },
  pointer: "/secret",
};

/** A client of a service that gives one answer to every request for a token, and one to every other. */
function bench({
  token = { body: `{"access_token":"token-of-a-test"}` },
  answer = { body: `{"secret":"secret-of-a-test"}` },
  oauth = false,
  success,
}: {
  readonly token?: Answer;
  readonly answer?: Answer;
  readonly oauth?: boolean;
  readonly success?: NonNullable<Declaration["success"]>;
} = {}) {
  const requests: HttpRequest[] = [];
  const masked: string[] = [];
  const waits: string[] = [];
  const clock = createFakeClock();
  const masker = new Masker((form) => masked.push(form));
  const context = {
    ...readingContext(masker),
    clock,
    onWait: (why: string) => {
      waits.push(why);
    },
    http: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve({
        status: 200,
        headers: {},
        body: "",
        ...(request.url.endsWith("/token") ? token : answer),
      });
    },
  };
  const auth: Declaration["auth"] = oauth
    ? {
        kind: "client-credentials",
        digest: "of a test",
        tokenUrl: "https://api.example.test/token",
        clientId: "rotator",
        clientSecret: masker.secret("password-of-a-test"),
        scope: undefined,
        clientAuth: "basic",
      }
    : { kind: "headers", digest: "of a test", headers: { "x-api-key": masker.secret("key-of-a-test") } };
  const rotation = {
    method: "POST",
    url: "https://api.example.test/apps/app-1/secret",
    headers: {},
  } as const;
  const client = createHttpClient(
    { apiUrl: "https://api.example.test", rotation, pointer: "/secret", auth, ...(success && { success }) },
    { title: "HTTP service", appId: "app-1" },
    context,
  );
  const tokens = (): number => requests.filter(({ url }) => url.endsWith("/token")).length;
  return { client, requests, masked, waits, clock, tokens };
}

const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });

describe("a service that needs no token", () => {
  test("is sent the credential's headers with each request", async () => {
    const { client, requests } = bench();
    await client.logIn();
    expect(requests).toEqual([]);
    await client.rotate();
    await client.read(READ);
    expect(requests).toMatchObject([
      { method: "POST", headers: { "x-api-key": "key-of-a-test" } },
      { method: "GET", url: READ.url, headers: { accept: "application/json", "x-api-key": "key-of-a-test" } },
    ]);
  });

  test.each([200, 201, 299])("has rotated with %i, where nothing more is declared", async (status) => {
    const { client } = bench({ answer: json(status, { secret: "secret-of-a-test" }) });
    expect((await client.rotate()).expose()).toBe("secret-of-a-test");
  });

  test.each([100, 199, 400, 409, 499])("has refused with %i, whatever it shows", async (status) => {
    const { client } = bench({ answer: json(status, { secret: "secret-of-a-test" }) });
    await expect(client.rotate()).rejects.toMatchObject({
      code: "PROVIDER_REFUSED",
      changed: "no",
      transient: false,
      message: `HTTP service refused to rotate the secret (HTTP ${String(status)}); expected it to be done.`,
    });
  });
});

describe("what stands where the secret should", () => {
  test.each([200, 400, 401, 500])("is hidden, also with %i and before anything is told", async (status) => {
    const secret = { message: "see secret", secret: "secret-of-a-test", ok: false };
    const { client, masked } = bench({
      answer: json(status, secret),
      success: { pointer: "/ok", value: "true" },
    });
    await expect(client.rotate()).rejects.toHide(["secret-of-a-test"]);
    expect(masked).toContain("secret-of-a-test");
  });

  test.each([
    [{ secret: { value: "x" } }, "not a string"],
    [{ secret: null }, "not a string"],
    [{ other: "x" }, "missing"],
    [{ secret: " " }, "empty"],
    [["x"], "missing"],
  ])("is none of %j", async (body, found) => {
    await expect(bench({ answer: json(200, body) }).client.rotate()).rejects.toMatchObject({
      code: "SECRET_UNUSABLE",
      changed: "unknown",
      message: `The secret that HTTP service gave is ${found}; expected plain text of 1 to 49152 bytes.`,
    });
  });
});

describe("an answer that is no JSON", () => {
  test.each([
    ["", "nothing"],
    ["<html>", "a web page"],
    ["secret=x", "no JSON object"],
  ])("such as %j leaves open what was done", async (body, found) => {
    await expect(bench({ answer: { body } }).client.rotate()).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      changed: "unknown",
      message: `HTTP service answered ${found} (HTTP 200) when asked to rotate the secret; expected JSON.`,
    });
    await expect(bench({ answer: { body } }).client.read(READ)).rejects.toMatchObject({
      message: `HTTP service answered ${found} (HTTP 200) when asked to read the secret in force; expected JSON.`,
    });
  });
});

const REFUSALS = [
  {
    status: 401,
    code: "PROVIDER_UNAUTHORIZED",
    message: () =>
      `HTTP service refused the management credential; expected what stands under "http.auth" to be valid.`,
  },
  {
    status: 403,
    code: "PROVIDER_FORBIDDEN",
    message: (action: string) =>
      `HTTP service does not let this management credential ${action}; expected the right to do so.`,
  },
  {
    status: 404,
    code: "APP_NOT_FOUND",
    message: () => `HTTP service does not know the app "app-1"; expected an app of this account.`,
  },
  {
    status: 410,
    code: "APP_NOT_FOUND",
    message: () => `HTTP service does not know the app "app-1"; expected an app of this account.`,
  },
  {
    status: 422,
    code: "PROVIDER_REFUSED",
    message: (action: string) => `HTTP service refused to ${action} (HTTP 422); expected it to be done.`,
  },
  {
    status: 429,
    code: "PROVIDER_RATE_LIMITED",
    transient: true,
    message: (action: string) =>
      `HTTP service answered "too many requests" when asked to ${action}; expected it to be done.`,
  },
  ...[408, 500, 503].map((status) => ({
    status,
    code: "PROVIDER_UNAVAILABLE",
    transient: true,
    changed: "unknown",
    message: (action: string) =>
      `HTTP service answered with server error ${String(status)} when asked to ${action}; expected it to be done.`,
  })),
].map((refusal) => ({ transient: false, changed: "no", ...refusal }));

describe.each(REFUSALS)("answered $status", ({ status, code, transient, changed, message }) => {
  const answer = json(status, { message: "not now" });

  test(`a rotation fails once with ${code}`, async () => {
    const { client, requests } = bench({ answer });
    await expect(client.rotate()).rejects.toMatchObject({
      code,
      transient,
      changed,
      message: message("rotate the secret"),
      detail: "not now",
    });
    expect(requests).toHaveLength(1);
  });

  test(`a read ${transient ? "is repeated, then" : "at once"} fails with ${code}`, async () => {
    const { client, requests, waits } = bench({ answer });
    const said = message("read the secret in force");
    await expect(client.read(READ)).rejects.toMatchObject({ code, message: said, detail: "not now" });
    expect(requests).toHaveLength(transient ? 4 : 1);
    expect(waits).toEqual(transient ? [said, said, said] : []);
  });
});

describe("a service that throttles", () => {
  test.each([
    [{ "retry-after": "90" }, 90_000],
    [{ "retry-after": "Sun, 22 Nov 2026 03:02:00 GMT" }, 119_500],
    [{}, undefined],
  ])("is left alone as long as it asks for, with %j", async (headers, retryAfter) => {
    const { client } = bench({ answer: { status: 429, headers } });
    await expect(client.rotate()).rejects.toMatchObject({ retryAfter });
  });

  test("is read again when it asks for it", async () => {
    const { client, clock } = bench({ answer: { status: 429, headers: { "retry-after": "59" } } });
    await expect(client.read(READ)).rejects.toMatchObject({ code: "PROVIDER_RATE_LIMITED" });
    expect(clock.waits).toEqual([59_000, 59_000, 59_000]);
  });
});

describe("what a service says about a refusal", () => {
  test.each(["error", "error_description", "errorMessage", "code", "message", "msg", "title", "detail"])(
    "is taken from %s",
    async (name) => {
      const { client } = bench({ answer: json(400, { [name]: "it is locked" }) });
      await expect(client.rotate()).rejects.toMatchObject({ detail: "it is locked" });
    },
  );

  test("has all its parts, numbers too, the general ones first", async () => {
    const body = { detail: "since noon", title: "Locked", message: "the app", code: 0, error: "locked" };
    await expect(bench({ answer: json(409, body) }).client.rotate()).rejects.toMatchObject({
      detail: "locked: 0: the app: Locked: since noon",
    });
  });

  test.each([
    ["other names", { secret: "secret-of-a-test", data: "x", Message: "x" }],
    ["what is no text", { message: { text: "x" }, code: null, error: ["x"], detail: true }],
    ["a list", ["x"]],
    ["a text", "message"],
    ["nothing", undefined],
  ])("is not taken from %s", async (_, body) => {
    await expect(bench({ answer: json(400, body) }).client.rotate()).rejects.toMatchObject({
      code: "PROVIDER_REFUSED",
      detail: undefined,
    });
  });
});

describe("what is declared as success", () => {
  const ask = (value: string, body: object) =>
    bench({
      answer: json(200, { secret: "secret-of-a-test", ...body }),
      success: { pointer: "/code", value },
    }).client.rotate();

  test.each([
    ["0", 0],
    ["false", false],
    ["null", null],
    ["1.5", 1.5],
    ["ok", "ok"],
  ])("%j is met by %j", async (value, code) => {
    expect((await ask(value, { code })).expose()).toBe("secret-of-a-test");
  });

  test.each([
    ["0", { code: 1 }],
    ["ok", { code: "OK" }],
    ["ok", {}],
    ["undefined", {}],
    ["{}", { code: {} }],
    ["[]", { code: [] }],
    ["[object Object]", { code: {} }],
  ])("%j is not met by %j, and what was done is unknown", async (value, body) => {
    await expect(ask(value, { ...body, message: "not now" })).rejects.toMatchObject({
      code: "PROVIDER_REFUSED",
      changed: "unknown",
      message: `HTTP service refused to rotate the secret ("/code" is not "${value}"); expected it to be done.`,
      hint: `Look in the log what the service said; if it has done it, correct "http.success".`,
      detail: expect.stringContaining("not now") as unknown,
    });
  });

  test("is not asked of a read", async () => {
    const { client } = bench({ success: { pointer: "/code", value: "0" } });
    expect((await client.read(READ)).expose()).toBe("secret-of-a-test");
  });
});

describe("a token", () => {
  test("is asked for as OAuth has it", async () => {
    const { client, requests } = bench({ oauth: true });
    await client.rotate();
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: "https://api.example.test/token",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          authorization: `Basic ${Buffer.from("rotator:password-of-a-test").toString("base64")}`,
        },
        body: "grant_type=client_credentials",
      },
      { headers: { authorization: "Bearer token-of-a-test" } },
    ]);
  });

  test.each([200, 400, 500])("is hidden, also where it came with %i", async (status) => {
    const { client, masked } = bench({
      oauth: true,
      token: json(status, { access_token: "token-of-a-test" }),
    });
    await client.logIn().catch(() => undefined);
    expect(masked).toContain("token-of-a-test");
  });

  test.each([400, 401, 403, 404, 410, 422, 499])("is refused to a wrong client with %i", async (status) => {
    const body = { error: "invalid_client", error_description: "unknown client" };
    const { client, requests } = bench({ oauth: true, token: json(status, body) });
    await expect(client.rotate()).rejects.toMatchObject({
      code: "PROVIDER_UNAUTHORIZED",
      transient: false,
      changed: "no",
      message: `HTTP service refused the management credential; expected what stands under "http.auth" to be valid.`,
      hint: `Check what stands under "http.auth", then run again.`,
      detail: "invalid_client: unknown client",
    });
    expect(requests).toHaveLength(1);
  });

  test.each([
    [408, "PROVIDER_UNAVAILABLE", "answered with server error 408"],
    [429, "PROVIDER_RATE_LIMITED", `answered "too many requests"`],
    [500, "PROVIDER_UNAVAILABLE", "answered with server error 500"],
  ])("may come later after %i, and nothing is done without it", async (status, code, said) => {
    const { client, requests, clock } = bench({
      oauth: true,
      token: { ...json(status, { error: "busy" }), headers: { "retry-after": "20" } },
    });
    await expect(client.rotate()).rejects.toMatchObject({
      code,
      transient: true,
      changed: "no",
      message: `HTTP service ${said} when asked to issue a token; expected it to be done.`,
      detail: "busy",
    });
    expect(requests.map(({ url }) => url)).toEqual(Array(4).fill("https://api.example.test/token"));
    if (status === 429) expect(clock.waits).toEqual([20_000, 20_000, 20_000]);
  });

  test.each([
    ["<html>", "a web page (HTTP 200)"],
    ["", "nothing (HTTP 200)"],
    ["[]", "no JSON object (HTTP 200)"],
    ["{}", "no access_token"],
    [`{"access_token":""}`, "no access_token"],
    [`{"access_token":17}`, "no access_token"],
    [`{"token":"x"}`, "no access_token"],
  ])("is not what %j holds", async (body, found) => {
    await expect(bench({ oauth: true, token: { body } }).client.rotate()).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      changed: "no",
      message: `HTTP service answered ${found} when asked to issue a token; expected an access token.`,
    });
  });

  const lasting = (expires: unknown) =>
    bench({ oauth: true, token: json(200, { access_token: "token-of-a-test", expires_in: expires }) });

  test.each([
    [3_600, 3_570_000],
    ["3600", 3_570_000],
    [60, 30_000],
    [59, 29_500],
    [10, 5_000],
    [1, 500],
  ])("that lasts %j s is used for %i ms", async (expires, life) => {
    const { client, clock, tokens } = lasting(expires);
    await client.logIn();
    clock.advance(life - 1);
    await client.logIn();
    expect(tokens()).toBe(1);
    clock.advance(1);
    await client.logIn();
    expect(tokens()).toBe(2);
  });

  test.each([undefined, null, 0, -1, "0", "soon", {}])(
    "that says nothing of use about its end (%j) is kept",
    async (expires) => {
      const { client, clock, tokens } = lasting(expires);
      await client.logIn();
      clock.advance(86_400_000);
      await client.rotate();
      expect(tokens()).toBe(1);
    },
  );
});
