import sodium from "libsodium-wrappers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { createSeal, type Seal } from "../../src/github/seal.ts";
import { createSecretStore, type PlaceCache, secretsPath } from "../../src/github/secret-store.ts";
import type { Place } from "../../src/github/target.ts";
import type { Http } from "../../src/http.ts";
import type { Fault } from "../emulators/emulator.ts";
import { needsPyNaCl, openWithPyNaCl } from "../support/pynacl.ts";
import { answer, createGitHubBench, type GitHubBench, production, web } from "../support/github-bench.ts";

const PATHS: readonly (readonly [string, Place, string])[] = [
  ["a repository", web, "/repos/acme/web/actions/secrets"],
  ["an environment", production, "/repos/acme/web/environments/eu%2Fprod%20west/secrets"],
];
const KEY = "/repos/acme/web/actions/secrets/public-key";
const LIST = /actions\/secrets\?per_page=100&page=\d+$/;
const SECRET = "/repos/acme/web/actions/secrets/APP_SECRET";
const LOST = [
  ["reset before the work", { kind: "reset", changed: false }],
  ["reset after the work", { kind: "reset", changed: true }],
  ["broken off", { kind: "cut-off" }],
  ["never there", { kind: "stall", changed: true }],
] as const;

let seal: Seal;
let bench: GitHubBench;
const benches: GitHubBench[] = [];

beforeAll(async () => {
  await sodium.ready;
  seal = await createSeal();
});

afterEach(() => {
  expect(benches.splice(0).flatMap((each) => each.undescribed())).toEqual([]);
});

function start(options: Parameters<typeof createGitHubBench>[0] = {}): GitHubBench {
  bench = createGitHubBench(options);
  benches.push(bench);
  return bench;
}

async function write(value: string, place: Place = web, name = "APP_SECRET"): Promise<void> {
  const { publicKey } = await bench.store.open(place);
  await bench.store.write(place, name, seal(publicKey, value));
}

const held = (name = "APP_SECRET"): string | undefined =>
  bench.emulator.secret({ repository: "acme/web", name })?.value;

async function expectFailure(promise: Promise<unknown>, expected: object): Promise<void> {
  await expect(promise).rejects.toMatchObject(expected);
  await expect(promise).rejects.toHide(bench.announced);
}

describe.each(PATHS)("in %s", (_, place, path) => {
  const name = {
    repository: "acme/web",
    ...(place.kind === "env" ? { environment: place.environment } : {}),
  };

  test("a secret is written, looked at, and removed", async () => {
    const { store, emulator, clock } = start();
    await write("first", place);
    expect(emulator.secret({ ...name, name: "APP_SECRET" })?.value).toBe("first");
    clock.advance(2_000);
    await write("second 密钥 🔑\n%", place);
    expect(emulator.secret({ ...name, name: "APP_SECRET" })?.value).toBe("second 密钥 🔑\n%");
    // GitHub's times are whole seconds.
    expect(await store.updatedAt(place, "APP_SECRET")).toBe(Date.parse("2026-11-22T03:00:02Z"));
    await store.remove(place, "APP_SECRET");
    expect(await store.updatedAt(place, "APP_SECRET")).toBeUndefined();
    expect(emulator.secretNames(name)).toEqual([]);
  });

  test("every path begins as GitHub's description says, with names encoded once", async () => {
    const { store, emulator } = start();
    expect(secretsPath(place)).toBe(path);
    await write("x", place);
    await store.updatedAt(place, "APP_SECRET");
    await store.remove(place, "APP_SECRET");
    expect(emulator.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      `DELETE ${path}/APP_SECRET`,
      `GET ${path}/APP_SECRET`,
      `GET ${path}/public-key`,
      `GET ${path}?per_page=100&page=1`,
      `PUT ${path}/APP_SECRET`,
    ]);
    expect(emulator.requests.map(({ status }) => status)).toEqual([200, 200, 201, 200, 204]);
  });

  test("PyNaCl opens what GitHub was sent", async (context) => {
    needsPyNaCl(context);
    start();
    await write("zwei 密钥 🔑\r\n", place);
    const { sealed = "" } = bench.emulator.secret({ ...name, name: "APP_SECRET" }) ?? {};
    const { privateKey } = bench.emulator.privateKey(name);
    expect((await openWithPyNaCl({ privateKey, boxes: [sealed] })).map(String)).toEqual(["zwei 密钥 🔑\r\n"]);
  });

  test("it is open: its key has 32 bytes, and its secrets are all there", async () => {
    const { store, emulator } = start();
    emulator.addSecret({ ...name, name: "one", value: "x", updatedAt: Date.parse("2026-10-01T12:00:00Z") });
    const open = await store.open(place);
    expect(open.place).toBe(place);
    expect(open.publicKey.key).toHaveLength(32);
    expect(Buffer.from(open.publicKey.key).toString("base64")).toBe(emulator.privateKey(name).publicKey);
    expect([...open.secrets]).toEqual([["ONE", Date.parse("2026-10-01T12:00:00Z")]]);
    expect(open.limit).toBe(100);
  });
});

