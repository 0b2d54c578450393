import { afterEach, describe, expect, test } from "vitest";
import { type GitHubAnswer, invalidAnswer, permissionFor } from "../../src/github/api.ts";
import type { Place } from "../../src/github/target.ts";
import { HttpFailure } from "../../src/http.ts";
import { answer, createGitHubBench, type GitHubBench, production, web } from "../support/github-bench.ts";

const KEY = "/repos/acme/web/actions/secrets/public-key";
const SECRET = "/repos/acme/web/actions/secrets/APP_SECRET";
const action = "read the public key";

let bench: GitHubBench;
const benches: GitHubBench[] = [];

afterEach(() => {
  expect(benches.splice(0).flatMap((each) => each.undescribed())).toEqual([]);
});

function start(options: Parameters<typeof createGitHubBench>[0] = {}): GitHubBench {
  bench = createGitHubBench(options);
  benches.push(bench);
  return bench;
}

const readKey = ({ api }: GitHubBench, place: Place = web): Promise<GitHubAnswer> =>
  api({ method: "GET", path: KEY, place, action });

async function expectFailure(promise: Promise<unknown>, expected: object): Promise<void> {
  await expect(promise).rejects.toMatchObject(expected);
  await expect(promise).rejects.toHide(bench.announced);
}

describe("a request", () => {
  test("carries the token, the version of the API and a user agent", async () => {
    const { emulator } = start();
    const { status, data } = await readKey(bench);
    expect(status).toBe(200);
    expect(data).toEqual({ key_id: expect.any(String) as unknown, key: expect.any(String) as unknown });
    expect(emulator.requests).toMatchObject([
      {
        method: "GET",
        path: KEY,
        headers: {
          authorization: "token github_pat_11AAAAAAA0abcdefghij_0123456789",
          "x-github-api-version": "2022-11-28",
          "user-agent": expect.stringContaining("octokit") as unknown,
        },
      },
    ]);
  });

  test("sends its body as JSON, and nothing else beside it", async () => {
    const { api, emulator } = start();
    const body = { encrypted_value: "QUJD", key_id: "1" };
    await expect(api({ method: "PUT", path: SECRET, place: web, action, body })).rejects.toThrowWithCode(
      "GITHUB_REJECTED",
    );
    expect(JSON.parse(emulator.requests[0]?.body ?? "")).toEqual(body);
    expect(emulator.requests[0]?.headers["content-type"]).toMatch(/^application\/json\b/);
  });

  test("goes below the base URL, as on GitHub Enterprise Server", async () => {
    const { emulator } = start({ basePath: "/api/v3" });
    await expect(readKey(bench)).resolves.toMatchObject({ status: 200 });
    expect(emulator.requests[0]?.path).toBe(`/api/v3${KEY}`);
  });

  test("is not sent once its signal has aborted", async () => {
    const { api, emulator } = start();
    const signal = AbortSignal.abort(new Error("stop"));
    await expectFailure(api({ method: "GET", path: KEY, place: web, action, signal }), {
      code: "GITHUB_UNREACHABLE",
      changed: "no",
    });
    expect(emulator.requests).toEqual([]);
  });

  test("loads nothing before it is made", () => {
    expect(start().emulator.requests).toEqual([]);
  });
});

