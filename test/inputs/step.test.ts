import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../src/errors.ts";
import { formatTarget } from "../../src/github/target.ts";
import { readInputs, type RawInputs, type Settings } from "../../src/inputs.ts";
import { readConfig } from "../../src/inputs/config.ts";
import { Masker } from "../../src/secret.ts";
import { readingContext } from "../support/reading-context.ts";

/** As action.yml has them, and what one good rotation needs. */
const GOOD: RawInputs = {
  mode: "rotate",
  force: "false",
  verify: "auto",
  "write-timeout": "10m",
  repository: "acme/own",
  provider: "authing",
  "app-id": "app-1",
  "access-key-id": "key-id-of-a-test",
  "access-key-secret": "key-secret-of-a-test",
  "secret-name": "APP_SECRET",
  "github-token": "github_pat_of_a_test",
};

function read(change: RawInputs = {}, event = "schedule"): Settings {
  const masker = new Masker(() => undefined);
  return readInputs(
    { ...GOOD, ...change },
    {
      event: { name: event, payload: () => undefined },
      idTokens: undefined,
      repository: "acme/own",
      variable: () => undefined,
    },
    { masker, entries: undefined, contextFor: () => readingContext(masker) },
  );
}

/** What is found wrong, as `CODE: message`. */
function problemsOf(change: RawInputs, event?: string): readonly string[] {
  try {
    read(change, event);
  } catch (thrown) {
    if (!(thrown instanceof RotationErrors)) throw thrown;
    return thrown.errors.map(({ code, message }) => `${code}: ${message}`);
  }
  return [];
}