test("an environment's name with an apostrophe can stand in a shell's quotes", () => {
  expect(secretsPath({ kind: "env", owner: "a", repo: "b", environment: "it's 100%" })).toBe(
    "/repos/a/b/environments/it%27s%20100%25/secrets",
  );
});

describe("a list", () => {
  test("of more than a page is read to its end", async () => {
    const { store, emulator } = start();
    emulator.secretsPerPlace = 1_000;
    for (let index = 0; index < 234; index += 1) {
      emulator.addSecret({ repository: "acme/web", name: `SECRET_${String(index)}`, value: "x" });
    }
    const { secrets } = await store.open(web);
    expect(secrets.size).toBe(234);
    expect(
      emulator.requests.filter(({ path }) => LIST.test(path)).map(({ path }) => path.split("?")[1]),
    ).toEqual(["per_page=100&page=1", "per_page=100&page=2", "per_page=100&page=3"]);
  });

  test("of a full page, and of none, needs no second one", async () => {
    for (const count of [100, 0]) {
      const { store, emulator } = start();
      for (let index = 0; index < count; index += 1) {
        emulator.addSecret({ repository: "acme/web", name: `SECRET_${String(index)}`, value: "x" });
      }
      expect((await store.open(web)).secrets.size).toBe(count);
      expect(emulator.requests.filter(({ path }) => LIST.test(path))).toHaveLength(1);
    }
  });

  const entry = { name: "A", created_at: "2026-11-22T03:00:00Z", updated_at: "2026-11-22T03:00:00Z" };
  test.each([
    ["with fewer secrets than it counts", { total_count: 3, secrets: [] }, "fewer secrets than it counts"],
    ["without a count", { secrets: [] }, "no list of secrets"],
    ["that is no list", { total_count: 0, secrets: {} }, "no list of secrets"],
    ["that is null", null, "no list of secrets"],
    [
      "of a secret without name",
      { total_count: 1, secrets: [{ ...entry, name: 1 }] },
      "a secret without name",
    ],
    ["of null", { total_count: 1, secrets: [null] }, "a secret without name"],
    [
      "of a secret without time",
      { total_count: 1, secrets: [{ ...entry, updated_at: "soon" }] },
      "a secret without the time of its last write",
    ],
  ])("%s is an error after some tries, never an empty place", async (_, body, found) => {
    start().fault(answer(200, { body: JSON.stringify(body) }), { path: LIST, times: Infinity });
    await expectFailure(bench.store.open(web), {
      code: "GITHUB_ANSWER_INVALID",
      message: `GitHub answered ${found} when asked to list the secrets; expected the documented answer.`,
    });
    expect(bench.emulator.requests.filter(({ path }) => LIST.test(path))).toHaveLength(4);
  });

  test("that lost a secret between two pages is read again", async () => {
    const { store, emulator } = start();
    emulator.addSecret({ repository: "acme/web", name: "A", value: "x" });
    bench.fault(answer(200, { body: JSON.stringify({ total_count: 2, secrets: [entry] }) }), { path: LIST });
    bench.fault(answer(200, { body: JSON.stringify({ total_count: 2, secrets: [] }) }), { path: LIST });
    expect([...(await store.open(web)).secrets.keys()]).toEqual(["A"]);
  });

  test("whose pages are all the same is an error, not an endless task", async () => {
    let lists = 0;
    // What answers without a look at the page it is asked for; it ends the test where nothing else does.
    const sameForEver =
      (http: Http): Http =>
      async (request) => {
        if (LIST.test(new URL(request.url).pathname + new URL(request.url).search)) lists += 1;
        if (lists > 100) throw new Error("asked for more than a hundred pages");
        return http(request);
      };
    start({ through: sameForEver }).fault(
      answer(200, { body: JSON.stringify({ total_count: 2, secrets: [entry] }) }),
      {
        path: LIST,
        times: Infinity,
      },
    );
    await expectFailure(bench.store.open(web), { code: "GITHUB_ANSWER_INVALID" });
    expect(lists).toBeLessThan(20);
  });
});