describe("a refusal", () => {
  test.each([
    [400, "GITHUB_ANSWER_INVALID", false],
    [401, "GITHUB_UNAUTHORIZED", false],
    [403, "GITHUB_FORBIDDEN", false],
    [404, "GITHUB_NOT_FOUND", false],
    [408, "GITHUB_UNAVAILABLE", true],
    [409, "GITHUB_UNAVAILABLE", true],
    [413, "GITHUB_ANSWER_INVALID", false],
    [422, "GITHUB_REJECTED", false],
    [429, "GITHUB_RATE_LIMITED", true],
    [500, "GITHUB_UNAVAILABLE", true],
    [502, "GITHUB_UNAVAILABLE", true],
    [503, "GITHUB_UNAVAILABLE", true],
    [504, "GITHUB_UNAVAILABLE", true],
  ])("with %i is %s, transient: %s, and asked once", async (status, code, transient) => {
    start().fault(answer(status, { message: "GitHub's own words" }));
    await expectFailure(readKey(bench), { code, transient, changed: "no", detail: "GitHub's own words" });
    expect(bench.emulator.requests).toHaveLength(1);
  });

  test.each([
    [403, "<html>a proxy's page</html>", "GITHUB_FORBIDDEN"],
    [502, "<html>502 Bad Gateway</html>", "GITHUB_UNAVAILABLE"],
    [500, "", "GITHUB_UNAVAILABLE"],
  ])("with %i and no JSON, %j, is %s", async (status, body, code) => {
    start().fault(answer(status, { body, headers: { "content-type": "text/html" } }));
    await expectFailure(readKey(bench), { code });
  });

  test.each<[number, { body: string; headers?: Record<string, string> }, string | undefined]>([
    [400, { body: "null" }, undefined],
    [400, { body: "17" }, undefined],
    [400, { body: `{"message":17}` }, undefined],
    [400, { body: `{"errors":[]}` }, undefined],
    [400, { body: "a proxy's words", headers: { "content-type": "text/plain" } }, "a proxy's words"],
    [400, { body: "" }, undefined],
    [
      403,
      { body: "{}", headers: { "x-accepted-github-permissions": "secrets=write" } },
      "X-Accepted-GitHub-Permissions: secrets=write",
    ],
  ])("with %i and %j has the detail %j", async (status, odd, detail) => {
    const headers = { "content-type": "application/json", ...odd.headers };
    start().fault(answer(status, { body: odd.body, headers }));
    const error: unknown = await readKey(bench).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ detail, transient: false });
  });

  test.each([
    [
      300,
      "GitHub answered redirect 300 to elsewhere when asked to read the public key; expected the documented answer.",
    ],
    [413, "GitHub answered status 413 when asked to read the public key; expected the documented answer."],
  ])("with %i says %j", async (status, message) => {
    start().fault(answer(status, { body: "{}" }));
    await expectFailure(readKey(bench), { code: "GITHUB_ANSWER_INVALID", message });
  });

  test.each([401, 404, 422, 502])("with %i says what was asked for", async (status) => {
    start().fault(answer(status, { body: "{}" }));
    const error = (await readKey(bench).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain(status === 404 ? "repo:acme/web" : action);
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain("undefined");
  });

  test("for want of a permission names the one to grant, and what GitHub would have accepted", async () => {
    start({ rights: { secrets: "none" } });
    bench.emulator.publicKeyNeedsPermission = true;
    await expectFailure(readKey(bench), {
      code: "GITHUB_FORBIDDEN",
      message: `GitHub does not let "github-token" read the public key of repo:acme/web (403); expected the permission "Secrets: read and write".`,
      detail: "Resource not accessible by personal access token; X-Accepted-GitHub-Permissions: secrets=read",
    });
  });

  test("of the workflow's own token says that it never can", async () => {
    start({ rights: { kind: "actions" } });
    await expectFailure(readKey(bench), {
      code: "GITHUB_FORBIDDEN",
      detail: expect.stringContaining("Resource not accessible by integration") as unknown,
      hint: expect.stringContaining("GITHUB_TOKEN cannot write secrets") as unknown,
    });
  });

  test("of what is not there names both readings", async () => {
    start({ rights: { repositories: [] } });
    await expectFailure(readKey(bench), {
      code: "GITHUB_NOT_FOUND",
      message: expect.stringContaining("it is missing, or not visible to this token") as unknown,
    });
  });

  test("of the token is final", async () => {
    start().fault(answer(401, { message: "Bad credentials" }));
    await expectFailure(readKey(bench), { code: "GITHUB_UNAUTHORIZED", transient: false });
  });
});

