import { describe, expect, it } from "vitest";
import type { Fault } from "../emulators/emulator.ts";
import { worldProviders } from "../emulators/world.ts";
import { ENVIRONMENT_TARGET, openScene, TARGET, TRAITS } from "../support/scene.ts";

const HTML = "<!doctype html><title>Bad gateway</title>";
const DAILY = { "rotate-after": "30d" };

/** What can become of the answer to the rotate call. */
const LOST: readonly (readonly [string, Fault])[] = [
  ["before the change", { kind: "reset", changed: false }],
  ["after the change", { kind: "reset", changed: true }],
  ["in the middle of the body", { kind: "cut-off" }],
  ["by a stall before the change", { kind: "stall", changed: false }],
  ["by a stall after the change", { kind: "stall", changed: true }],
  ["to a web page", { kind: "answer", changed: true, status: 502, body: HTML }],
  [
    "to an empty secret",
    {
      kind: "answer",
      changed: true,
      status: 200,
      body: `{"statusCode":200,"data":{"secret":""},"RspCode":0,"Data":{"AppSecret":""}}`,
    },
  ],
  [
    "to asterisks",
    {
      kind: "answer",
      changed: true,
      status: 200,
      body: `{"statusCode":200,"data":{"secret":"******"},"RspCode":0,"Data":{"AppSecret":"******"}}`,
    },
  ],
];