describe("a public key", () => {
  test.each([31, 33])("of %i bytes is refused at once", async (bytes) => {
    start().emulator.publicKeyBytes = bytes;
    await expectFailure(bench.store.open(web), {
      code: "PUBLIC_KEY_INVALID",
      message: `The public key of repo:acme/web has ${String(bytes)} bytes; expected 32.`,
    });
    expect(bench.emulator.requests.filter(({ path }) => path === KEY)).toHaveLength(1);
  });

  test.each([
    ["a web page", "<html></html>", "text/html"],
    ["nothing", "", "application/json"],
    ["a list", "[]", "application/json"],
    ["no key_id", JSON.stringify({ key: "QUJD" }), "application/json"],
    ["a numeric key_id", JSON.stringify({ key: "QUJD", key_id: 1 }), "application/json"],
  ])("that is %s is an error after some tries", async (_, body, type) => {
    start().fault(answer(200, { body, headers: { "content-type": type } }), { path: KEY, times: Infinity });
    await expectFailure(bench.store.open(web), {
      code: "GITHUB_ANSWER_INVALID",
      message:
        "GitHub answered no public key when asked to read the public key; expected the documented answer.",
    });
    expect(bench.emulator.requests.filter(({ path }) => path === KEY)).toHaveLength(4);
  });

  test.each([true, false])("that was replaced is fetched anew, and fits (key_id kept: %s)", async (keep) => {
    const { store, emulator } = start();
    emulator.rotateKeysAfterRead = 1;
    emulator.rotatedKeysKeepTheirId = keep;
    const { publicKey } = await store.open(web);
    await expectFailure(store.write(web, "APP_SECRET", seal(publicKey, "s3cr3t")), {
      code: "GITHUB_REJECTED",
      transient: false,
      changed: "no",
    });
    expect(held()).toBeUndefined();
    await store.write(web, "APP_SECRET", seal(await store.publicKey(web), "s3cr3t"));
    expect(held()).toBe("s3cr3t");
  });

  test.each([
    "null",
    "{}",
    `{"key_id":"1"}`,
    `{"key":17,"key_id":"1"}`,
    `{"key":"a"}`,
    `{"key":"a","key_id":1}`,
  ])("is none if GitHub answers %s", async (body) => {
    const { store } = start();
    bench.fault(answer(200, { body }), { path: KEY, times: Infinity });
    await expect(store.publicKey(web)).rejects.toMatchObject({
      code: "GITHUB_ANSWER_INVALID",
      message: expect.stringContaining("no public key") as unknown,
    });
  });

  test("is the place's own, though all places have the same key_id", async () => {
    const { store } = start();
    const [one, other] = [await store.publicKey(web), await store.publicKey(production)];
    expect(one.keyId).toBe(other.keyId);
    expect(one.key).not.toEqual(other.key);
  });
});