describe("a limit", () => {
  const now = Date.parse("2026-11-22T03:00:00.500Z");
  const at = (milliseconds: number): string => String(Math.ceil((now + milliseconds) / 1_000));

  test.each<[string, number, Record<string, string>, string, number]>([
    ["Retry-After", 403, { "retry-after": "17" }, "x", 17_000],
    ["Retry-After of a 429", 429, { "retry-after": "3" }, "x", 3_000],
    ["Retry-After before the reset", 403, { "retry-after": "9", "x-ratelimit-remaining": "0" }, "x", 9_000],
    ["no requests left", 403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": at(29_500) }, "x", 30_500],
    [
      "no requests left, reset long ago",
      403,
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0" },
      "x",
      1_000,
    ],
    ["no requests left, reset unknown", 403, { "x-ratelimit-remaining": "0" }, "x", 60_000],
    ["words", 403, {}, "You have exceeded a secondary rate limit. Please wait.", 60_000],
    ["429 alone", 429, { "x-ratelimit-remaining": "17" }, "x", 60_000],
  ])("is told by %s", async (_, status, headers, message, retryAfter) => {
    start().fault(answer(status, { message, headers }));
    await expectFailure(readKey(bench), {
      code: "GITHUB_RATE_LIMITED",
      transient: true,
      retryAfter,
      message: expect.stringContaining(`for ${String(Math.ceil(retryAfter / 1_000))} s more`) as unknown,
    });
  });

  test("is not what a 403 with requests left tells of", async () => {
    const headers = { "x-ratelimit-remaining": "4999", "x-ratelimit-reset": at(60_000) };
    start().fault(answer(403, { message: "Resource not accessible by integration", headers }));
    await expectFailure(readKey(bench), { code: "GITHUB_FORBIDDEN", transient: false });
  });

  test("may come with a 503, whose wait is obeyed too", async () => {
    start().fault(answer(503, { message: "x", headers: { "retry-after": "8" } }));
    await expectFailure(readKey(bench), { code: "GITHUB_UNAVAILABLE", retryAfter: 8_000 });
  });
});

describe("an answer that gets lost", () => {
  test.each([
    ["reset before the work", { kind: "reset", changed: false }],
    ["reset after the work", { kind: "reset", changed: true }],
    ["broken off", { kind: "cut-off" }],
    ["never there", { kind: "stall", changed: false }],
  ] as const)("because it was %s may have been acted on", async (_, fault) => {
    start().fault(fault);
    await expectFailure(readKey(bench), { code: "GITHUB_UNREACHABLE", transient: true, changed: "unknown" });
    expect(bench.emulator.requests).toHaveLength(1);
  });

  test("before it was asked for was not acted on", async () => {
    start({ through: () => () => Promise.reject(new HttpFailure("ENOTFOUND", false)) });
    await expectFailure(readKey(bench), {
      code: "GITHUB_UNREACHABLE",
      message: "GitHub could not be reached to read the public key (ENOTFOUND); expected an answer.",
      transient: true,
      changed: "no",
    });
  });
});

describe("a redirect", () => {
  test.each([301, 302, 307, 308])(
    "with %i is followed on the same origin, token, method and body with it",
    async (status) => {
      start().fault(answer(status, { headers: { location: `${SECRET}2` } }));
      const body = { encrypted_value: "QUJD", key_id: "1" };
      const write = bench.api({ method: "PUT", path: SECRET, place: web, action, body });
      await expect(write).rejects.toThrowWithCode("GITHUB_REJECTED");
      const [first, second] = bench.emulator.requests;
      expect(second).toMatchObject({ method: "PUT", path: `${SECRET}2`, body: first?.body });
      expect(second?.headers["authorization"]).toBe(first?.headers["authorization"]);
    },
  );

  test("of a renamed repository is followed", async () => {
    start().emulator.rename("acme/web", "acme/site");
    await expect(readKey(bench)).resolves.toMatchObject({ status: 200 });
    expect(bench.emulator.requests.map(({ status }) => status)).toEqual([301, 200]);
  });

  test.each([
    "https://elsewhere.test/repos/acme/web/actions/secrets/public-key",
    "http://api.github.test/repos/acme/web/actions/secrets/public-key",
    "https://api.github.test:8443/repos/acme/web/actions/secrets/public-key",
    "//elsewhere.test/",
  ])("to %s is refused, and the token stays here", async (location) => {
    start().fault(answer(301, { headers: { location } }));
    await expectFailure(readKey(bench), {
      code: "GITHUB_ANSWER_INVALID",
      message:
        "GitHub answered redirect 301 to elsewhere when asked to read the public key; expected the documented answer.",
    });
    expect(bench.emulator.requests).toHaveLength(1);
  });

  test("to itself is not followed for ever", async () => {
    start().fault(answer(302, { headers: { location: KEY } }), { times: Infinity });
    await expectFailure(readKey(bench), { code: "GITHUB_ANSWER_INVALID" });
    expect(bench.emulator.requests.length).toBeLessThanOrEqual(4);
  });

  test("to nowhere is refused", async () => {
    start().fault(answer(302));
    await expectFailure(readKey(bench), { code: "GITHUB_ANSWER_INVALID" });
  });

  test("to what is no address is refused", async () => {
    start().fault(answer(302, { headers: { location: "https://[" } }));
    await expectFailure(readKey(bench), { code: "GITHUB_ANSWER_INVALID" });
  });
});

test("a deprecation is not printed, as its words come from outside", async () => {
  const printed: unknown[] = [];
  const { log, warn } = console;
  console.log = console.warn = (...words: unknown[]) => void printed.push(words);
  try {
    start().fault(
      answer(200, { body: "{}", headers: { deprecation: "true", link: '<::error::x>; rel="deprecation"' } }),
    );
    await expect(readKey(bench)).resolves.toMatchObject({ status: 200 });
  } finally {
    Object.assign(console, { log, warn });
  }
  expect(printed).toEqual([]);
});

test("the permission of a place is called as GitHub's token pages call it", () => {
  const org: Place = { kind: "org", org: "acme" };
  const dependabot: Place = { kind: "dependabot", owner: "acme", repo: "web" };
  expect([web, production, org, dependabot].map(permissionFor)).toEqual([
    '"Secrets: read and write"',
    '"Environments: read and write"',
    '"Secrets: read and write" of the organization',
    '"Dependabot secrets: read and write"',
  ]);
});

test("an answer of another shape is worth another try", () => {
  expect(invalidAnswer("write secret X", "status 200")).toMatchObject({
    code: "GITHUB_ANSWER_INVALID",
    transient: true,
    changed: "no",
  });
});
