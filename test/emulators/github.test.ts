import { getOctokit } from "@actions/github";
import sodium from "libsodium-wrappers";
import { afterEach, describe, expect, test } from "vitest";
import { needsPyNaCl, openWithPyNaCl } from "../support/pynacl.ts";
import type { GitHubEmulator, GitHubEmulatorOptions } from "./github.ts";
import {
  as,
  ask,
  type Asked,
  expectDescribed,
  github,
  names,
  production,
  PRODUCTION,
  publicKey,
  REPOSITORY,
  seal,
  web,
  write,
} from "./github/bench.ts";
import { listen } from "./listen.ts";

afterEach(expectDescribed);

describe("writing and reading", () => {
  test("a first PUT answers 201 with an empty object, the next ones 204 without a body", async () => {
    const emulator = github();

    const created = await write(emulator, REPOSITORY, "TOKEN", "one");
    const updated = await write(emulator, REPOSITORY, "TOKEN", "two");

    expect([created.status, created.json]).toEqual([201, {}]);
    expect([updated.status, updated.json]).toEqual([204, ""]);
    expect(updated.headers.get("content-type")).toBeNull();
  });

  test("what was sealed is opened and kept, with every write before it", async () => {
    let now = Date.parse("2026-11-22T03:00:00.250Z");
    const emulator = github({ now: () => now });

    await write(emulator, REPOSITORY, "TOKEN", "one");
    now += 1500;
    await write(emulator, REPOSITORY, "TOKEN", "zwei 密钥 🔑\n%");

    const secret = emulator.secret({ ...web, name: "token" });
    expect(secret).toMatchObject({
      name: "TOKEN",
      value: "zwei 密钥 🔑\n%",
      createdAt: now - 1500,
      updatedAt: now,
    });
    expect(secret?.writes.map(({ value, at }) => [value, at])).toEqual([
      ["one", now - 1500],
      ["zwei 密钥 🔑\n%", now],
    ]);
    expect(secret?.sealed).toBe(secret?.writes[1]?.sealed);
  });

  test("an empty value is stored", async () => {
    const emulator = github();

    const { status } = await write(emulator, REPOSITORY, "TOKEN", "");

    expect(status).toBe(201);
    expect(emulator.secret({ ...web, name: "TOKEN" })?.value).toBe("");
  });

  test("reading a secret shows upper case and whole seconds, and no value", async () => {
    const emulator = github({ now: () => Date.parse("2026-11-22T03:00:00.999Z") });
    emulator.addSecret({
      ...web,
      name: "token",
      value: "hidden",
      updatedAt: Date.parse("2026-01-02T03:04:05Z"),
    });
    await write(emulator, REPOSITORY, "Token", "hidden too");

    const { status, json } = await ask(emulator, "GET", `${REPOSITORY}/tOkEn`);

    expect(status).toBe(200);
    expect(json).toEqual({
      name: "TOKEN",
      created_at: "2026-01-02T03:04:05Z",
      updated_at: "2026-11-22T03:00:00Z",
    });
  });

  test("a deleted secret is gone, but its history stays", async () => {
    const emulator = github();
    await write(emulator, PRODUCTION, "TOKEN", "one");

    expect((await ask(emulator, "DELETE", `${PRODUCTION}/token`)).status).toBe(204);
    expect((await ask(emulator, "DELETE", `${PRODUCTION}/token`)).status).toBe(404);
    expect((await ask(emulator, "GET", `${PRODUCTION}/token`)).status).toBe(404);

    expect(emulator.secret({ ...production, name: "TOKEN" })).toBeUndefined();
    expect(emulator.history({ ...production, name: "TOKEN" }).map(({ value }) => value)).toEqual(["one"]);
    expect((await write(emulator, PRODUCTION, "TOKEN", "two")).status).toBe(201);
  });

  test("a repository and its environments keep their secrets apart", async () => {
    const emulator = github();

    await write(emulator, REPOSITORY, "SHARED", "of the repository");
    await write(emulator, PRODUCTION, "SHARED", "of production");
    await write(
      emulator,
      "/repos/acme/web/environments/eu%2Fblue%20green/secrets",
      "OTHER",
      "of eu/blue green",
    );

    expect(emulator.secret({ ...web, name: "SHARED" })?.value).toBe("of the repository");
    expect(emulator.secret({ ...production, name: "SHARED" })?.value).toBe("of production");
    expect(emulator.secretNames(web)).toEqual(["SHARED"]);
    expect(emulator.secretNames({ ...web, environment: "eu/blue green" })).toEqual(["OTHER"]);
  });

  test("a seeded secret can be opened, and is no write", () => {
    const emulator = github();

    emulator.addSecret({ ...production, name: "TOKEN", value: "seed", updatedAt: 1000 });

    const { publicKey: key, privateKey } = emulator.privateKey(production);
    const secret = emulator.secret({ ...production, name: "TOKEN" });
    const box = Buffer.from(secret?.sealed ?? "", "base64");
    const opened = sodium.crypto_box_seal_open(
      box,
      Buffer.from(key, "base64"),
      Buffer.from(privateKey, "base64"),
    );
    expect(Buffer.from(opened).toString()).toBe("seed");
    expect(secret).toMatchObject({ value: "seed", createdAt: 1000, updatedAt: 1000, writes: [] });
  });

  test("PyNaCl opens what libsodium sealed for the emulator", async (context) => {
    needsPyNaCl(context);
    const emulator = github();
    const values = ["", "plain", "密钥\n100 % 🔑", "x".repeat(48 * 1024)];
    for (const [index, value] of values.entries()) {
      await write(emulator, PRODUCTION, `TOKEN_${String(index)}`, value);
    }
    emulator.addSecret({ ...production, name: "SEEDED", value: "seed" });

    const { privateKey } = emulator.privateKey(production);
    const boxes = ["TOKEN_0", "TOKEN_1", "TOKEN_2", "TOKEN_3", "SEEDED"].map(
      (name) => emulator.secret({ ...production, name })?.sealed ?? "",
    );
    const opened = await openWithPyNaCl({ privateKey, boxes });

    expect(opened.map((value) => value.toString())).toEqual([...values, "seed"]);
    const wrong = openWithPyNaCl({ privateKey: emulator.privateKey(web).privateKey, boxes });
    await expect(wrong).rejects.toThrow("CryptoError");
  });
});

