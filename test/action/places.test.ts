import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { GitHubEmulator, OrganizationSecretName, TokenRights } from "../emulators/github.ts";
import { ghEnvironment, needsGh, runShell } from "../support/gh.ts";
import { createOpenApiCheck } from "../support/openapi.ts";
import type { ActionRun } from "../support/runner.ts";
import { type Change, openScene, type Scene } from "../support/scene.ts";

const openApi = createOpenApiCheck();
const LOGIN: OrganizationSecretName = { organization: "acme", name: "LOGIN_SECRET" };

interface Organized extends AsyncDisposable {
  readonly scene: Scene;
  readonly github: GitHubEmulator;
  /** A token for the organization and its repositories. */
  readonly token: string;
  /** Runs the action, and expects that GitHub's description knows every request and answer. */
  readonly run: (targets: string, change?: Change) => Promise<ActionRun>;
  /** The bodies of all writes to a secret, oldest first. */
  readonly bodies: (name: RegExp) => readonly Readonly<Record<string, unknown>>[];
}

/** An organization with this many repositories beside `acme/web`. */
async function openOrganization(rights: Partial<TokenRights> = {}, repositories = 3): Promise<Organized> {
  const scene = await openScene("authing");
  const { github } = scene.world;
  github.addOrganization("acme", {
    repositories: Array.from({ length: repositories }, (_, at) => `service-${String(at)}`),
  });
  const token = `github_pat_${randomBytes(41).toString("hex")}`;
  github.addToken(token, {
    kind: "fine-grained",
    repositories: "all",
    organizations: "all",
    secrets: "write",
    environments: "write",
    dependabot_secrets: "write",
    organization_secrets: "write",
    ...rights,
  });
  return {
    scene,
    github,
    token,
    async run(targets, change = {}) {
      const run = await scene.run({
        ...change,
        inputs: { targets, "github-token": token, ...change.inputs },
      });
      const struck = github.requests.filter(({ answer }) => answer === FAULT);
      const problems = github.requests.flatMap((request) =>
        struck.includes(request) ? [] : openApi.problems(request),
      );
      expect(problems).toEqual([]);
      return run;
    },
    bodies: (name) =>
      github.requests
        .filter(({ method, path }) => method === "PUT" && name.test(path))
        .map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}

/** What a fault answers in these tests. */
const FAULT = JSON.stringify({ message: "Sorry, that did not work." });

describe("the built action with a target in an organization", () => {
  it.each([
    ["org:acme#LOGIN_SECRET", "private"],
    ["org:acme?visibility=private#LOGIN_SECRET", "private"],
    ["org:acme?visibility=all#LOGIN_SECRET", "all"],
  ])("writes a new secret (%s)", async (target, visibility) => {
    await using organized = await openOrganization();
    const { scene, github, run } = organized;
    const ran = await run(target);
    expect(scene.result(ran)).toMatchObject({ status: "rotated", targets: [{ target, status: "written" }] });
    expect(github.secret(LOGIN)).toMatchObject({
      value: scene.world.inForce("authing"),
      visibility,
      selectedRepositoryIds: [],
    });
    expect(github.secretNames({ organization: "acme" })).toEqual(["LOGIN_SECRET"]);
  });

  it.each([
    ["private", "all"],
    ["all", "private"],
  ] as const)(
    "keeps the visibility %s of a secret that is there, whatever the target says",
    async (visibility, said) => {
      await using organized = await openOrganization();
      const { scene, github, run } = organized;
      github.addSecret({ ...LOGIN, value: "x", visibility });
      // GitHub compares names without case.
      await run(`org:ACME?visibility=${said}#login_secret`);
      expect(github.secret(LOGIN)).toMatchObject({ value: scene.world.inForce("authing"), visibility });
    },
  );

  it.each([0, 1, 100, 101, 234])("keeps the %i repositories that may use a secret", async (count) => {
    await using organized = await openOrganization({}, 300);
    const { scene, github, run } = organized;
    const selected = Array.from({ length: count }, (_, at) => `acme/service-${String(at)}`);
    github.addSecret({ ...LOGIN, value: "x", visibility: "selected", selectedRepositories: selected });
    await run("org:acme#LOGIN_SECRET");
    const secret = github.secret(LOGIN);
    expect(secret).toMatchObject({ value: scene.world.inForce("authing"), visibility: "selected" });
    expect(secret?.selectedRepositoryIds).toEqual(selected.map((name) => github.repositoryId(name)));
    const pages = github.requests.filter(({ path }) => path.includes("/LOGIN_SECRET/repositories"));
    expect(pages).toHaveLength(Math.max(1, Math.ceil(count / 100)));
  });

  it("asks for the repositories of the secrets that it writes only", async () => {
    await using organized = await openOrganization();
    const { github, run } = organized;
    github.addSecret({ ...LOGIN, name: "OTHER", value: "x", visibility: "selected" });
    await run("org:acme#LOGIN_SECRET");
    expect(github.requests.filter(({ path }) => path.endsWith("/repositories"))).toEqual([]);
    expect(github.secret({ ...LOGIN, name: "OTHER" })).toMatchObject({ value: "x", visibility: "selected" });
  });

  it("has a marker that no repository may use", async () => {
    await using organized = await openOrganization();
    await organized.run("org:acme#LOGIN_SECRET");
    expect(organized.bodies(/ROTATING_/)).toEqual([
      {
        encrypted_value: expect.any(String) as unknown,
        key_id: expect.any(String) as unknown,
        visibility: "selected",
        selected_repository_ids: [],
      },
    ]);
    expect(organized.bodies(/LOGIN_SECRET/)[0]).not.toHaveProperty("selected_repository_ids");
  });

  it("keeps who may use a secret also where its value has to be sealed anew", async () => {
    await using organized = await openOrganization();
    const { scene, github, run } = organized;
    github.addSecret({
      ...LOGIN,
      value: "x",
      visibility: "selected",
      selectedRepositories: ["acme/service-1"],
    });
    // Says that the key is out of date, which it is not; a fresh one is fetched all the same.
    github.faults.arm(
      { kind: "answer", changed: false, status: 422, body: JSON.stringify({ message: "unknown key_id" }) },
      { method: "PUT", path: /LOGIN_SECRET$/ },
    );
    const ran = await run("org:acme#LOGIN_SECRET");
    expect(scene.result(ran).status).toBe("rotated");
    expect(organized.bodies(/LOGIN_SECRET/)).toHaveLength(2);
    expect(github.secret(LOGIN)).toMatchObject({
      visibility: "selected",
      selectedRepositoryIds: [github.repositoryId("acme/service-1")],
    });
  });

  it.each([
    [{ organization_secrets: "none" }, "org:acme#A", `"Secrets: read and write" of the organization`],
    [{ dependabot_secrets: "none" }, "dependabot:acme/web#A", `"Dependabot secrets: read and write"`],
    [{ organization_secrets: "read" }, "org:acme#A", `"Secrets: read and write" of the organization`],
    [{ dependabot_secrets: "read" }, "dependabot:acme/web#A", `"Dependabot secrets: read and write"`],
  ] as const)("names the permission that is missing (%j, %s)", async (rights, target, permission) => {
    await using organized = await openOrganization(rights);
    const { scene, run } = organized;
    const former = scene.world.inForce("authing");
    const ran = await run(target);
    expect(scene.result(ran)).toMatchObject({ status: "failed", error: "GITHUB_FORBIDDEN" });
    expect(ran.main.annotations[0]?.message).toContain(permission);
    expect(scene.world.inForce("authing")).toBe(former);
    expect(scene.rotateCalls()).toEqual([]);
  });

  it.each(["org:nobody#A", "dependabot:acme/nothing#A"])(
    "says that %s is missing, or cannot be seen",
    async (target) => {
      await using organized = await openOrganization();
      const { scene, run } = organized;
      const ran = await run(target);
      expect(scene.result(ran)).toMatchObject({ status: "failed", error: "GITHUB_NOT_FOUND" });
      expect(ran.main.annotations[0]?.message).toContain(target.split("#")[0]);
      expect(scene.rotateCalls()).toEqual([]);
    },
  );

  it("changes nothing where the list of repositories is not complete", async () => {
    await using organized = await openOrganization();
    const { scene, github } = organized;
    github.addSecret({
      ...LOGIN,
      value: "x",
      visibility: "selected",
      selectedRepositories: ["acme/service-1"],
    });
    github.faults.arm(
      {
        kind: "answer",
        changed: false,
        status: 200,
        body: JSON.stringify({ total_count: 2, repositories: [] }),
      },
      { path: /\/LOGIN_SECRET\/repositories/, times: Infinity },
    );
    const ran = await scene.run({
      inputs: { targets: "org:acme#LOGIN_SECRET", "github-token": organized.token },
    });
    expect(scene.result(ran)).toMatchObject({ status: "failed", error: "GITHUB_ANSWER_INVALID" });
    expect(github.secret(LOGIN)).toMatchObject({ value: "x", visibility: "selected" });
    expect(scene.rotateCalls()).toEqual([]);
  });

  it("has room for a thousand secrets, and needs it", async () => {
    await using organized = await openOrganization();
    const { scene, github, run } = organized;
    for (let index = 0; index < 999; index += 1) {
      github.addSecret({ organization: "acme", name: `OLD_${String(index)}`, value: "x" });
    }
    expect(scene.result(await run("org:acme#LOGIN_SECRET"))).toMatchObject({
      status: "failed",
      error: "SECRET_LIMIT",
    });
    expect(scene.result(await run("org:acme#OLD_1"))).toMatchObject({ status: "rotated" });
  });
});

describe("the built action with a target of Dependabot", () => {
  it("writes that store and no other", async () => {
    await using organized = await openOrganization();
    const { scene, github, run } = organized;
    const ran = await run("dependabot:acme/web#LOGIN_SECRET");
    expect(scene.result(ran)).toMatchObject({
      status: "rotated",
      targets: [{ target: "dependabot:acme/web#LOGIN_SECRET", status: "written" }],
    });
    const store = { repository: "acme/web", dependabot: true };
    expect(github.secret({ ...store, name: "LOGIN_SECRET" })?.value).toBe(scene.world.inForce("authing"));
    expect(github.secretNames(store)).toEqual(["LOGIN_SECRET"]);
    expect(github.secretNames({ repository: "acme/web" })).toEqual([]);
  });

  it("takes places of all kinds at once, each with its marker", async () => {
    await using organized = await openOrganization();
    const { scene, github, run } = organized;
    const targets = [
      "org:acme#LOGIN_SECRET",
      "dependabot:acme/web#LOGIN_SECRET",
      "repo:acme/service-1#LOGIN_SECRET",
      "env:acme/web/eu/prod%20west?format=base64#LOGIN_SECRET",
    ];
    const ran = await run(targets.join("\n"), { inputs: { mode: "plan" } });
    expect(scene.result(ran).targets.map(({ target, status }) => [target, status])).toEqual(
      targets.map((target) => [target, "due"]),
    );
    expect(github.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    expect(scene.result(await run(targets.join("\n"))).status).toBe("rotated");
    expect(organized.bodies(/ROTATING_/)).toHaveLength(4);
    expect(organized.bodies(/LOGIN_SECRET/)).toHaveLength(4);
    // Written once more, and not due any more.
    const young = await run(targets.join("\n"), { inputs: { "rotate-after": "30d" } });
    expect(scene.result(young).status).toBe("unchanged");
  });
});

describe("the post step of the built action, after a kill", () => {
  const targets = [
    "org:acme#LOGIN_SECRET",
    "org:acme?visibility=all#NEW_SECRET",
    "dependabot:acme/web#LOGIN_SECRET",
  ];

  /** A run that is killed once it has sealed, and has written nothing. */
  async function killed(organized: Organized, healed: boolean): Promise<ActionRun> {
    const { scene, github, token } = organized;
    github.faults.arm(
      { kind: "answer", changed: false, status: 503, body: FAULT },
      { method: "PUT", path: /secrets\/(?!ROTATING_)\w+$/, times: Infinity },
    );
    const run = await scene.run({
      inputs: { targets: targets.join("\n"), "github-token": token },
      killWhen: () => github.requests.some(({ answer }) => answer === FAULT),
      beforePost: () => {
        if (healed) github.faults.clear();
      },
    });
    expect(run.main.signal).toBe("SIGKILL");
    return run;
  }

  const held = ({ github }: Organized) =>
    [
      github.secret(LOGIN),
      github.secret({ ...LOGIN, name: "NEW_SECRET" }),
      github.secret({ repository: "acme/web", dependabot: true, name: "LOGIN_SECRET" }),
    ].map((secret) => secret?.value);

  it("writes to organizations and Dependabot, and keeps who may use a secret", async () => {
    await using organized = await openOrganization();
    const { scene, github } = organized;
    github.addSecret({
      ...LOGIN,
      value: "x",
      visibility: "selected",
      selectedRepositories: ["acme/service-1", "acme/web"],
    });
    await killed(organized, true);
    expect(held(organized)).toEqual(targets.map(() => scene.world.inForce("authing")));
    const ids = github.secret(LOGIN)?.selectedRepositoryIds ?? [];
    expect([...ids].sort()).toEqual(
      ["acme/web", "acme/service-1"].map((name) => github.repositoryId(name)).sort(),
    );
    expect(github.secret({ ...LOGIN, name: "NEW_SECRET" })).toMatchObject({ visibility: "all" });
  });

  it.for<readonly [string, readonly string[]]>([
    ["some repositories", ["acme/service-1", "acme/web"]],
    ["no repository", []],
  ])(
    "prints commands that gh takes, for a secret that %s may use",
    async ([, selectedRepositories], context) => {
      needsGh(context);
      await using organized = await openOrganization();
      const { scene, github, token } = organized;
      github.addSecret({ ...LOGIN, value: "x", visibility: "selected", selectedRepositories });
      const run = await killed(organized, false);
      const commands = run.post.log.split("\n").flatMap((line) => /gh api .*/.exec(line)?.[0] ?? []);
      github.faults.clear();
      await using gh = await ghEnvironment({ apiUrl: scene.world.github.url, token });
      for (const command of commands) {
        expect(await runShell(gh, command)).toMatchObject({ status: 0, stderr: "" });
      }
      expect(held(organized)).toEqual(targets.map(() => scene.world.inForce("authing")));
      const ids = github.secret(LOGIN)?.selectedRepositoryIds ?? [];
      expect([...ids].sort()).toEqual(selectedRepositories.map((name) => github.repositoryId(name)).sort());
      expect(github.secret(LOGIN)).toMatchObject({ visibility: "selected" });
    },
  );
});
