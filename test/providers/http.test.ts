import { describe, expect, test } from "vitest";
import { RotationError, RotationErrors } from "../../src/errors.ts";
import { readInputs, type Settings } from "../../src/inputs.ts";
import { parseRotationsFile } from "../../src/inputs/rotations-file.ts";
import { Masker } from "../../src/secret.ts";
import type { Fault } from "../emulators/emulator.ts";
import { type HttpService, httpService, httpUnread, httpWithKey, ODD_APP } from "../support/http-services.ts";
import { refusing } from "../support/huawei-services.ts";
import {
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";
import { readingContext } from "../support/reading-context.ts";

type Http = Connection & { readonly service: HttpService };
type Change = Parameters<typeof connectTo<HttpService>>[2];

const connect = (change?: Change, kit = httpService): Http => connectTo<HttpService>("http", kit, change);

async function ready(change?: Change, kit = httpService): Promise<Http> {
  const connection = connect(change, kit);
  await preflight(connection);
  return connection;
}

const TOKEN = { method: "POST", path: /^\/oauth\/token$/ };
const READ = { method: "GET", path: /^\/apps\// };

describe("a rotation", () => {
  test("has the app's id encoded in path, query and body, and sends what is declared", async () => {
    const { provider, service } = await ready();
    await provider.rotate();
    const [order] = requestsOf(service, service.rotateCall);
    const id = encodeURIComponent(ODD_APP);
    expect(order?.path).toBe(`/apps/${id}/secret?app=${id}`);
    expect(order?.body).toBe(`{"app": ${JSON.stringify(ODD_APP)}, "reason": "rotation"}`);
    expect(order?.headers).toMatchObject({
      "x-reason": "rotation",
      accept: "application/json",
      "content-type": "application/json",
      authorization: `Bearer ${service.emulator.tokens[0] ?? ""}`,
    });
  });

  test("without a body declares none", async () => {
    const { provider, service } = await ready({ inputs: { "http.body": "" } });
    await provider.rotate().catch(() => undefined);
    const [order] = requestsOf(service, service.rotateCall);
    expect(order?.body).toBe("");
    expect(order?.headers).not.toHaveProperty("content-type");
  });

  test("whose answer says that it is no success, and has changed nothing, has failed", async () => {
    const connection = await ready();
    const body = { code: 7, message: "the app is locked", data: { "app/secret": "not-a-new-secret" } };
    connection.service.emulator.faults.arm(refusing(200, body), connection.service.rotateCall);
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "PROVIDER_REFUSED",
        changed: "no",
        message: `HTTP service refused to rotate the secret ("/code" is not "0"); expected it to be done.`,
        detail: "7: the app is locked",
      },
      connection,
    );
    expect(requestsOf(connection.service, connection.service.rotateCall)).toHaveLength(1);
  });

  test("whose answer says that it is no success, and has made a new secret, gives that", async () => {
    const { provider, service } = await ready();
    service.emulator.successCode = 9;
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect(service.changes()).toBe(1);
  });

  test("whose answer says that it is no success is unknown where that cannot be looked at", async () => {
    const unread = await ready({}, httpUnread);
    unread.service.emulator.successCode = 9;
    await expectFailure(unread.provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, unread);
    const broken = await ready();
    broken.service.emulator.successCode = 9;
    broken.service.emulator.faults.arm({ kind: "reset", changed: false }, { ...READ, times: Infinity });
    await expectFailure(broken.provider.rotate(), { code: "PROVIDER_REFUSED", changed: "unknown" }, broken);
  });

  test.each([
    ["0", 0],
    ["true", true],
    ["null", null],
    ["ok", "ok"],
  ])("is a success where %j stands for %j", async (value, code) => {
    const { provider, service } = await ready({ inputs: { "http.success.value": value } });
    const body = { code, data: { "app/secret": "a-secret-of-a-test" } };
    service.emulator.faults.arm(refusing(200, body), service.rotateCall);
    expect((await provider.rotate()).value.expose()).toBe("a-secret-of-a-test");
  });

  test.each([
    ["no such part", {}],
    ["a list", { data: { "app/secret": ["x"] } }],
    ["stars", { data: { "app/secret": "******" } }],
    ["a number", { data: { "app/secret": 12345678 } }],
  ])("whose answer has %s where the secret should be is looked for by reading", async (_, body) => {
    const { provider, service } = await ready();
    const fault: Fault = { ...refusing(200, { code: 0, ...body }), changed: true } as Fault;
    service.emulator.faults.arm(fault, service.rotateCall);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect(service.changes()).toBe(1);
  });

  test("that gives the former secret again is no rotation", async () => {
    const connection = await ready({}, httpUnread);
    const again = { code: 0, data: { "app/secret": "the-same-secret" } };
    connection.service.emulator.faults.arm(refusing(200, again), {
      ...connection.service.rotateCall,
      times: 2,
    });
    // Without a read nobody can know; with one it is found out.
    expect((await connection.provider.rotate()).value.expose()).toBe("the-same-secret");
    const read = await ready();
    const former = { code: 0, data: { "app/secret": read.service.inForce() } };
    read.service.emulator.faults.arm(refusing(200, former), { ...read.service.rotateCall, times: Infinity });
    const found = "HTTP service answered with the former secret; expected a new one.";
    await expectFailure(
      read.provider.rotate(),
      { code: "ROTATION_UNKNOWN", changed: "unknown", detail: found },
      read,
    );
    expect(read.waits.map(({ why }) => why)).toEqual([`${found} Looking once more which secret is in force`]);
  });

  test.each([
    [400, "PROVIDER_REFUSED"],
    [401, "PROVIDER_UNAUTHORIZED"],
    [403, "PROVIDER_FORBIDDEN"],
    [404, "APP_NOT_FOUND"],
    [422, "PROVIDER_REFUSED"],
    [429, "PROVIDER_RATE_LIMITED"],
  ])("answered %i has changed nothing, with or without a read", async (status, code) => {
    for (const kit of [httpService, httpUnread]) {
      const connection = await ready({}, kit);
      const body = { error: "no", error_description: "not now" };
      connection.service.emulator.faults.arm(refusing(status, body), connection.service.rotateCall);
      await expectFailure(
        connection.provider.rotate(),
        { code, changed: "no", detail: "no: not now" },
        connection,
      );
    }
  });

  test.each([408, 500, 502])("answered %i is unknown without a read", async (status) => {
    const connection = await ready({}, httpUnread);
    connection.service.emulator.faults.arm(refusing(status, {}), connection.service.rotateCall);
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        message:
          "It is not known whether HTTP service has made a new secret; expected a whole answer or a readable secret.",
      },
      connection,
    );
    expect(requestsOf(connection.service, connection.service.rotateCall)).toHaveLength(1);
  });

  test("is not prepared once the run is cancelled, even where nothing would be asked", async () => {
    const unread = { "http.read.url": "", "http.read.pointer": "" };
    const { provider, service } = connect({ inputs: unread }, httpWithKey);
    const reason = RotationError.of("CANCELLED", { signal: "SIGTERM" });
    await expect(provider.preflight(AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(provider.preflight(new AbortController().signal)).resolves.toBeUndefined();
    expect(service.emulator.requests).toEqual([]);
  });
});

