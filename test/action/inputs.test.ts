import { describe, expect, it } from "vitest";
import { createGitHubEmulator } from "../emulators/github.ts";
import { listen } from "../emulators/listen.ts";
import { openScene } from "../support/scene.ts";

describe("the built action", () => {
  it("reports all problems with its inputs at once, before any network call", async () => {
    await using scene = await openScene("authing");
    const run = await scene.run({
      inputs: {
        mode: "rotatee",
        "rotate-after": "30 days",
        force: "maybe",
        verify: "on",
        "access-key-secret": "",
        "github-token": "",
        "api-url": "http://api.authing.cn",
        targets: [
          "repo:acme/web#GITHUB_SECRET",
          "repo:acme/web#9LIVES",
          "repo:acme/web#TWICE",
          "repo:ACME/web#twice",
          "vault:acme/web#A",
        ].join("\n"),
      },
    });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.outputs).toEqual({ status: "failed", changed: "false", results: "[]" });
    expect(
      run.main.annotations.map(({ message }) => message.slice(0, message.indexOf(".") + 1)).sort(),
    ).toEqual([
      `INPUT_INVALID: Input "force" is "maybe"; expected "true" or "false".`,
      `INPUT_INVALID: Input "mode" is "rotatee"; expected "rotate" or "sync" or "plan".`,
      `INPUT_INVALID: Input "rotate-after" is "30 days"; expected a duration such as 90m, 12h, 30d or 8w.`,
      `INPUT_INVALID: Input "verify" is "on"; expected "auto" or "off".`,
      `INPUT_MISSING: Input "access-key-secret" is empty; provider "authing" needs it.`,
      `INPUT_MISSING: Input "github-token" is empty; writing secrets needs a token.`,
      `SECRET_NAME_INVALID: The secret name "9LIVES" cannot be used; expected letters, digits and underscores, and no digit in front.`,
      `SECRET_NAME_INVALID: The secret name "GITHUB_SECRET" cannot be used; expected a name that does not begin with GITHUB_, which GitHub keeps for itself.`,
      `TARGET_DUPLICATE: The targets "repo:acme/web#TWICE" and "repo:ACME/web#twice" are the same secret; expected each secret once.`,
      `TARGET_INVALID: The target "vault:acme/web#A" cannot be understood; expected the kind "repo", "env", "org" or "dependabot" before the colon.`,
      `URL_INSECURE: Input "api-url" is "http://api.`,
    ]);
    expect(scene.world.github.requests).toEqual([]);
    expect(scene.world.providers.authing.requests).toEqual([]);
    expect(run.main.stdout).not.toMatch(/^\s+at /m);
  });

  it.each([
    ["provider", { provider: "vault" }, "PROVIDER_UNKNOWN"],
    ["provider of nobody", { provider: "constructor" }, "PROVIDER_UNKNOWN"],
    ["missing company secret", { provider: "cloudroom", "comp-id": "100001" }, "INPUT_MISSING"],
    ["missing name", { targets: "repo:acme/web" }, "INPUT_MISSING"],
    ["broken percent sign", { targets: "env:acme/web/100%#A" }, "TARGET_INVALID"],
    ["place that climbs", { targets: "env:acme/web/..#A" }, "TARGET_INVALID"],
    ["web address with a password", { "api-url": "https://user:password@api.authing.cn" }, "INPUT_INVALID"],
    ["missing app", { "app-id": " " }, "INPUT_MISSING"],
  ])("refuses a %s", async (_what, inputs, code) => {
    await using scene = await openScene("authing");
    const run = await scene.run({ inputs });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.annotations[0]?.message).toContain(`${code}: `);
    expect(run.main.stdout).not.toContain("password@");
    expect(scene.world.github.requests).toEqual([]);
    expect(scene.world.providers.authing.requests).toEqual([]);
  });

  it("refuses to sync what cannot be read", async () => {
    await using scene = await openScene("cloudroom");
    const run = await scene.run({ inputs: { mode: "sync" } });
    expect(run.main.annotations[0]?.message).toContain("SYNC_UNSUPPORTED");
    expect(scene.world.providers.cloudroom.requests).toEqual([]);
  });

  it.each([
    ["pull_request_target", "plan", "EVENT_REFUSED"],
    ["issue_comment", "rotate", "EVENT_REFUSED"],
    ["pull_request", "rotate", "EVENT_REFUSED"],
  ])("refuses the event %s with mode %s", async (name, mode, code) => {
    await using scene = await openScene("authing");
    const run = await scene.run({ inputs: { mode }, event: { name } });
    expect(run.main.annotations[0]?.message).toContain(code);
    expect(scene.world.github.requests).toEqual([]);
  });

  it("warns about an input that the provider does not use", async () => {
    await using scene = await openScene("authing");
    const run = await scene.run({ inputs: { "comp-id": "100001" } });
    expect(run.main.exitCode).toBe(0);
    expect(run.main.annotations.map(({ level }) => level)).toEqual(["warning"]);
    expect(run.main.annotations[0]?.message).toContain(`"comp-id"`);
  });

  it("synchronizes the secret in force without changing it", async () => {
    await using scene = await openScene("authing");
    const former = scene.world.inForce("authing");
    const run = await scene.run({ inputs: { mode: "sync" } });
    expect(scene.result(run)).toMatchObject({ status: "synced", rotated_at: null });
    expect(scene.world.inForce("authing")).toBe(former);
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
  });

  it("writes one environment secret from repository, environment and secret-name", async () => {
    await using scene = await openScene("authing");
    const run = await scene.run({
      inputs: { targets: "", environment: "eu/prod west", "secret-name": "LOGIN_SECRET" },
    });
    expect(scene.result(run).targets).toEqual([
      { target: "env:acme/web/eu/prod%20west#LOGIN_SECRET", status: "written" },
    ]);
    const target = { repository: "acme/web", environment: "eu/prod west", name: "LOGIN_SECRET" };
    expect(scene.world.github.secret(target)?.value).toBe(scene.world.inForce("authing"));
  });

  it("writes the forms that targets ask for, and masks them", async () => {
    await using scene = await openScene("cloudroom");
    const run = await scene.run({
      inputs: { targets: "repo:acme/web?format=md5#HASH\nrepo:acme/web?format=base64#CODED" },
    });
    expect(run.main.exitCode).toBe(0);
    const held = (name: string): string =>
      scene.world.github.secret({ repository: "acme/web", name })?.value ?? "";
    expect(Buffer.from(held("CODED"), "base64").toString()).toBe(scene.world.inForce("cloudroom"));
    expect(held("HASH")).toMatch(/^[0-9a-f]{32}$/);
    expect(run.main.masks).toContain(held("HASH"));
    expect(run.main.masks).toContain(held("CODED"));
  });

  it("skips the question whether the secret works with verify off, and says so", async () => {
    await using scene = await openScene("authing");
    const run = await scene.run({ inputs: { verify: "off" } });
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(run.main.annotations.map(({ level }) => level)).toEqual(["warning"]);
    expect(run.main.annotations[0]?.message).toContain("verify is off");
    expect(scene.world.providers.authing.requests.map(({ path }) => path)).not.toContain(
      "/oidc/token/introspection",
    );
  });

  it("finds the API of a GitHub Enterprise Server", async () => {
    await using scene = await openScene("authing");
    const ghes = createGitHubEmulator({ basePath: "/api/v3" });
    ghes.addRepository("acme/web", { environments: ["production"] });
    ghes.addToken("ghp_token_of_the_server", { kind: "classic", repositories: "all" });
    await using server = await listen(ghes);
    const run = await scene.run({
      apiUrl: `${server.url}/api/v3`,
      inputs: { "github-token": "ghp_token_of_the_server" },
    });
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    const target = { repository: "acme/web", environment: "production", name: "AUTHING_APP_SECRET" };
    expect(ghes.secret(target)?.value).toBe(scene.world.inForce("authing"));
  });
});