describe("a read is repeated", () => {
  test.each<readonly [string, Fault]>([
    ["a fault", answer(503, { message: "x" })],
    [
      "a web page in place of an answer",
      answer(200, { body: "<html>", headers: { "content-type": "text/html" } }),
    ],
    ["a limit", answer(429, { message: "x", headers: { "retry-after": "2" } })],
    ...LOST,
  ])("after %s, and says why it waits", async (_, fault) => {
    const { store, waits, clock } = start();
    bench.fault(fault, { path: KEY });
    bench.fault(fault, { path: LIST });
    await expect(store.open(web)).resolves.toMatchObject({ limit: 100 });
    expect(waits).toHaveLength(2);
    expect(waits.map(({ milliseconds }) => milliseconds)).toEqual(clock.waits);
    for (const { why } of waits) expect(why).toMatch(/^GitHub .*; expected .*\.$/);
  });

  test("not for ever", async () => {
    start().fault(answer(502, { message: "x" }), { path: KEY, times: Infinity });
    await expectFailure(bench.store.open(web), { code: "GITHUB_UNAVAILABLE" });
    expect(bench.emulator.requests.filter(({ path }) => path === KEY)).toHaveLength(4);
  });

  test.each([
    [401, "GITHUB_UNAUTHORIZED"],
    [403, "GITHUB_FORBIDDEN"],
    [404, "GITHUB_NOT_FOUND"],
  ])("not after %i, which is final", async (status, code) => {
    start().fault(answer(status, { message: "x" }), { path: KEY, times: Infinity });
    await expectFailure(bench.store.open(web), { code });
    expect(bench.emulator.requests.filter(({ path }) => path === KEY)).toHaveLength(1);
    expect(bench.waits).toEqual([]);
  });

  test("not after a limit of more than a quarter of an hour, which is told instead", async () => {
    const headers = {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Date.parse("2026-11-22T03:20:00Z") / 1_000),
    };
    start().fault(answer(403, { message: "API rate limit exceeded", headers }), { path: KEY });
    await expectFailure(bench.store.open(web), {
      code: "GITHUB_RATE_LIMITED",
      message: expect.stringMatching(/for \d+ s more/) as unknown,
    });
    expect(bench.waits).toEqual([]);
  });

  test("after a limited 403 waits as long as GitHub asks", async () => {
    const headers = { "retry-after": "61" };
    start().fault(answer(403, { message: "You have exceeded a secondary rate limit", headers }), {
      path: KEY,
    });
    await bench.store.open(web);
    expect(bench.clock.waits).toEqual([61_000]);
  });

  test("not once it is cancelled", async () => {
    const { store, emulator } = start();
    await expect(store.open(web, [], AbortSignal.abort(new Error("stop")))).rejects.toBeDefined();
    expect(emulator.requests).toEqual([]);
  });
});

describe("what a token may not do", () => {
  test("is told with the permission to grant, and with what GitHub would accept", async () => {
    start({ rights: { secrets: "none" } });
    await expectFailure(bench.store.open(web), {
      code: "GITHUB_FORBIDDEN",
      message: `GitHub does not let "github-token" list the secrets of repo:acme/web (403); expected the permission "Secrets: read and write".`,
      detail: expect.stringContaining("X-Accepted-GitHub-Permissions: secrets=read") as unknown,
    });
  });

  test("in an environment is another permission", async () => {
    start({ rights: { environments: "read" } });
    await expectFailure(write("x", production), {
      code: "GITHUB_FORBIDDEN",
      message: `GitHub does not let "github-token" write secret APP_SECRET of env:acme/web/eu/prod%20west (403); expected the permission "Environments: read and write".`,
      detail: expect.stringContaining("environments=write") as unknown,
    });
  });

  test("is told as both missing and invisible where GitHub answers 404", async () => {
    const elsewhere: Place = { kind: "env", owner: "acme", repo: "web", environment: "nowhere" };
    start();
    await expectFailure(bench.store.open(elsewhere), {
      code: "GITHUB_NOT_FOUND",
      message: expect.stringContaining(
        "env:acme/web/nowhere (404): it is missing, or not visible to this token",
      ) as unknown,
    });
  });
});