describe("a read", () => {
  test("before a rotation takes the secret in force for no late one", async () => {
    const { provider, service, clock } = await ready();
    expect((await provider.read?.())?.value.expose()).toBe(service.inForce());
    expect(clock.waits).toEqual([]);
  });

  test("that is late after a rotation is repeated", async () => {
    const { provider, service, clock } = await ready();
    service.emulator.staleReads = 2;
    const { value } = await provider.rotate();
    expect((await provider.read?.())?.value.equals(value)).toBe(true);
    expect(clock.waits).toEqual([1_000, 2_000]);
  });

  test("is all that confirms; without one nothing does", () => {
    expect(connect().provider).not.toHaveProperty("verify");
    const { provider } = connect({}, httpUnread);
    expect(provider).not.toHaveProperty("read");
    expect(provider).not.toHaveProperty("restore");
    expect(provider.confirms).toBe("beside");
  });
});

describe("a token", () => {
  test("is asked for with the client in a header, encoded before it is joined", async () => {
    const { service, announced } = await ready();
    const [asked] = requestsOf(service, TOKEN);
    const pair = "rotator%3A+of+a%2Bb:s3cr3t%3A+of%2Fthe%2Brotator+%26+more";
    expect(asked?.headers["authorization"]).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
    expect(asked?.body).toBe("grant_type=client_credentials&scope=apps+secrets");
    expect(announced).toContain(Buffer.from(pair).toString("base64"));
    expect(announced).toContain(service.emulator.tokens[0]);
  });

  test("is asked for with the client in the form", async () => {
    const { service } = await ready({}, httpUnread);
    const [asked] = requestsOf(service, TOKEN);
    expect(asked?.headers).not.toHaveProperty("authorization");
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: "client_credentials",
      client_id: "rotator: of a+b",
      client_secret: "s3cr3t: of/the+rotator & more",
    });
  });

  test("is asked for again when it is about to end, and not before", async () => {
    const connection = await ready();
    const { service, clock } = connection;
    clock.advance(29_000);
    await preflight(connection);
    expect(service.emulator.tokens).toHaveLength(1);
    clock.advance(2_000);
    await connection.provider.rotate();
    expect(service.emulator.tokens).toHaveLength(2);
  });

  test("that cannot be had any more leaves the secret as it was", async () => {
    const connection = await ready();
    connection.clock.advance(3_600_000);
    connection.service.emulator.faults.arm({ kind: "stall", changed: false }, { ...TOKEN, times: Infinity });
    await expectFailure(
      connection.provider.rotate(),
      { code: "PROVIDER_ANSWER_LOST", changed: "no" },
      connection,
    );
    expect(requestsOf(connection.service, connection.service.rotateCall)).toEqual([]);
  });

  test.each([
    ["no token", {}],
    ["an empty one", { access_token: "" }],
    ["one that is no text", { access_token: 1 }],
  ])("is not %s", async (_, body) => {
    const connection = connect();
    connection.service.emulator.faults.arm(refusing(200, body), TOKEN);
    await expectFailure(preflight(connection), { code: "PROVIDER_ANSWER_INVALID" }, connection);
  });

  test("that does not say when it ends is used to the end of the run", async () => {
    const connection = connect({}, httpUnread);
    const fault = refusing(200, { access_token: "a-token-of-a-test", token_type: "bearer" });
    connection.service.emulator.faults.arm(fault, { ...TOKEN, times: Infinity });
    await preflight(connection);
    connection.clock.advance(86_400_000);
    await preflight(connection);
    expect(requestsOf(connection.service, TOKEN)).toHaveLength(1);
  });
});

