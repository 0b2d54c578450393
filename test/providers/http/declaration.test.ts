import { describe, expect, test } from "vitest";
import { createReader } from "../../../src/inputs/reader.ts";
import { readDeclaration } from "../../../src/providers/http/declaration.ts";
import { Masker } from "../../../src/secret.ts";

type Texts = Readonly<Record<string, string>>;

const HEADERS = { "http.auth.headers.Authorization": "Bearer token-of-a-test" };
const CLIENT = {
  "http.auth.token-url": "/token",
  "http.auth.client-id": "rotator",
  "http.auth.client-secret": "password-of-a-test",
};
const REQUEST = {
  "api-url": "https://api.example.test",
  "http.url": "/apps/{app-id}/secret",
  "http.pointer": "/secret",
};

/** Reads what a rotations file says, maps included; an empty text is not there unless `kept` names it. */
function read(texts: Texts, { appId = "app-1", kept = [] as readonly string[] } = {}) {
  const stated = Object.entries(texts).filter(([name, text]) => text !== "" || kept.includes(name));
  const maps = stated.flatMap(([name]) => {
    const [top = "", second = "", third = ""] = name.split(".");
    return [top, `${top}.${second}`].filter((_, depth) => [second, third][depth] !== "");
  });
  const inputs = new Map([...maps.map((map) => [map, ""] as const), ...stated]);
  const masked: string[] = [];
  const masker = new Masker((form) => masked.push(form));
  const reader = createReader(
    {
      text: (name) => inputs.get(name),
      names: [...inputs.keys()],
      below: (map) => [...inputs.keys()].filter((name) => name.startsWith(`${map}.`)),
      at: (name) => name,
      toSet: () => "",
    },
    masker,
  );
  const declaration = readDeclaration(
    {
      ...reader,
      appId,
      mode: "rotate",
      verifies: true,
      event: { name: "schedule", payload: () => undefined },
      idTokens: undefined,
    },
    masker,
  );
  const problems = reader.problems().map(({ code, message }) => `${code}: ${message}`);
  return { declaration, problems, masked };
}

const good = (texts: Texts, options?: Parameters<typeof read>[1]) => {
  const { declaration, problems } = read({ ...REQUEST, ...HEADERS, ...texts }, options);
  expect(problems).toEqual([]);
  return declaration;
};

const problemsOf = (texts: Texts, options?: Parameters<typeof read>[1]): readonly string[] =>
  read({ ...REQUEST, ...HEADERS, ...texts }, options).problems;

describe("a declaration", () => {
  test("has no more than what is said, and defaults for the rest", () => {
    const declaration = good({});
    expect(declaration).toMatchObject({
      apiUrl: "https://api.example.test",
      rotation: {
        method: "POST",
        url: "https://api.example.test/apps/app-1/secret",
        headers: { accept: "application/json" },
      },
      pointer: "/secret",
    });
    expect(declaration.rotation.headers).not.toHaveProperty("content-type");
    for (const part of ["success", "read"]) expect(declaration).not.toHaveProperty(part);
    expect(declaration.rotation).not.toHaveProperty("body");
  });

  test("has all that can be said", () => {
    expect(
      good({
        "http.method": "PATCH",
        "http.headers.X-App": "app {app-id}",
        "http.headers.Accept": "text/json",
        "http.body": `{"app":"{app-id}"}`,
        "http.success.pointer": "/code",
        "http.success.value": "0",
        "http.read.url": "/apps?id={app-id}",
        "http.read.headers.X-Read": "of {app-id}",
        "http.read.pointer": "/items/0",
      }),
    ).toMatchObject({
      rotation: {
        method: "PATCH",
        headers: { accept: "text/json", "content-type": "application/json", "x-app": "app app-1" },
        body: `{"app":"app-1"}`,
      },
      success: { pointer: "/code", value: "0" },
      read: {
        url: "https://api.example.test/apps?id=app-1",
        headers: { accept: "application/json", "x-read": "of app-1" },
        pointer: "/items/0",
      },
    });
  });

  test.each([
    ["https://api.example.test/secret", "https://api.example.test/secret"],
    ["https://api.example.test/secret//", "https://api.example.test/secret"],
    ["https://api.example.test/secret//?a=b/", "https://api.example.test/secret"],
    ["https://api.example.test?app={app-id}", "https://api.example.test"],
  ])("without a base is known by its address %s", (url, apiUrl) => {
    expect(good({ "api-url": "", "http.url": url }).apiUrl).toBe(apiUrl);
  });
});