describe("a write", () => {
  test("is sent once, whatever comes of it", async () => {
    for (const fault of [
      answer(500),
      answer(403),
      answer(429, { headers: { "retry-after": "1" } }),
      LOST[1][1],
    ]) {
      start().fault(fault, { method: "PUT" });
      await expect(write("x")).rejects.toHide(bench.announced);
      expect(bench.emulator.requests.filter(({ method }) => method === "PUT")).toHaveLength(1);
    }
  });

  test.each(LOST)("whose answer was %s may have happened", async (_, fault) => {
    start().fault(fault, { method: "PUT" });
    await expectFailure(write("x"), { code: "GITHUB_UNREACHABLE", changed: "unknown" });
  });

  test.each([
    [200, "text/html", "<html>all is well</html>"],
    [200, "application/json", "{}"],
    [202, "application/json", ""],
  ])("answered with %i %s proves nothing", async (status, type, body) => {
    start().fault(answer(status, { body, headers: { "content-type": type } }), { method: "PUT" });
    await expectFailure(write("x"), {
      code: "GITHUB_ANSWER_INVALID",
      transient: true,
      message: `GitHub answered status ${String(status)} when asked to write secret APP_SECRET; expected the documented answer.`,
    });
    expect(held()).toBeUndefined();
  });

  test("follows a renamed repository, and no redirect to elsewhere", async () => {
    const { emulator } = start();
    emulator.rename("acme/web", "acme/site");
    await write("x");
    expect(emulator.secret({ repository: "acme/site", name: "APP_SECRET" })?.value).toBe("x");

    start().fault(answer(307, { headers: { location: "https://elsewhere.test/" } }), { method: "PUT" });
    await expectFailure(write("x"), { code: "GITHUB_ANSWER_INVALID" });
    expect(held()).toBeUndefined();
  });

  test("keeps to the pace that GitHub accepts, and says so", async () => {
    const { store, waits, clock } = start();
    const { publicKey } = await store.open(web);
    const value = seal(publicKey, "x");
    for (let index = 0; index < 82; index += 1) await store.write(web, "APP_SECRET", value);
    expect(waits).toEqual([{ why: "keeping to the pace that GitHub accepts", milliseconds: 60_000 }]);
    expect(clock.waits).toEqual([60_000]);
  });
});

describe("looking at a secret", () => {
  test("that is not there tells so, and is no error", async () => {
    await expect(start().store.updatedAt(web, "APP_SECRET")).resolves.toBeUndefined();
  });

  test.each([answer(403, { message: "x" }), answer(500), answer(200, { body: "{}" })])(
    "that cannot be read is an error, never a missing secret (%#)",
    async (fault) => {
      start().fault(fault, { path: SECRET, times: Infinity });
      await expectFailure(bench.store.updatedAt(web, "APP_SECRET"), { name: "RotationError" });
    },
  );
});

describe("a removal", () => {
  test("of what is gone is no error", async () => {
    const { store, emulator } = start();
    await store.remove(web, "APP_SECRET");
    expect(emulator.requests.map(({ status }) => status)).toEqual([404]);
  });

  test.each([...LOST, ["a fault", answer(500)], ["a cheerful 200", answer(200, { body: "{}" })]] as const)(
    "is repeated after an answer %s",
    async (_, fault) => {
      const { store, emulator } = start();
      emulator.addSecret({ repository: "acme/web", name: "APP_SECRET", value: "x" });
      bench.fault(fault, { method: "DELETE" });
      await store.remove(web, "APP_SECRET");
      expect(emulator.secretNames({ repository: "acme/web" })).toEqual([]);
    },
  );

  test("that is not allowed says so", async () => {
    const { store, emulator } = start({ rights: { secrets: "read" } });
    emulator.addSecret({ repository: "acme/web", name: "APP_SECRET", value: "x" });
    await expectFailure(store.remove(web, "APP_SECRET"), { code: "GITHUB_FORBIDDEN" });
  });

  test("counts as a write for the pace", async () => {
    const { store, clock } = start();
    for (let index = 0; index < 81; index += 1) await store.remove(web, "APP_SECRET");
    expect(clock.waits).toEqual([60_000]);
  });
});

