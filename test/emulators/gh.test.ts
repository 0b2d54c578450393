import { existsSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { type GhEnvironment, ghEnvironment, needsGh, runGh, runShell } from "../support/gh.ts";
import { createOpenApiCheck } from "../support/openapi.ts";
import { createGitHubEmulator, type GitHubEmulator } from "./github.ts";
import { seal } from "./github/bench.ts";
import { listen } from "./listen.ts";

// GitHub's own client, which seals with a library that nobody here wrote or uses, takes the emulator for GitHub.
beforeEach(needsGh);

const VALUE = "zwei 密钥 🔑\n100 % $HOME 'quoted'";
const openApi = createOpenApiCheck();

interface Bench extends AsyncDisposable {
  readonly emulator: GitHubEmulator;
  readonly gh: GhEnvironment;
  /** Runs gh, which has to succeed, and gives what it prints. */
  run(...args: readonly string[]): Promise<string>;
  /** `METHOD path` of what gh has asked so far, and how each was answered. */
  asked(): string[];
}

async function start(options: { readonly host?: string; readonly basePath?: string } = {}): Promise<Bench> {
  const { host = "github.com", basePath = "" } = options;
  const emulator = createGitHubEmulator({ basePath });
  emulator.addRepository("acme/web", { environments: ["production", "eu/blue green"] });
  emulator.addOrganization("acme", { repositories: ["api", "site"] });
  emulator.addToken("pat", {
    kind: "fine-grained",
    repositories: ["acme/web", "acme/api"],
    secrets: "write",
    environments: "write",
    dependabot_secrets: "write",
    organization_secrets: "write",
  });
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await listen(emulator));
  const gh = opened.use(await ghEnvironment({ apiUrl: url, token: "pat", host }));
  const everything = opened.move();
  return {
    emulator,
    gh,
    run: async (...args) => {
      const { status, stdout, stderr } = await runGh(gh, args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return stdout;
    },
    asked: () => emulator.requests.map(({ method, path, status }) => `${method} ${path} ${String(status)}`),
    [Symbol.asyncDispose]: async () => {
      await everything.disposeAsync();
      const described = emulator.requests.filter(({ path }) => !path.endsWith("/graphql"));
      expect(described.flatMap((request) => openApi.problems(request, basePath))).toEqual([]);
    },
  };
}

const web = { repository: "acme/web" };
const acme = { organization: "acme" };

describe("gh secret set", () => {
  test("stores a secret of a repository, and replaces it", async () => {
    await using bench = await start();

    await bench.run("secret", "set", "token", "--repo", "acme/web", "--body", "one");
    await bench.run("secret", "set", "TOKEN", "--repo", "acme/web", "--body", VALUE);

    expect(bench.emulator.secret({ ...web, name: "TOKEN" })?.value).toBe(VALUE);
    expect(bench.asked()).toEqual([
      "GET /repos/acme/web/actions/secrets/public-key 200",
      "PUT /repos/acme/web/actions/secrets/token 201",
      "GET /repos/acme/web/actions/secrets/public-key 200",
      "PUT /repos/acme/web/actions/secrets/TOKEN 204",
    ]);
  });

  test("reads a value from stdin", async () => {
    await using bench = await start();

    const { status } = await runGh(bench.gh, ["secret", "set", "TOKEN", "--repo", "acme/web"], VALUE);

    expect(status).toBe(0);
    expect(bench.emulator.secret({ ...web, name: "TOKEN" })?.value).toBe(VALUE);
  });

  test("stores a secret of an environment", async () => {
    await using bench = await start();
    const set = ["secret", "set", "TOKEN", "--repo", "acme/web", "--body", VALUE];

    await bench.run(...set, "--env", "production");
    // gh puts the name into the path as it is.
    await bench.run(...set, "--env", "eu%2Fblue%20green");

    for (const environment of ["production", "eu/blue green"]) {
      expect(bench.emulator.secret({ ...web, environment, name: "TOKEN" })?.value).toBe(VALUE);
    }
    expect(bench.emulator.secretNames(web)).toEqual([]);
  });

  test("stores a secret of Dependabot", async () => {
    await using bench = await start();

    await bench.run("secret", "set", "TOKEN", "--repo", "acme/web", "--app", "dependabot", "--body", VALUE);

    expect(bench.emulator.secret({ ...web, dependabot: true, name: "TOKEN" })?.value).toBe(VALUE);
    expect(bench.emulator.secretNames(web)).toEqual([]);
  });

  test.each([
    [[], "private"],
    [["--visibility", "all"], "all"],
  ])("stores a secret of an organization, with %j", async (options, visibility) => {
    await using bench = await start();

    await bench.run("secret", "set", "TOKEN", "--org", "acme", "--body", VALUE, ...options);

    expect(bench.emulator.secret({ ...acme, name: "TOKEN" })).toMatchObject({
      value: VALUE,
      visibility,
      selectedRepositoryIds: [],
    });
  });

  test("looks up the ids of the repositories that an organization's secret is for", async () => {
    await using bench = await start();
    const { emulator } = bench;

    await bench.run("secret", "set", "TOKEN", "--org", "acme", "--body", VALUE, "--repos", "web,acme/api");

    expect(emulator.secret({ ...acme, name: "TOKEN" })).toMatchObject({
      value: VALUE,
      visibility: "selected",
      selectedRepositoryIds: [emulator.repositoryId("acme/web"), emulator.repositoryId("acme/api")],
    });
    expect(bench.asked()).toContain("POST /graphql 200");
  });

  test.each(["site", "nothing"])("says that the token sees no repository %s", async (repository) => {
    await using bench = await start();
    const set = ["secret", "set", "TOKEN", "--org", "acme", "--body", VALUE, "--repos", repository];

    const { status, stderr } = await runGh(bench.gh, set);

    expect(status).toBe(1);
    expect(stderr).toContain(`Could not resolve to a Repository with the name 'acme/${repository}'.`);
    expect(bench.emulator.secretNames(acme)).toEqual([]);
  });

  test("says what GitHub refused, in GitHub's words", async () => {
    await using bench = await start();
    bench.emulator.addToken("pat", { kind: "fine-grained", repositories: ["acme/web"] });

    const { status, stderr } = await runGh(bench.gh, [
      "secret",
      "set",
      "A",
      "--repo",
      "acme/web",
      "-b",
      "value",
    ]);

    expect(status).toBe(1);
    expect(stderr).toContain("HTTP 403: Resource not accessible by personal access token");
  });
});

test("gh secret list shows what is there, also over several pages, and gh secret delete removes it", async () => {
  await using bench = await start();
  const { emulator } = bench;
  emulator.secretsPerPlace = 130;
  const at = Date.parse("2026-11-22T03:00:00Z");
  for (let n = 0; n < 130; n += 1) {
    emulator.addSecret({ ...web, name: `S_${String(n)}`, value: "", updatedAt: at });
  }
  emulator.addSecret({ ...web, environment: "production", name: "IN_PRODUCTION", value: "", updatedAt: at });
  emulator.addSecret({ ...web, dependabot: true, name: "OF_DEPENDABOT", value: "", updatedAt: at });
  emulator.addSecret({ ...acme, name: "OPEN", value: "", visibility: "all", updatedAt: at });
  emulator.addSecret({ ...acme, name: "SELECTED", value: "", visibility: "selected", updatedAt: at });
  const list = (...where: string[]): Promise<string> => bench.run("secret", "list", ...where);
  const names = (text: string): string[] => text.split("\n").map((line) => line.split("\t")[0] ?? "");

  expect(names(await list("--repo", "acme/web"))).toEqual([...emulator.secretNames(web), ""]);
  expect(await list("--repo", "acme/web", "--env", "production")).toMatch(/^IN_PRODUCTION\s+2026-11-22/);
  expect(await list("--repo", "acme/web", "--app", "dependabot")).toMatch(/^OF_DEPENDABOT\s/);
  expect(await list("--org", "acme")).toMatch(/^OPEN\s.*\sALL\nSELECTED\s.*\sSELECTED\n$/);

  await bench.run("secret", "delete", "OPEN", "--org", "acme");
  await bench.run("secret", "delete", "s_0", "--repo", "acme/web");

  expect(emulator.secretNames(acme)).toEqual(["SELECTED"]);
  expect(emulator.secretNames(web)).not.toContain("S_0");
});

describe("gh api --method PUT", () => {
  /** As a user pastes it. */
  function command(
    emulator: GitHubEmulator,
    path: string,
    place: Parameters<GitHubEmulator["privateKey"]>[0],
  ): string {
    const { publicKey } = emulator.privateKey(place);
    return `gh api --method PUT '${path}' -f encrypted_value='${seal(VALUE, publicKey)}' -f key_id='12345678912345678'`;
  }

  test.each([
    ["/repos/acme/web/actions/secrets/TOKEN", web],
    [
      "/repos/acme/web/environments/eu%2Fblue%20green/secrets/TOKEN",
      { ...web, environment: "eu/blue green" },
    ],
    ["/repos/acme/web/dependabot/secrets/TOKEN", { ...web, dependabot: true }],
  ])("stores a sealed body at %s", async (path, place) => {
    await using bench = await start();

    const { status, stderr } = await runShell(bench.gh, command(bench.emulator, path, place));

    expect([status, stderr]).toEqual([0, ""]);
    expect(bench.emulator.secret({ ...place, name: "TOKEN" })?.value).toBe(VALUE);
  });

  test("stores a sealed body in an organization, for selected repositories or for none", async () => {
    await using bench = await start();
    const { emulator } = bench;
    const [one, other] = [emulator.repositoryId("acme/web"), emulator.repositoryId("acme/site")];
    const put = async (name: string, fields: string): Promise<void> => {
      const line = command(emulator, `/orgs/acme/actions/secrets/${name}`, acme);
      const { status, stderr } = await runShell(bench.gh, `${line} -f visibility='selected' ${fields}`);
      expect([status, stderr]).toEqual([0, ""]);
    };

    await put(
      "SOME",
      `-F 'selected_repository_ids[]=${String(one)}' -F 'selected_repository_ids[]=${String(other)}'`,
    );
    await put("NONE", "-F 'selected_repository_ids[]'");

    expect(emulator.secret({ ...acme, name: "SOME" })).toMatchObject({
      value: VALUE,
      selectedRepositoryIds: [one, other],
    });
    expect(emulator.secret({ ...acme, name: "NONE" })).toMatchObject({
      value: VALUE,
      visibility: "selected",
      selectedRepositoryIds: [],
    });
    const ids = await bench.run(
      "api",
      "/orgs/acme/actions/secrets/SOME/repositories",
      "--jq",
      ".repositories[].id",
    );
    expect(ids).toBe(`${String(one)}\n${String(other)}\n`);
  });

  test("fails on a box that does not open", async () => {
    await using bench = await start();

    const line = command(bench.emulator, "/repos/acme/web/actions/secrets/TOKEN", acme);
    const { status, stderr } = await runShell(bench.gh, line);

    expect(status).toBe(1);
    expect(stderr).toContain("improperly encrypted secret (HTTP 422)");
  });
});

test("gh takes the emulator for a GitHub Enterprise Server too", async () => {
  await using bench = await start({ host: "github.example.test", basePath: "/api/v3" });

  await bench.run("secret", "set", "TOKEN", "--org", "acme", "--repos", "web", "--body", VALUE);
  const line = "gh api --hostname github.example.test '/orgs/acme/actions/secrets/TOKEN' --jq .visibility";
  const { stdout } = await runShell(bench.gh, line);

  expect(bench.emulator.secret({ ...acme, name: "TOKEN" })?.value).toBe(VALUE);
  expect(stdout).toBe("selected\n");
  expect(bench.asked()).toContain("POST /api/graphql 200");
});

test("gh waits out no limit: it shows GitHub's words", async () => {
  await using bench = await start();
  bench.emulator.limits = { writesPerMinute: 1 };
  await bench.run("secret", "set", "A", "--repo", "acme/web", "--body", VALUE);

  const { status, stderr } = await runGh(bench.gh, ["secret", "set", "B", "--repo", "acme/web", "-b", VALUE]);

  expect(status).toBe(1);
  expect(stderr).toContain("You have exceeded a secondary rate limit.");
});

test("gh is given nothing of this process's environment but the path, and disposing leaves nothing behind", async () => {
  const bench = await start();
  const { variables } = bench.gh;
  await bench[Symbol.asyncDispose]();

  expect(Object.keys(variables).sort()).toEqual([
    "GH_CONFIG_DIR",
    "GH_HOST",
    "GH_NO_UPDATE_NOTIFIER",
    "GH_PROMPT_DISABLED",
    "GH_TOKEN",
    "HOME",
    "NO_COLOR",
    "PATH",
  ]);
  expect(existsSync(variables["HOME"] ?? "")).toBe(false);
});