describe("an address", () => {
  const EXPECTED = "expected an address with {app-id} in its path or query only.";

  test("has to be there", () => {
    expect(problemsOf({ "http.url": "" })).toEqual([
      `CONFIG_INVALID: http.url: http: there is no "url"; expected one.`,
    ]);
    expect(problemsOf({ "http.read.pointer": "/a" })).toEqual([
      `CONFIG_INVALID: http.read.url: http.read: there is no "url"; expected one.`,
    ]);
    expect(read({ ...REQUEST, ...CLIENT, "http.auth.token-url": "" }).problems).toEqual([
      `CONFIG_INVALID: http.auth.token-url: http.auth: there is no "token-url"; expected one.`,
    ]);
  });

  test("that is none has that told, and nothing else", () => {
    expect(problemsOf({ "http.url": "apps/{id}" })).toEqual([
      `INPUT_INVALID: http.url: Input "http.url" is not a web address; expected an address such as https://api.example.com.`,
    ]);
  });

  test.each([
    ["/apps/{id}/secret", "{id}"],
    ["/apps/{id", "{id"],
    ["/apps/id}", "}"],
    ["/apps/{app_id}", "{app_id}"],
    ["/apps/{}", "{}"],
    ["/apps/{app-id}/{app-id", "{app-id"],
    ["/apps/{app-id}}", "}"],
  ])("of %s has a placeholder that nobody fills", (url, found) => {
    const sentence = (input: string): string =>
      `INPUT_INVALID: ${input}: Input "${input}" is an address with "${found}"; ${EXPECTED}`;
    expect(problemsOf({ "http.url": url })).toEqual([sentence("http.url")]);
    expect(problemsOf({ "http.read.url": url, "http.read.pointer": "/a" })).toEqual([
      sentence("http.read.url"),
    ]);
  });

  test.each(["https://{app-id}.example.test/apps", "https://{app-id}", "HTTPS://a.{app-id}?a=b"])(
    "has the id in its host in %s",
    (url) => {
      expect(problemsOf({ "http.url": url })).toContain(
        `INPUT_INVALID: http.url: Input "http.url" is an address with {app-id} in its host; ${EXPECTED}`,
      );
    },
  );

  test.each([
    "https:{app-id}.example.test/x",
    "https:/{app-id}.example.test/x",
    "https:///a.example.test/x",
    "https:\\\\a.example.test/x",
  ])("has its host behind two slashes, unlike %s", (url) => {
    expect(problemsOf({ "http.url": url })).toContain(
      `INPUT_INVALID: http.url: Input "http.url" is an address without two slashes; expected one that begins as https://api.example.com.`,
    );
  });

  test("does not climb with the id", () => {
    for (const appId of [".", ".."]) {
      expect(read({ ...REQUEST, "http.url": "/apps/{app-id}" }, { appId }).problems).toContain(
        `INPUT_INVALID: http.url: Input "http.url" is an address whose path climbs with this app-id; expected one without "." and "..".`,
      );
    }
  });

  test("without a path may have the id in its query", () => {
    const { rotation } = good({ "http.url": "https://api.example.test?app={app-id}" }, { appId: ".." });
    expect(rotation.url).toBe("https://api.example.test?app=..");
  });

  test("may have the id twice", () => {
    expect(good({ "http.url": "/{app-id}{app-id}" }).rotation.url).toBe(
      "https://api.example.test/app-1app-1",
    );
  });
});

describe("a body", () => {
  test("has the type of the header of that name alone", () => {
    const { rotation } = good({ "http.headers.X.Content-Type": "text/plain", "http.body": `"{app-id}"` });
    expect(rotation.body).toBe(`"app-1"`);
  });

  const ID = `a "b"&c`;
  const bodyOf = (type: string, body: string) =>
    good(
      { "http.headers.Content-Type": type, "http.body": body },
      { appId: ID, kept: ["http.headers.Content-Type"] },
    ).rotation;

  test.each([
    "application/json",
    "Application/JSON",
    " application/json ",
    "application/json;charset=utf-8",
    "application/json ; charset=utf-8",
    "application/problem+json",
    "application/vnd.api+json",
    "application/vnd.acme-secrets.v2+json",
    "application/merge-patch+json; charset=utf-8",
    "",
  ])("of type %j is JSON", (type) => {
    expect(bodyOf(type, `{"app":"{app-id}"}`).body).toBe(JSON.stringify({ app: ID }));
  });

  test.each([
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded;charset=utf-8",
    "APPLICATION/x-www-form-urlencoded ; charset=utf-8",
  ])("of type %j is a form", (type) => {
    expect(bodyOf(type, "app={app-id}&a=b").body).toBe("app=a%20%22b%22%26c&a=b");
  });

  test.each([
    "text/plain",
    "application/json-seq",
    "application/jsonlines",
    "application/+json",
    "application/a b+json",
    "text/json",
    "x-application/json",
    "application/xjson",
  ])("of type %j is a text, which has no place for the id", (type) => {
    expect(bodyOf(type, "a: b, {c}").body).toBe("a: b, {c}");
    expect(problemsOf({ "http.headers.Content-Type": type, "http.body": `"{app-id}"` })).toEqual([
      `INPUT_INVALID: http.body: Input "http.body" is a text of type "${type}" with {app-id}; expected JSON or a form, where it can be encoded.`,
    ]);
  });

  test.each(["{app-id}", `{"app":{app-id}}`, "app={app-id}", "{"])("that is %s is no JSON", (body) => {
    expect(problemsOf({ "http.body": body })).toEqual([
      `INPUT_INVALID: http.body: Input "http.body" is no JSON; expected JSON with {app-id} in its texts only.`,
    ]);
  });

  test("has its type from the header of that name alone", () => {
    const { rotation } = good({
      "http.headers.Content-Type-Options": "text/plain",
      "http.body": `"{app-id}"`,
    });
    expect(rotation).toMatchObject({ body: `"app-1"`, headers: { "content-type": "application/json" } });
  });
});