describe("public keys", () => {
  test("each place has a key pair of its own behind one and the same key_id", async () => {
    const emulator = github();

    const ofRepository = await publicKey(emulator, REPOSITORY);
    const ofProduction = await publicKey(emulator, PRODUCTION);

    expect(ofRepository.key_id).toBe(ofProduction.key_id);
    expect(ofRepository.key).not.toBe(ofProduction.key);
    expect(ofRepository.key).toBe(emulator.privateKey(web).publicKey);
    expect(Buffer.from(ofProduction.key, "base64")).toHaveLength(32);
  });

  test("a box sealed for another place is refused and changes nothing", async () => {
    const emulator = github();
    emulator.addSecret({ ...production, name: "TOKEN", value: "old" });
    const { key, key_id } = await publicKey(emulator, REPOSITORY);

    const { status, json } = await ask(emulator, "PUT", `${PRODUCTION}/TOKEN`, {
      encrypted_value: seal("new", key),
      key_id,
    });

    expect(status).toBe(422);
    expect(json).toEqual({
      message: "Bad request - validation failed due to an improperly encrypted secret",
      documentation_url:
        "https://docs.github.com/en/rest/actions/secrets#create-or-update-an-environment-secret",
      status: "422",
    });
    expect(emulator.secret({ ...production, name: "TOKEN" })).toMatchObject({ value: "old", writes: [] });
  });

  test.each([
    ["too short to be a box", Buffer.alloc(47)],
    ["a plain value", Buffer.from("not sealed at all")],
  ])("%s is refused as improperly encrypted", async (_, bytes) => {
    const emulator = github();
    const { key_id } = await publicKey(emulator, REPOSITORY);

    const { status, json } = await ask(emulator, "PUT", `${REPOSITORY}/TOKEN`, {
      encrypted_value: bytes.toString("base64"),
      key_id,
    });

    expect(status).toBe(422);
    expect(json).toMatchObject({
      message: expect.stringContaining("improperly encrypted secret") as unknown,
    });
  });

  test.each([
    [false, /key_id/],
    [true, /improperly encrypted/],
  ])(
    "a key pair replaced after its reading (same key_id: %s) refuses, and the next one works",
    async (same, why) => {
      const emulator = github();
      emulator.rotateKeysAfterRead = 1;
      emulator.rotatedKeysKeepTheirId = same;

      const stale = await write(emulator, REPOSITORY, "TOKEN", "value");
      const fresh = await write(emulator, REPOSITORY, "TOKEN", "value");

      expect([stale.status, fresh.status]).toEqual([422, 201]);
      expect((stale.json as { message: string }).message).toMatch(why);
      expect(emulator.rotateKeysAfterRead).toBe(0);
    },
  );

  test.each([31, 33, 0])("a public key of %i bytes is served on demand", async (bytes) => {
    const emulator = github();
    emulator.publicKeyBytes = bytes;

    const { key } = await publicKey(emulator, REPOSITORY);

    expect(Buffer.from(key, "base64")).toHaveLength(bytes);
  });
});