describe.each(worldProviders)("the built action with %s, when others fail,", (provider) => {
  const { rotate, first, refusal, throttle, throttled, asksAgain, ...traits } = TRAITS[provider];

  it("fails on a wrong management credential after one try, and changes nothing", async () => {
    await using scene = await openScene(provider);
    const former = scene.world.inForce(provider);
    const run = await scene.run({ inputs: traits.wrongCredential });
    expect(run.main.exitCode).toBe(1);
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "PROVIDER_UNAUTHORIZED" });
    expect(scene.world.providers[provider].requests).toHaveLength(1);
    expect(scene.world.inForce(provider)).toBe(former);
    expect(scene.markers()).toEqual([]);
  });

  it("fails on an app that the provider does not know", async () => {
    await using scene = await openScene(provider);
    const former = scene.world.inForce(provider);
    const run = await scene.run({ inputs: { "app-id": "0123456789abcdefdeadbeef" } });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: traits.unknownApp });
    expect(scene.rotateCalls()).toHaveLength(traits.unknownApp === "APP_NOT_FOUND" ? 0 : 1);
    expect(scene.world.inForce(provider)).toBe(former);
    expect(scene.markers()).toEqual([]);
  });

  it("fails truthfully when the rotate call is refused in the documented form", async () => {
    await using scene = await openScene(provider);
    const former = scene.world.inForce(provider);
    scene.world.providers[provider].faults.arm({ kind: "answer", changed: false, ...refusal }, rotate);
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed", error: traits.refused });
    expect(scene.rotateCalls()).toHaveLength(1);
    expect(scene.world.inForce(provider)).toBe(former);
    expect(scene.markers()).toEqual([]);
  });

  it("fails on a web page in preflight", async () => {
    await using scene = await openScene(provider);
    scene.world.providers[provider].faults.arm(
      { kind: "answer", changed: false, status: 200, headers: { "content-type": "text/html" }, body: HTML },
      { ...first, times: Infinity },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "PROVIDER_ANSWER_INVALID" });
    expect(scene.rotateCalls()).toEqual([]);
  });

  it.each(LOST.filter(([, fault]) => asksAgain || fault.kind === "cut-off" || fault.changed))(
    "publishes the secret in force when the rotate answer is lost %s",
    async (_when, fault) => {
      await using scene = await openScene(provider);
      const former = scene.world.inForce(provider);
      scene.world.providers[provider].faults.arm(fault, rotate);
      const run = await scene.run();
      expect(scene.result(run)).toMatchObject({ status: "rotated" });
      expect(scene.world.inForce(provider)).not.toBe(former);
      expect(scene.allHold()).toBe(true);
      expect(scene.markers()).toEqual([]);
    },
  );

  it("waits out a 429 in preflight", async () => {
    await using scene = await openScene(provider);
    scene.world.providers[provider].faults.arm(
      {
        kind: "answer",
        changed: false,
        status: 429,
        headers: { "retry-after": "3" },
        body: `{"statusCode":429,"message":"too many"}`,
      },
      { ...first, times: 2 },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(run.main.log).toContain("waiting 3 s");
  });

  it("ends a rotation that stays throttled as its provider's rule says", async () => {
    await using scene = await openScene(provider);
    const former = scene.world.inForce(provider);
    scene.world.providers[provider].faults.arm(
      { kind: "answer", changed: false, ...throttle },
      { ...rotate, times: Infinity },
    );
    const run = await scene.run();
    expect([scene.result(run).status, scene.rotateCalls().length, scene.markers().length]).toEqual(throttled);
    expect(scene.world.inForce(provider)).toBe(former);
  });

  it("says what is known when nothing settles a lost answer, and heals with the next run", async () => {
    await using scene = await openScene(provider);
    await scene.run();
    const { faults } = scene.world.providers[provider];
    faults.arm({ kind: "reset", changed: true }, { ...rotate, times: Infinity });
    faults.arm(
      { kind: "reset", changed: false },
      { path: /get-application-secret|csms\/tasks/, after: 1, times: Infinity },
    );
    const run = await scene.run();
    if (traits.overlaps) {
      expect(scene.result(run)).toMatchObject({ status: "failed", error: "PROVIDER_ANSWER_LOST" });
      expect(scene.markers()).toEqual([]);
    } else {
      expect(scene.result(run)).toMatchObject({ status: "unknown", error: "ROTATION_UNKNOWN" });
      expect(scene.markers()).not.toEqual([]);
    }
    faults.clear();
    // What has ended nothing has left nothing to heal, so that it is due only by its age.
    const next = await scene.run({ inputs: traits.overlaps ? {} : DAILY });
    expect(next.main.exitCode).toBe(0);
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
  });

  it("names the missing permission of a token that may only read, and leaves the provider alone", async () => {
    await using scene = await openScene(provider);
    const { github, repository } = scene.world;
    github.addToken("github_pat_may_only_read", {
      kind: "fine-grained",
      repositories: [repository],
      secrets: "read",
      environments: "read",
    });
    const run = await scene.run({ inputs: { "github-token": "github_pat_may_only_read" } });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "GITHUB_FORBIDDEN" });
    expect(run.main.log).toMatch(/"(Secrets|Environments): read and write"/);
    expect(run.main.log).toContain("X-Accepted-GitHub-Permissions");
    expect(scene.rotateCalls()).toEqual([]);
    expect(scene.markers()).toEqual([]);
  });

  it("says that GITHUB_TOKEN cannot write secrets", async () => {
    await using scene = await openScene(provider);
    scene.world.github.addToken("ghs_token_of_the_job", { kind: "actions", repositories: "all" });
    const run = await scene.run({ inputs: { "github-token": "ghs_token_of_the_job" } });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "GITHUB_FORBIDDEN" });
    expect(run.main.log).toContain("GITHUB_TOKEN cannot write secrets");
    expect(scene.rotateCalls()).toEqual([]);
  });

  it("gives both readings of a missing environment", async () => {
    await using scene = await openScene(provider);
    const run = await scene.run({ inputs: { targets: "env:acme/web/staging#APP_SECRET" } });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "GITHUB_NOT_FOUND" });
    expect(run.main.log).toContain("missing, or not visible to this token");
    expect(scene.rotateCalls()).toEqual([]);
  });

  it("says incomplete when a target stays refused, prints how to finish by hand, and heals with the next run", async () => {
    await using scene = await openScene(provider);
    const { github } = scene.world;
    github.faults.arm(
      { kind: "answer", changed: false, status: 403, body: `{"message":"no"}` },
      { method: "PUT", path: ENVIRONMENT_TARGET, times: Infinity },
    );
    const run = await scene.run({ inputs: { "write-timeout": "30s" } });
    expect(run.main.exitCode).toBe(1);
    expect(scene.result(run)).toMatchObject({ status: "incomplete", error: "PUBLISH_INCOMPLETE" });
    expect(run.post.exitCode).toBe(1);
    expect(run.post.log).toMatch(/gh api --method PUT '\/repos\/acme\/web\/environments\//);
    expect(run.post.summary).toContain("gh api");
    expect(scene.markers()).not.toEqual([]);
    github.faults.clear();
    await scene.run({ inputs: DAILY });
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
  });

  it("seals anew, once, when GitHub changes its key between read and write", async () => {
    await using scene = await openScene(provider);
    const { github } = scene.world;
    github.faults.arm(
      { kind: "answer", changed: false, status: 422, body: `{"message":"improperly encrypted secret"}` },
      { method: "PUT", path: TARGET },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(scene.allHold()).toBe(true);
  });
});