describe("headers", () => {
  test("may have dots in their names, and no value", () => {
    const texts = { "http.headers.X.App.Id": "{app-id}", "http.headers.X-Empty": "" };
    expect(good(texts, { kept: ["http.headers.X-Empty"] }).rotation.headers).toEqual({
      accept: "application/json",
      "x.app.id": "app-1",
      "x-empty": "",
    });
  });

  test("of a read are checked as those of a rotation", () => {
    const texts = {
      "http.read.url": "/a",
      "http.read.pointer": "/a",
      "http.read.headers.Cookie": "a",
      "http.read.headers.Host": "a",
      "http.read.headers.X-App": "{app-id}",
    };
    expect(problemsOf(texts, { appId: "订单" })).toEqual([
      `CONFIG_INVALID: http.read.headers.Host: http.read.headers: there is "host"; expected names of headers, each once, and none of the connection's.`,
      `CONFIG_INVALID: http.read.headers.Cookie: http.read.headers: there is "cookie"; expected it under "http.auth.headers", from a variable of the step's "env:".`,
      `INPUT_INVALID: http.read.headers.X-App: Input "http.read.headers.X-App" is a text that no header can carry; expected one line of Latin characters.`,
    ]);
  });
});

describe("a client of OAuth", () => {
  const auth = (texts: Texts) => {
    const { declaration, problems } = read({ ...REQUEST, ...CLIENT, ...texts });
    expect(problems).toEqual([]);
    return declaration.auth;
  };

  test("is read", () => {
    expect(auth({})).toMatchObject({
      kind: "client-credentials",
      tokenUrl: "https://api.example.test/token",
      clientId: "rotator",
      scope: undefined,
      clientAuth: "basic",
    });
    const asked = { "http.auth.scope": "apps secrets", "http.auth.client-auth": "post" };
    expect(auth(asked)).toMatchObject({ scope: "apps secrets", clientAuth: "post" });
  });

  test("is another one with another address, id, secret or scope", () => {
    const digests = [
      {},
      { "http.auth.token-url": "/other" },
      { "http.auth.client-id": "other" },
      { "http.auth.client-secret": "another password" },
      { "http.auth.scope": "apps" },
      { "http.auth.scope": "secrets" },
    ].map((texts) => auth(texts).digest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(auth({}).digest).toBe(digests[0]);
  });

  test("does not stand beside headers", () => {
    expect(problemsOf(CLIENT)).toEqual([
      `INPUT_CONFLICT: http.auth: Inputs "http.auth.token-url" and "http.auth.headers" are both set; expected one of them.`,
    ]);
  });

  test("is not asked for per app", () => {
    expect(read({ ...REQUEST, ...CLIENT, "http.auth.token-url": "/token/{app-id}" }).problems).toEqual([
      `INPUT_INVALID: http.auth.token-url: Input "http.auth.token-url" is an address with {app-id}; expected one without it.`,
    ]);
  });
});

describe("a credential in headers", () => {
  const withHeaders = (headers: Texts) =>
    read({
      ...REQUEST,
      ...Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [`http.auth.headers.${name}`, text]),
      ),
    });

  test.each([
    ["Bearer token-of-a-test", "token-of-a-test"],
    ["Bearer   token-of-a-test", "token-of-a-test"],
    ["Token id=a key=b-of-a-test", "id=a key=b-of-a-test"],
    ["token-of-a-test", "token-of-a-test"],
  ])("of %j is hidden whole and without its scheme", (value, bare) => {
    const { declaration, problems, masked } = withHeaders({ Authorization: value });
    expect(problems).toEqual([]);
    expect(masked).toEqual(expect.arrayContaining([value, bare]));
    const { auth } = declaration;
    if (auth.kind !== "headers") throw new Error("The credential is read as a client.");
    expect(auth.headers["authorization"]?.expose()).toBe(value);
  });

  test("is another one with another name or value", () => {
    const digests = [
      { "X-Key": "key-of-a-test" },
      { "X-Key": "another-key" },
      { "X-Other": "key-of-a-test" },
      { "X-Key": "key-of-a-test", "X-Other": "key-of-a-test" },
    ].map((headers) => withHeaders(headers).declaration.auth.digest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(withHeaders({ "x-key": "key-of-a-test" }).declaration.auth.digest).toBe(digests[0]);
  });

  test("or a client has to be there", () => {
    expect(read(REQUEST).problems).toEqual([
      `CONFIG_INVALID: http.auth: http.auth: there is nothing; expected "headers", or "token-url", "client-id" and "client-secret".`,
    ]);
  });

  test("stays on one line", () => {
    expect(withHeaders({ "X-Key": "key\nof-a-test" }).problems).toEqual([
      `INPUT_INVALID: http.auth.headers.X-Key: Input "http.auth.headers.X-Key" is a text that no header can carry; expected one line of Latin characters.`,
    ]);
  });
});