describe("validation", () => {
  async function put(name: string, change: (body: Record<string, unknown>) => unknown): Promise<unknown[]> {
    const emulator = github();
    const { key, key_id } = await publicKey(emulator, REPOSITORY);
    const body = change({ encrypted_value: seal("value", key), key_id });
    const { status, json } = await ask(emulator, "PUT", `${REPOSITORY}/${name}`, body);
    expect(emulator.secretNames(web)).toEqual(status === 201 ? [name.toUpperCase()] : []);
    return [status, (json as { message?: string }).message];
  }

  test.each(["a-b", "1ST", "a%20b", "%C3%A9", "a.b"])("the name %s is refused", async (name) => {
    expect(await put(name, (body) => body)).toEqual([
      422,
      "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
    ]);
  });

  test.each(["GITHUB_TOKEN", "github_token"])("the name %s is refused for its prefix", async (name) => {
    expect(await put(name, (body) => body)).toEqual([422, "Secret names must not start with GITHUB_."]);
  });

  test.each(["_", "a1", "GITHUB", "GH_GITHUB_X"])("the name %s is taken", async (name) => {
    expect(await put(name, (body) => body)).toEqual([201, undefined]);
  });

  test("a missing key_id is refused in GitHub's words", async () => {
    expect(await put("A", ({ encrypted_value }) => ({ encrypted_value }))).toEqual([
      422,
      'Invalid request.\n\n"key_id" wasn\'t supplied.',
    ]);
  });

  test("an empty object is refused for both fields", async () => {
    expect(await put("A", () => ({}))).toEqual([
      422,
      'Invalid request.\n\n"encrypted_value", "key_id" weren\'t supplied.',
    ]);
  });

  test("a key_id that is not a string is refused", async () => {
    expect(await put("A", (body) => ({ ...body, key_id: 5 }))).toEqual([
      422,
      "Invalid request.\n\nFor 'properties/key_id', 5 is not a string.",
    ]);
  });

  test("an unknown key_id is refused", async () => {
    expect(await put("A", (body) => ({ ...body, key_id: "1" }))).toEqual([
      422,
      expect.stringContaining("key_id"),
    ]);
  });

  test.each([
    ["empty", () => ""],
    ["without padding", (value: string) => value.replaceAll("=", "")],
    ["URL-safe", (value: string) => value.replace(/^..../, "-_-_")],
    ["with a newline", (value: string) => `${value}\n`],
  ])("an encrypted_value that is %s is refused", async (_, spoil) => {
    expect(
      await put("A", ({ encrypted_value, ...body }) => ({
        ...body,
        encrypted_value: spoil(encrypted_value as string),
      })),
    ).toEqual([
      422,
      expect.stringMatching(/^Invalid request\.\n\n[^]*does not match \/\^\(\?:\[A-Za-z0-9\+\\\/\]/),
    ]);
  });

  test.each([
    ["{", "Problems parsing JSON"],
    ["[]", "Body should be a JSON object"],
    ["null", "Body should be a JSON object"],
  ])("the body %s is a bad request", async (body, message) => {
    expect(await put("A", () => body)).toEqual([400, message]);
  });

  test("a value of 49,152 bytes is taken, one more is refused", async () => {
    const emulator = github();

    const most = await write(emulator, REPOSITORY, "MOST", "é".repeat(24 * 1024));
    const tooMuch = await write(emulator, REPOSITORY, "TOO_MUCH", `${"é".repeat(24 * 1024)}x`);

    expect([most.status, tooMuch.status]).toEqual([201, 422]);
    expect(emulator.secretNames(web)).toEqual(["MOST"]);
  });

  test("a full place refuses a new secret, and still takes a new value of an old one", async () => {
    const emulator = github();
    emulator.secretsPerPlace = 2;
    emulator.addSecret({ ...web, name: "A", value: "a" });
    emulator.addSecret({ ...web, name: "B", value: "b" });

    const refused = await write(emulator, REPOSITORY, "C", "c");
    const replaced = await write(emulator, REPOSITORY, "b", "new");
    const elsewhere = await write(emulator, PRODUCTION, "C", "c");

    expect([refused.status, replaced.status, elsewhere.status]).toEqual([422, 204, 201]);
    expect(emulator.secretNames(web)).toEqual(["A", "B"]);
  });
});

describe("listing", () => {
  test("a list is sorted, paged, and links to its other pages by the repository's id", async () => {
    const emulator = github();
    for (const name of ["e", "d", "c", "b", "a"]) emulator.addSecret({ ...web, name, value: "" });

    const first = await ask(emulator, "GET", `${REPOSITORY}?per_page=2`);
    const second = await ask(emulator, "GET", `${REPOSITORY}?per_page=2&page=2`);

    expect(first.json).toMatchObject({ total_count: 5 });
    expect([names(first), names(second)]).toEqual([
      ["A", "B"],
      ["C", "D"],
    ]);
    const link = first.headers.get("link") ?? "";
    expect(link).toMatch(
      /^<http:\/\/127\.0\.0\.1\/repositories\/\d+\/actions\/secrets\?per_page=2&page=2>; rel="next", <[^>]+page=3>; rel="last"$/,
    );
    expect(second.headers.get("link")?.match(/rel="\w+"/g)).toEqual([
      'rel="prev"',
      'rel="next"',
      'rel="last"',
      'rel="first"',
    ]);

    const next = new URL(/<([^>]+)>; rel="next"/.exec(link)?.[1] ?? "");
    expect(names(await ask(emulator, "GET", next.pathname + next.search))).toEqual(["C", "D"]);
  });

  test("a page holds 30 by default and 100 at most", async () => {
    const emulator = github();
    emulator.secretsPerPlace = 130;
    for (let n = 0; n < 130; n += 1) emulator.addSecret({ ...web, name: `S_${String(n)}`, value: "" });

    expect(names(await ask(emulator, "GET", REPOSITORY))).toHaveLength(30);
    expect(names(await ask(emulator, "GET", `${REPOSITORY}?per_page=500`))).toHaveLength(100);
    expect(names(await ask(emulator, "GET", `${REPOSITORY}?per_page=100&page=2`))).toHaveLength(30);
    expect(names(await ask(emulator, "GET", `${REPOSITORY}?per_page=100&page=3`))).toEqual([]);
  });

  test("a list that fits one page has no Link header", async () => {
    const emulator = github();

    const { json, headers } = await ask(emulator, "GET", PRODUCTION);

    expect(json).toEqual({ total_count: 0, secrets: [] });
    expect(headers.get("link")).toBeNull();
  });

  test("a new secret can stay unseen for some reads, though the list has it", async () => {
    const emulator = github();
    emulator.replicationLag = 2;
    await write(emulator, REPOSITORY, "TOKEN", "one");
    await write(emulator, REPOSITORY, "TOKEN", "two");

    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await ask(emulator, "GET", `${REPOSITORY}/TOKEN`)).status);

    expect(statuses).toEqual([404, 404, 200]);
    expect(names(await ask(emulator, "GET", REPOSITORY))).toEqual(["TOKEN"]);
  });
});