test("a key stands in its header, and is masked, also without its scheme", async () => {
  const { service, provider } = await ready({}, httpWithKey);
  await provider.rotate();
  for (const { headers } of service.emulator.requests)
    expect(headers["x-api-key"]).toBe("k3y-of-the-service");
  const key = { "http.auth.headers.X-Api-Key": "", "http.auth.headers.Authorization": "Bearer abcdef-token" };
  const { announced } = connect({ inputs: key }, httpWithKey);
  expect(announced).toContain("Bearer abcdef-token");
  expect(announced).toContain("abcdef-token");
});

describe("the map `http`", () => {
  const FILE = "rotations.yml";
  const GOOD = `
      url: /apps/{app-id}/secret
      pointer: /secret
      auth:
        headers:
          Authorization: Bearer \${TOKEN}`;

  function read(
    http: string,
    { appId = "app-1", base = "https://api.example.com", more = "" } = {},
  ): Settings {
    const text = `rotations:
  - name: login
    provider: http
    app-id: ${JSON.stringify(appId)}
    secret-name: A
${base === "" ? "" : `    api-url: ${base}\n`}    http:${http}
${more}`;
    const masker = new Masker(() => undefined);
    return readInputs(
      { config: FILE, "github-token": "github_pat_of_a_test" },
      {
        event: { name: "schedule", payload: () => undefined },
        repository: "acme/own",
        variable: (name) => ({ TOKEN: "token-of-a-test", LINES: "token\nof-a-test" })[name],
      },
      {
        masker,
        entries: parseRotationsFile(text, FILE),
        contextFor: () => readingContext(masker),
      },
    );
  }

  function problems(http: string, options?: Parameters<typeof read>[1]): readonly string[] {
    try {
      read(http, options);
      return [];
    } catch (thrown) {
      if (!(thrown instanceof RotationErrors)) throw thrown;
      return thrown.errors.map(({ code, message }) => `${code}: ${message.replaceAll("rotations.yml:", "")}`);
    }
  }

  const apiUrlOf = ({ rotations }: Settings): string | undefined => rotations[0]?.provider.apiUrl;

  test("is read without a warning", () => {
    const settings = read(GOOD);
    expect(settings.warnings).toEqual([]);
    expect(apiUrlOf(settings)).toBe("https://api.example.com");
  });

  test("without api-url has whole addresses, which then tell services apart", () => {
    const http = GOOD.replace("/apps/{app-id}", "https://api.example.com/apps/{app-id}");
    expect(apiUrlOf(read(http.replace("/secret\n", "/secret/?a=b\n"), { base: "" }))).toBe(
      "https://api.example.com/apps/{app-id}/secret",
    );
  });

  test("may be shared, in part, by defaults", () => {
    const text = `defaults:
  api-url: https://api.example.com
  http: {auth: {headers: {Authorization: "Bearer \${TOKEN}"}}, pointer: /secret}
rotations:
  - {name: a, provider: http, app-id: a, secret-name: A, http: {url: "/a/{app-id}"}}
  - {name: b, provider: http, app-id: b, secret-name: B, http: {url: "/b/{app-id}", pointer: /b}}
  - {name: c, provider: cloudroom, app-id: c, comp-id: "1", comp-secret: d, secret-name: C}
`;
    const entries = parseRotationsFile(text, FILE);
    expect(entries[0]?.inputs.get("http.pointer")).toMatchObject({ text: "/secret", inherited: true });
    expect(entries[1]?.inputs.get("http.pointer")).toMatchObject({ text: "/b", inherited: false });
  });

  test("is wanted, and not among the inputs of a step", () => {
    const wanted = `INPUT_INVALID: 3:15 (login): Input "provider" is "http"; expected a rotations file (input "config") that describes the service under "http:".`;
    expect(problems(" {}")).toEqual([wanted]);
    const step = {
      provider: "http",
      "app-id": "a",
      "secret-name": "A",
      "github-token": "t",
      "http.url": "https://x.example",
    };
    const masker = new Masker(() => undefined);
    expect(() =>
      readInputs(
        step,
        {
          event: { name: "schedule", payload: () => undefined },
          repository: "acme/own",
          variable: () => undefined,
        },
        { masker, contextFor: () => ({ masker }) as never },
      ),
    ).toThrow(/^INPUT_INVALID: Input "provider" is "http"; expected a rotations file/);
  });

  test("has every problem told at once, with its line and column", () => {
    expect(
      problems(`
      url: https://{app-id}.example.com/{id}
      methode: POST
      method: GET
      headers:
        Host: elsewhere
        Cookie: a=b
        X-A: "a\\nb"
        x-a: c
      body: '{"id": {app-id}}'
      pointer: secret
      success:
        pointer: /code
      read:
        url: http://api.example.com/a
        pointers: /a
      auth:
        token-url: /oauth/{app-id}
        client-secret: \${NOBODY}
        headers: {}`),
    ).toEqual([
      `CONFIG_INVALID: 9:16 (login): http: there is "methode"; expected "url", "method", "headers", "body", "pointer", "success", "read", "auth".`,
      `CONFIG_INVALID: 22:19 (login): http.read: there is "pointers"; expected "url", "headers", "pointer".`,
      `INPUT_INVALID: 16:13 (login): Input "http.body" is no JSON; expected JSON with {app-id} in its texts only.`,
      `CONFIG_INVALID: 19:9 (login): http.success: there is no "value"; expected one.`,
      `URL_INSECURE: 21:14 (login): Input "http.read.url" is "http://api.example.com"; expected an https URL (http only for loopback).`,
      `CONFIG_INVALID: 21:9 (login): http.read: there is no "pointer"; expected one.`,
      `INPUT_INVALID: 10:15 (login): Input "http.method" is "GET"; expected "POST" or "PUT" or "PATCH".`,
      `INPUT_INVALID: 8:12 (login): Input "http.url" is an address with {app-id} in its host; expected an address with {app-id} in its path or query only.`,
      `INPUT_INVALID: 8:12 (login): Input "http.url" is an address with "{id}"; expected an address with {app-id} in its path or query only.`,
      `CONFIG_INVALID: 12:15 (login): http.headers: there is "host"; expected names of headers, each once, and none of the connection's.`,
      `CONFIG_INVALID: 15:14 (login): http.headers: there is "x-a" twice; expected names of headers, each once, and none of the connection's.`,
      `CONFIG_INVALID: 13:17 (login): http.headers: there is "cookie"; expected it under "http.auth.headers", from a variable of the step's "env:".`,
      `INPUT_INVALID: 14:14 (login): Input "http.headers.X-A" is a text that no header can carry; expected one line of Latin characters.`,
      `INPUT_INVALID: 17:16 (login): Input "http.pointer" is "secret"; expected a JSON Pointer such as /data/secret.`,
      `INPUT_INVALID: 24:20 (login): Input "http.auth.token-url" is an address with {app-id}; expected one without it.`,
      `CONFIG_INVALID: 24:9 (login): http.auth: there is no "client-id"; expected one.`,
      `VARIABLE_UNUSABLE: 25:24 (login): Input "http.auth.client-secret" names the variable "NOBODY", which is not set or empty; expected it in the step's "env:".`,
    ]);
  });

  test.each([
    [
      "a secret in an address",
      GOOD.replace("/secret", "/${TOKEN}"),
      /^VARIABLE_UNUSABLE: 8:12 .* stands outside/,
    ],
    ["a secret in a body", `${GOOD}\n      body: '{"a": "\${TOKEN}"}'`, /^VARIABLE_UNUSABLE: 13:13 /],
    [
      "a credential of two lines",
      GOOD.replace("TOKEN", "LINES"),
      /^INPUT_INVALID: 12:26 .* no header can carry/,
    ],
    [
      "an address with a password",
      GOOD.replace("/apps", "https://a:b@api.example.com/apps"),
      /with credentials or a fragment/,
    ],
    [
      "no credential",
      GOOD.replace(/auth:[^]*/, ""),
      /^CONFIG_INVALID: .* http\.auth: there is nothing; expected "headers", or "token-url"/,
    ],
    [
      "two credentials",
      `${GOOD}\n        token-url: /t\n        client-id: a\n        client-secret: b`,
      /^INPUT_CONFLICT: 11:9/,
    ],
    ["a text for a map", GOOD.replace(/auth:[^]*/, "auth: me\n"), /http\.auth: it is a text; expected a map/],
    [
      "a map for a text",
      GOOD.replace("pointer: /secret", "pointer: {a: b}"),
      /http\.pointer: there is "a"; expected a text/,
    ],
    [
      "a bad pointer",
      GOOD.replace("/secret\n      auth", "/a~2\n      auth"),
      /^INPUT_INVALID: .* JSON Pointer/,
    ],
    [
      "an id in plain text",
      `${GOOD}\n      headers: {Content-Type: text/plain}\n      body: "{app-id}"`,
      /type "text\/plain" with \{app-id\}/,
    ],
    [
      "a name that is no header",
      `${GOOD}\n      headers: {"a b": c}`,
      /there is "a b"; expected names of headers/,
    ],
  ])("may not have %s", (_, http, problem) => {
    expect(problems(http).join("\n")).toMatch(problem);
  });

  test.each([".", ".."])("does not let the app-id %s climb in its path", (appId) => {
    expect(problems(GOOD, { appId })).toEqual([
      `INPUT_INVALID: 8:12 (login): Input "http.url" is an address whose path climbs with this app-id; expected one without "." and "..".`,
    ]);
    // Where it stands for something else than a segment it is harmless.
    expect(problems(GOOD.replace("{app-id}", "a-{app-id}"), { appId })).toEqual([]);
  });

  test("refuses an app-id that its header cannot carry", () => {
    const http = `${GOOD}\n      headers: {X-App: "{app-id}"}`;
    expect(problems(http, { appId: "订单" })).toEqual([
      expect.stringMatching(/Input "http\.headers\.X-App" is a text/),
    ]);
    expect(problems(http, { appId: "a\r\nX-Evil: b" }).join()).toContain(
      `Input "http.headers.X-App" is a text`,
    );
  });

  test("takes a form", () => {
    const form = `${GOOD}\n      headers: {content-type: application/x-www-form-urlencoded}\n      body: id={app-id}`;
    expect(problems(form)).toEqual([]);
  });

  test("with the same id at two addresses describes two apps", () => {
    const other = (path: string): string =>
      `  - {name: b, provider: http, app-id: app-1, secret-name: B, http: {url: "https://api.example.com${path}", pointer: /a, auth: {headers: {A: b-secret}}}}`;
    const http = GOOD.replace("/apps", "https://api.example.com/apps");
    expect(problems(http, { base: "", more: other("/hooks/{app-id}") })).toEqual([]);
    expect(problems(http, { base: "", more: other("/apps/{app-id}/secret") })).toEqual([
      expect.stringMatching(/^ROTATION_DUPLICATE/),
    ]);
  });
});