describe("in an organization", () => {
  const acme: Place = { kind: "org", org: "acme" };

  function startOrganization(): GitHubBench {
    start({ rights: { organizations: "all", organization_secrets: "write" } });
    bench.emulator.addOrganization("acme", { repositories: ["api", "site"] });
    return bench;
  }

  test("a secret is written with who may use it, looked at, and removed", async () => {
    const { store, emulator } = startOrganization();
    const { publicKey, limit } = await store.open(acme);
    expect(limit).toBe(1_000);
    await store.write(acme, "APP_SECRET", { ...seal(publicKey, "s3cr3t"), visibility: "all" });
    expect(emulator.secret({ organization: "acme", name: "APP_SECRET" })).toMatchObject({
      value: "s3cr3t",
      visibility: "all",
    });
    expect(await store.updatedAt(acme, "APP_SECRET")).toBeDefined();
    await store.remove(acme, "APP_SECRET");
    expect(emulator.secretNames({ organization: "acme" })).toEqual([]);
  });

  test("it is open: who may use those of its secrets that are asked for is known", async () => {
    const { store, emulator } = startOrganization();
    emulator.addSecret({ organization: "acme", name: "A", value: "x", visibility: "all" });
    emulator.addSecret({ organization: "acme", name: "B", value: "x" });
    const selectedRepositories = ["acme/web", "acme/site"];
    emulator.addSecret({
      organization: "acme",
      name: "C",
      value: "x",
      visibility: "selected",
      selectedRepositories,
    });
    emulator.addSecret({ organization: "acme", name: "D", value: "x", visibility: "selected" });
    const { access, secrets } = await store.open(acme, ["a", "B", "c", "NEW"]);
    expect([...secrets.keys()]).toEqual(["A", "B", "C", "D"]);
    expect(Object.fromEntries(access)).toEqual({
      A: { visibility: "all" },
      B: { visibility: "private" },
      C: {
        visibility: "selected",
        selected_repository_ids: selectedRepositories.map((name) => emulator.repositoryId(name)),
      },
    });
    expect(
      emulator.requests.filter(({ path }) => path.includes("/repositories")).map(({ path }) => path),
    ).toEqual(["/orgs/acme/actions/secrets/C/repositories?per_page=100&page=1"]);
  });

  test("the reading of who may use a secret is repeated after a fault", async () => {
    const { store, emulator, waits } = startOrganization();
    emulator.addSecret({ organization: "acme", name: "C", value: "x", visibility: "selected" });
    bench.fault(answer(503, { message: "x" }), { path: /\/C\/repositories/ });
    const { access } = await store.open(acme, ["C"]);
    expect(access.get("C")).toEqual({ visibility: "selected", selected_repository_ids: [] });
    expect(waits).toHaveLength(1);
  });

  test("a list without visibility is an error, as a write would change it", async () => {
    const { store } = startOrganization();
    const secret = { name: "A", created_at: "2026-11-22T03:00:00Z", updated_at: "2026-11-22T03:00:00Z" };
    const body = JSON.stringify({ total_count: 1, secrets: [secret] });
    bench.fault(answer(200, { body }), { path: /\?per_page/, times: Infinity });
    await expectFailure(store.open(acme, ["A"]), { code: "GITHUB_ANSWER_INVALID" });
    await expect(store.open(acme, ["B"])).resolves.toMatchObject({ limit: 1_000 });
  });
});

test("Dependabot's store of a repository is another one", async () => {
  start({ rights: { dependabot_secrets: "write" } });
  const dependabot: Place = { kind: "dependabot", owner: "acme", repo: "web" };
  expect(secretsPath(dependabot)).toBe("/repos/acme/web/dependabot/secrets");
  await write("for the robot", dependabot);
  await write("for the workflow");
  expect(bench.emulator.secret({ repository: "acme/web", dependabot: true, name: "APP_SECRET" })?.value).toBe(
    "for the robot",
  );
  expect(held()).toBe("for the workflow");
  expect((await bench.store.open(dependabot)).secrets.size).toBe(1);
});

describe("a cache of places", () => {
  test("has each read once, whatever its case, and who may use a secret for each who asks", async () => {
    start({ rights: { organizations: "all", organization_secrets: "write" } });
    const { api, lane, clock, emulator } = bench;
    emulator.addOrganization("acme");
    for (const name of ["A", "B"]) {
      emulator.addSecret({ organization: "acme", name, value: "x", visibility: "selected" });
    }
    const cache: PlaceCache = new Map();
    const [one, other] = [0, 1].map(() =>
      createSecretStore({ api, lane, clock, cache, onWait: () => undefined }),
    );
    const opened = await Promise.all([
      one?.open({ kind: "org", org: "acme" }, ["A"]),
      other?.open({ kind: "org", org: "ACME" }, ["B"]),
    ]);
    expect(opened.map((open) => [...(open?.access.keys() ?? [])])).toEqual([["A"], ["B"]]);
    expect(emulator.requests.map(({ path }) => path.replace(/.*secrets/, "")).sort()).toEqual([
      "/A/repositories?per_page=100&page=1",
      "/B/repositories?per_page=100&page=1",
      "/public-key",
      "?per_page=100&page=1",
    ]);
  });
});