describe("tokens", () => {
  test.each(["token", "Bearer", "bearer"])("the scheme %s is taken", async (scheme) => {
    expect((await ask(github(), "GET", REPOSITORY, undefined, as("pat", scheme))).status).toBe(200);
  });

  test.each(["Bearer stranger", "Basic cGF0", "pat", "Bearer"])(
    "%s is refused with 401",
    async (authorization) => {
      const { status, json } = await ask(github(), "GET", REPOSITORY, undefined, { authorization });

      expect(status).toBe(401);
      expect(json).toMatchObject({ message: "Bad credentials", status: "401" });
    },
  );

  test("without a token a private repository is not found", async () => {
    const emulator = github();

    const response = await emulator.handle(
      new Request(`http://127.0.0.1${REPOSITORY}`, { headers: { "user-agent": "test" } }),
    );

    expect(response.status).toBe(404);
  });

  test("a repository that the token may not see is not found, just as one that does not exist", async () => {
    const emulator = github();
    emulator.addRepository("acme/private");

    const unseen = await ask(emulator, "GET", "/repos/acme/private/actions/secrets");
    const missing = await ask(emulator, "GET", "/repos/acme/nothing/actions/secrets");

    expect([unseen.status, missing.status]).toEqual([404, 404]);
    expect(unseen.json).toEqual(missing.json);
  });

  test("repository and environment names are not case-sensitive", async () => {
    const emulator = github();

    const { status } = await ask(emulator, "GET", "/repos/ACME/Web/environments/PRODUCTION/secrets");

    expect(status).toBe(200);
  });

  test.each([
    ["fine-grained", "Resource not accessible by personal access token", "secrets=write"],
    ["app", "Resource not accessible by integration", "secrets=write"],
    ["classic", "Must have admin rights to Repository.", null],
  ] as const)("a %s token that may only read gets 403 when it writes", async (kind, message, accepted) => {
    const emulator = github();
    emulator.addToken("reader", { kind, repositories: "all", secrets: "read" });
    const { key, key_id } = await publicKey(emulator, REPOSITORY);
    const box = { encrypted_value: seal("value", key), key_id };

    const read = await ask(emulator, "GET", REPOSITORY, undefined, as("reader"));
    const put = await ask(emulator, "PUT", `${REPOSITORY}/TOKEN`, box, as("reader"));
    const remove = await ask(emulator, "DELETE", `${REPOSITORY}/TOKEN`, undefined, as("reader"));

    expect([read.status, put.status, remove.status]).toEqual([200, 403, 403]);
    expect(put.json).toMatchObject({ message });
    expect(put.headers.get("x-accepted-github-permissions")).toBe(accepted);
  });

  test("the permission for secrets does not reach into environments, nor the other way round", async () => {
    const emulator = github();
    emulator.addToken("secrets", { kind: "app", repositories: "all", secrets: "write" });
    emulator.addToken("environments", { kind: "app", repositories: "all", environments: "write" });

    const inEnvironment = await ask(emulator, "GET", PRODUCTION, undefined, as("secrets"));
    const inRepository = await ask(emulator, "GET", REPOSITORY, undefined, as("environments"));

    expect([inEnvironment.status, inRepository.status]).toEqual([403, 403]);
    expect(inEnvironment.headers.get("x-accepted-github-permissions")).toBe("environments=read");
    expect(inRepository.headers.get("x-accepted-github-permissions")).toBe("secrets=read");
  });

  test("a classic token may write everywhere unless told otherwise", async () => {
    const emulator = github();
    emulator.addToken("classic", { kind: "classic", repositories: "all" });

    const { status } = await ask(emulator, "DELETE", `${PRODUCTION}/NOTHING`, undefined, as("classic"));

    expect(status).toBe(404);
  });

  test("a token without permissions reads public keys, but may not list", async () => {
    const emulator = github();
    emulator.addToken("bare", { kind: "fine-grained", repositories: ["ACME/web"] });

    for (const place of [REPOSITORY, PRODUCTION]) {
      expect((await ask(emulator, "GET", `${place}/public-key`, undefined, as("bare"))).status).toBe(200);
      expect((await ask(emulator, "GET", place, undefined, as("bare"))).status).toBe(403);
      expect((await ask(emulator, "GET", `${place}/TOKEN`, undefined, as("bare"))).status).toBe(403);
    }
  });

  test("public keys can be made to take the read permission", async () => {
    const emulator = github();
    emulator.publicKeyNeedsPermission = true;
    emulator.addToken("bare", { kind: "fine-grained", repositories: "all" });
    emulator.addToken("reader", { kind: "fine-grained", repositories: "all", secrets: "read" });

    const bare = await ask(emulator, "GET", `${REPOSITORY}/public-key`, undefined, as("bare"));
    const reader = await ask(emulator, "GET", `${REPOSITORY}/public-key`, undefined, as("reader"));

    expect([bare.status, reader.status]).toEqual([403, 200]);
    expect(bare.headers.get("x-accepted-github-permissions")).toBe("secrets=read");
  });

  test("GITHUB_TOKEN is refused already at the public key, whatever it was granted", async () => {
    const emulator = github();
    emulator.addToken("run", {
      kind: "actions",
      repositories: ["acme/web"],
      secrets: "write",
      environments: "write",
    });

    for (const place of [REPOSITORY, PRODUCTION]) {
      const { status, json } = await ask(emulator, "GET", `${place}/public-key`, undefined, as("run"));
      expect(status).toBe(403);
      expect(json).toMatchObject({ message: "Resource not accessible by integration" });
    }
  });
});