describe("the inputs of a step", () => {
  test("become one rotation, called by its provider", () => {
    const { rotations, warnings, mode } = read();
    expect(mode).toBe("rotate");
    expect(warnings).toEqual([]);
    expect(rotations).toMatchObject([
      {
        name: "authing",
        providerId: "authing",
        appId: "app-1",
        mode: "rotate",
        force: false,
        verify: "auto",
        writeTimeout: 600_000,
        rotateAfter: undefined,
      },
    ]);
    expect(rotations.flatMap(({ targets }) => targets.map(formatTarget))).toEqual([
      "repo:acme/own#APP_SECRET",
    ]);
  });

  test("are taken without the blanks around them", () => {
    const { rotations } = read({ "app-id": " app-1\n", force: " true ", "secret-name": " APP_SECRET " });
    expect(rotations).toMatchObject([{ appId: "app-1", force: true }]);
  });

  test.each<[RawInputs, string]>([
    [{ environment: "prod" }, "env:acme/own/prod#APP_SECRET"],
    [{ environment: "prod/eu 1" }, "env:acme/own/prod/eu%201#APP_SECRET"],
    [{ repository: "acme/web" }, "repo:acme/web#APP_SECRET"],
    [{ repository: "" }, "repo:acme/own#APP_SECRET"],
    [{ targets: "\n  repo:acme/a\n\n" }, "repo:acme/a#APP_SECRET"],
  ])("of %j have the target %s", (change, target) => {
    expect(read(change).rotations.flatMap(({ targets }) => targets.map(formatTarget))).toEqual([target]);
  });

  test.each<[string, RawInputs, readonly string[]]>([
    ["no app", { "app-id": "" }, ['INPUT_MISSING: Input "app-id" is empty; it names the app to rotate.']],
    [
      "an app of several lines",
      { "app-id": "a\nb" },
      [`INPUT_INVALID: Input "app-id" is a text with control characters; expected the app's id on one line.`],
    ],
    [
      "a repository without owner",
      { repository: "web" },
      ['INPUT_INVALID: Input "repository" is "web"; expected OWNER/REPO.'],
    ],
    [
      "a repository with more behind it",
      { repository: "acme/web/x" },
      ['INPUT_INVALID: Input "repository" is "acme/web/x"; expected OWNER/REPO.'],
    ],
    [
      "no token",
      { "github-token": " " },
      ['INPUT_MISSING: Input "github-token" is empty; writing secrets needs a token.'],
    ],
    [
      "only without a file",
      { only: "login" },
      ['INPUT_MISSING: Input "config" is empty; "only" names rotations of its file.'],
    ],
    [
      "another word than true or false",
      { force: "yes" },
      ['INPUT_INVALID: Input "force" is "yes"; expected "true" or "false".'],
    ],
    [
      "an address that is none",
      { "api-url": "api.example.test" },
      [
        'INPUT_INVALID: Input "api-url" is not a web address; expected an address such as https://api.example.com.',
      ],
    ],
    ...["https://me@example.test", "https://:word@example.test", "https://example.test/#part"].map(
      (url): [string, RawInputs, readonly string[]] => [
        `the address ${url}`,
        { "api-url": url },
        [
          'INPUT_INVALID: Input "api-url" is an address with credentials or a fragment; expected an address without them.',
        ],
      ],
    ),
    [
      "an address with a query",
      { "api-url": "https://example.test/?a=b" },
      ['INPUT_INVALID: Input "api-url" is an address with a query; expected a base URL without one.'],
    ],
  ])("say what is wrong with %s", (_, change, problems) => {
    expect(problemsOf(change)).toEqual(problems);
  });

  test.each([
    "example.test",
    "127.0.0.1.example.test",
    "a127.0.0.1.test",
    "localhost.example.test",
    "128.0.0.1",
  ])("are refused with http to %s", (host) => {
    expect(problemsOf({ "api-url": `http://${host}` }).join()).toMatch(/^URL_INSECURE:/);
  });

  test.each(["localhost", "[::1]", "127.0.0.1", "127.255.0.13"])("may have http to %s", (host) => {
    const [rotation] = read({ "api-url": `http://${host}:8080//` }).rotations;
    expect(rotation?.provider.apiUrl).toBe(`http://${host}:8080`);
  });

  test("need a probe for a gateway that shows nothing, but not where nothing is verified", () => {
    const gateway = { provider: "huawei-apig", region: "cn-north-4", "project-id": "of-a-test" };
    expect(problemsOf(gateway)).toEqual([expect.stringMatching(/^INPUT_MISSING: Input "probe-url"/)]);
    expect(problemsOf({ ...gateway, verify: "off" })).toEqual([]);
  });

  test("cannot synchronize what cannot be read", () => {
    const cloudRoom = { provider: "cloudroom", "comp-id": "17", "comp-secret": "company-secret-of-a-test" };
    expect(problemsOf({ ...cloudRoom, mode: "sync" })).toEqual([
      expect.stringMatching(/^SYNC_UNSUPPORTED: Input "mode" .*CloudRoom/),
    ]);
  });

  test.each<[RawInputs, string]>([
    [{ "github-token": "" }, 'Set "github-token" to a fine-grained or GitHub App token'],
    [{ "access-key-id": "" }, 'Set "access-key-id" under "with:"'],
  ])("say with %j what to set, and how", (change, hint) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({
        errors: [expect.objectContaining({ hint: expect.stringContaining(hint) as unknown })],
      }) as Error,
    );
  });

  test("tell all problems at once", () => {
    const problems = problemsOf({ "app-id": "", "secret-name": "", "github-token": "", force: "yes" });
    expect(problems.map((problem) => problem.replace(/:.*/, ""))).toEqual(
      expect.arrayContaining(["INPUT_MISSING", "INPUT_INVALID"]),
    );
    expect(problems.length).toBeGreaterThanOrEqual(4);
  });

  test("warn of what nothing reads, and of nothing that has a default", () => {
    expect(read({ "comp-id": "17" }).warnings).toEqual([
      'Input "comp-id" is set, but nothing here uses it with provider "authing".',
    ]);
  });

  test("tell two targets that are one", () => {
    const targets = "repo:acme/web\nrepo:acme/web#app_secret";
    expect(problemsOf({ targets })).toEqual([expect.stringMatching(/^TARGET_DUPLICATE:/)]);
  });

  test("are refused for events that strangers can cause, and a pull request may only plan", () => {
    expect(problemsOf({}, "pull_request_target").join()).toMatch(/^EVENT_REFUSED:.*pull_request_target/);
    expect(problemsOf({}, "pull_request").join()).toMatch(/^EVENT_REFUSED:/);
    expect(problemsOf({ mode: "plan" }, "pull_request")).toEqual([]);
  });
});

describe("a rotations file that cannot be read", () => {
  test("is named with the reason, and one that can is read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "config-"));
    try {
      await expect(readConfig("missing.yml", folder)).rejects.toMatchObject({
        errors: [
          { code: "CONFIG_UNREADABLE", message: expect.stringMatching(/missing\.yml.*ENOENT/) as unknown },
        ],
      });
      writeFileSync(join(folder, "good.yml"), "rotations:\n  - name: 登录\n    provider: authing\n");
      expect((await readConfig("good.yml", folder)).map(({ name }) => name)).toEqual(["登录"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