describe("paths and headers", () => {
  test.each(["nowhere", "eu%252Fblue%2520green", "eu%2Fblue"])(
    "the environment %s is not found",
    async (name) => {
      const emulator = github();

      const { status, json } = await ask(
        emulator,
        "GET",
        `/repos/acme/web/environments/${name}/secrets/public-key`,
      );

      expect(status).toBe(404);
      expect(json).toMatchObject({ message: "Not Found" });
    },
  );

  test("a trailing slash is not found", async () => {
    expect((await ask(github(), "GET", `${REPOSITORY}/`)).status).toBe(404);
  });

  test.each([
    ["POST", REPOSITORY],
    ["GET", "/user"],
    ["GET", "/repos/acme/web/environments/production/public-key"],
    ["GET", "/repos/acme/web/environments/eu/blue%20green/secrets"],
    ["GET", "/orgs/acme/dependabot/secrets"],
    ["PUT", "/orgs/acme/actions/secrets/TOKEN/repositories"],
    ["GET", "/repos/acme/web"],
  ])("%s %s is not emulated and says so", async (method, path) => {
    const { status, json } = await ask(github(), method, path);

    expect(status).toBe(501);
    expect(json).toMatchObject({
      emulator: "github",
      error: expect.stringContaining(`does not know ${method} ${path}`) as unknown,
    });
  });

  test("a request without a User-Agent is refused", async () => {
    const emulator = github();

    const response = await emulator.handle(
      new Request(`http://127.0.0.1${REPOSITORY}`, { headers: { authorization: "Bearer pat" } }),
    );

    expect(response.status).toBe(403);
    expect(await response.text()).toContain("User-Agent");
  });

  test.each([
    ["2022-11-28", 200],
    ["2026-03-10", 200],
    ["v3", 400],
    ["2026-11-22", 400],
  ])("API version %s answers %i", async (version, status) => {
    const asked = await ask(github(), "GET", REPOSITORY, undefined, { "x-github-api-version": version });

    expect(asked.status).toBe(status);
    if (status === 400)
      expect(asked.json).toMatchObject({ message: expect.stringContaining(version) as unknown });
    else expect(asked.headers.get("x-github-api-version-selected")).toBe(version);
  });

  test("answers carry a request id and count requests against the hour's limit", async () => {
    let now = 1_000_000;
    const emulator = github({ now: () => now });

    const first = await ask(emulator, "GET", REPOSITORY);
    const second = await ask(emulator, "GET", `${REPOSITORY}/NOTHING`);
    now += 3_600_000;
    const later = await ask(emulator, "GET", REPOSITORY);

    const limits = ({ headers }: Asked): (string | null)[] =>
      ["limit", "remaining", "used", "reset", "resource"].map((name) => headers.get(`x-ratelimit-${name}`));
    expect(limits(first)).toEqual(["5000", "4999", "1", "4600", "core"]);
    expect(limits(second)).toEqual(["5000", "4998", "2", "4600", "core"]);
    expect(limits(later)).toEqual(["5000", "4999", "1", "8200", "core"]);
    expect(first.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const ids = [first, second, later].map(({ headers }) => headers.get("x-github-request-id"));
    expect(new Set(ids).size).toBe(3);
  });

  test("with a base path only paths below it are served", async () => {
    const emulator = github({ basePath: "/api/v3" });

    const inside = await write(emulator, `/api/v3${REPOSITORY}`, "TOKEN", "value");
    const outside = await ask(emulator, "GET", REPOSITORY);

    expect([inside.status, outside.status]).toEqual([201, 501]);
  });
});

describe("renamed repositories", () => {
  function renamed(options: GitHubEmulatorOptions = {}): GitHubEmulator {
    const emulator = github(options);
    emulator.addRepository("acme/old", { environments: ["a b"] });
    emulator.addToken("old", {
      kind: "fine-grained",
      repositories: ["acme/old"],
      secrets: "write",
      environments: "write",
    });
    emulator.rename("acme/old", "acme/new");
    return emulator;
  }
  const old = { authorization: "Bearer old" };

  test("the old name redirects to the repository's id, reads with 301 and writes with 307", async () => {
    const emulator = renamed({ basePath: "/api/v3" });

    const read = await ask(
      emulator,
      "GET",
      "/api/v3/repos/acme/old/environments/a%20b/secrets?per_page=5",
      undefined,
      old,
    );
    const removal = await ask(
      emulator,
      "DELETE",
      "/api/v3/repos/acme/old/actions/secrets/TOKEN",
      undefined,
      old,
    );

    expect([read.status, removal.status]).toEqual([301, 307]);
    expect(read.headers.get("location")).toMatch(
      /^http:\/\/127\.0\.0\.1\/api\/v3\/repositories\/\d+\/environments\/a%20b\/secrets\?per_page=5$/,
    );
    expect(read.json).toMatchObject({ message: "Moved Permanently", url: read.headers.get("location") });
    const { pathname, search } = new URL(read.headers.get("location") ?? "");
    expect((await ask(emulator, "GET", pathname + search, undefined, old)).status).toBe(200);
  });

  test("whoever may not see the repository learns nothing of its new place", async () => {
    expect((await ask(renamed(), "GET", "/repos/acme/old/actions/secrets")).status).toBe(404);
    expect((await ask(renamed(), "GET", "/repositories/1/actions/secrets")).status).toBe(404);
  });

  test("a new repository of the old name ends the redirect, and leads on when it is renamed too", async () => {
    const emulator = renamed();
    emulator.addToken("all", { kind: "classic", repositories: "all" });
    const all = { authorization: "token all" };
    const askOld = (): Promise<Asked> =>
      ask(emulator, "GET", "/repos/acme/old/actions/secrets", undefined, all);

    const before = await askOld();
    emulator.addRepository("acme/old");
    const meanwhile = await askOld();
    emulator.rename("acme/old", "acme/newer");
    const after = await askOld();

    expect([before.status, meanwhile.status, after.status]).toEqual([301, 200, 301]);
    expect(after.headers.get("location")).not.toBe(before.headers.get("location"));
  });
});

describe("seeding", () => {
  test("names that do not exist, or are taken, are errors of the test", () => {
    const emulator = github();

    expect(() => emulator.secretNames({ repository: "acme/nothing" })).toThrow("no repository acme/nothing");
    expect(() => emulator.privateKey({ ...web, environment: "x" })).toThrow("no environment x in acme/web");
    expect(() => emulator.secret({ repository: "acme/nothing", name: "A" })).toThrow("addRepository()");
    expect(() => {
      emulator.addRepository("Acme/Web");
    }).toThrow("already has");
    expect(() => {
      emulator.addRepository("web");
    }).toThrow("OWNER/REPO");
    expect(() => {
      emulator.rename("acme/nothing", "acme/x");
    }).toThrow("no repository");
    expect(() => {
      emulator.addSecret({ ...web, name: "GITHUB_X", value: "" });
    }).toThrow("GITHUB_");
  });

  test("switches change the emulator that holds them, and no other", async () => {
    const [one, other] = [github(), github()];
    one.publicKeyBytes = 33;

    expect(Buffer.from((await publicKey(other, REPOSITORY)).key, "base64")).toHaveLength(32);
  });
});

describe("over a connection", () => {
  test("octokit writes, lists, reads and deletes secrets of a repository and an environment", async () => {
    const emulator = github();
    await using server = await listen(emulator);
    const { actions } = getOctokit("pat", { baseUrl: server.url }).rest;
    const repository = { owner: "acme", repo: "web" };
    const environment = { ...repository, environment_name: "eu/blue green" };

    const { data: repositoryKey } = await actions.getRepoPublicKey(repository);
    const created = await actions.createOrUpdateRepoSecret({
      ...repository,
      secret_name: "TOKEN",
      encrypted_value: seal("of the repository", repositoryKey.key),
      key_id: repositoryKey.key_id,
    });
    const { data: environmentKey } = await actions.getEnvironmentPublicKey(environment);
    const box = {
      ...environment,
      secret_name: "TOKEN",
      encrypted_value: seal("of the environment", environmentKey.key),
      key_id: environmentKey.key_id,
    };
    await actions.createOrUpdateEnvironmentSecret(box);
    const updated = await actions.createOrUpdateEnvironmentSecret(box);

    expect([created.status, updated.status]).toEqual([201, 204]);
    expect(emulator.secret({ ...web, name: "TOKEN" })?.value).toBe("of the repository");
    expect(emulator.secret({ ...web, environment: "eu/blue green", name: "TOKEN" })?.value).toBe(
      "of the environment",
    );
    expect(emulator.requests.map(({ path }) => path)).toContain(
      "/repos/acme/web/environments/eu%2Fblue%20green/secrets/TOKEN",
    );

    const listed = await actions.listEnvironmentSecrets(environment);
    const read = await actions.getEnvironmentSecret({ ...environment, secret_name: "TOKEN" });
    await actions.deleteEnvironmentSecret({ ...environment, secret_name: "TOKEN" });

    expect(listed.data.secrets).toEqual([read.data]);
    expect(emulator.secretNames({ ...web, environment: "eu/blue green" })).toEqual([]);
  });

  test("octokit follows Link headers through all pages", async () => {
    const emulator = github({ basePath: "/api/v3" });
    for (let n = 10; n < 55; n += 1) emulator.addSecret({ ...web, name: `S_${String(n)}`, value: "" });
    await using server = await listen(emulator);
    const octokit = getOctokit("pat", { baseUrl: `${server.url}/api/v3` });

    const all = await octokit.paginate(octokit.rest.actions.listRepoSecrets, {
      owner: "acme",
      repo: "web",
      per_page: 20,
    });

    expect(all.map(({ name }) => name)).toEqual(emulator.secretNames(web));
    expect(emulator.requests).toHaveLength(3);
  });

  test("octokit follows the redirects of a renamed repository, body and token included", async () => {
    const emulator = github();
    emulator.rename("acme/web", "acme/site");
    await using server = await listen(emulator);
    const { actions } = getOctokit("pat", { baseUrl: server.url }).rest;
    const repository = { owner: "acme", repo: "web" };

    const { data } = await actions.getRepoPublicKey(repository);
    await actions.createOrUpdateRepoSecret({
      ...repository,
      secret_name: "TOKEN",
      encrypted_value: seal("value", data.key),
      key_id: data.key_id,
    });

    expect(emulator.secret({ repository: "acme/site", name: "TOKEN" })?.value).toBe("value");
    expect(emulator.requests.map(({ status }) => status)).toEqual([301, 200, 307, 201]);
  });

  test("octokit shows GitHub's words and headers of a refusal", async () => {
    const emulator = github();
    emulator.addToken("bare", { kind: "fine-grained", repositories: "all" });
    await using server = await listen(emulator);
    const { actions } = getOctokit("bare", { baseUrl: server.url }).rest;

    await expect(actions.listRepoSecrets({ owner: "acme", repo: "web" })).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("Resource not accessible by personal access token") as unknown,
      response: { headers: { "x-accepted-github-permissions": "secrets=read" } },
    });
  });

  test("a fault changes what the client sees, and the emulator still knows what was written", async () => {
    const emulator = github();
    const { key, key_id } = await publicKey(emulator, REPOSITORY);
    emulator.faults.arm({ kind: "reset", changed: true }, { method: "PUT" });
    await using server = await listen(emulator);
    const { actions } = getOctokit("pat", { baseUrl: server.url }).rest;

    const lost = actions.createOrUpdateRepoSecret({
      owner: "acme",
      repo: "web",
      secret_name: "TOKEN",
      encrypted_value: seal("value", key),
      key_id,
    });

    await expect(lost).rejects.toThrow();
    expect(emulator.secret({ ...web, name: "TOKEN" })?.value).toBe("value");
    expect(emulator.requests.at(-1)?.status).toBeNull();
  });
});
