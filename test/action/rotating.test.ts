import { describe, expect, it } from "vitest";
import { worldProviders } from "../emulators/world.ts";
import { createOpenApiCheck } from "../support/openapi.ts";
import { needsPyNaCl, openWithPyNaCl } from "../support/pynacl.ts";
import { openScene } from "../support/scene.ts";
import { transcript } from "../support/transcript.ts";

const DAILY = { "rotate-after": "30d" };

describe.each(worldProviders)("the built action with %s", (provider) => {
  it("rotates into every target, and leaves no marker", async () => {
    await using scene = await openScene(provider);
    const former = scene.world.inForce(provider);
    const run = await scene.run();
    expect(run.main.exitCode).toBe(0);
    expect(run.post.exitCode).toBe(0);
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(run.main.outputs).toMatchObject({ status: "rotated", changed: "true" });
    expect(scene.world.inForce(provider)).not.toBe(former);
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
    expect(scene.rotateCalls()).toHaveLength(1);
    expect(run.post.files).toEqual({});
  });

  it("asks GitHub only what its description knows", async () => {
    await using scene = await openScene(provider);
    await scene.run();
    const check = createOpenApiCheck();
    const { requests } = scene.world.github;
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.flatMap((request) => check.problems(request))).toEqual([]);
    expect(requests.map(({ headers }) => headers["x-github-api-version"])).toEqual(
      requests.map(() => "2022-11-28"),
    );
  });

  it("seals what PyNaCl opens to the provider's secret", async (context) => {
    needsPyNaCl(context);
    await using scene = await openScene(provider);
    await scene.run();
    for (const target of scene.world.targetsOf(provider)) {
      const { privateKey } = scene.world.github.privateKey(target);
      const sealed = scene.world.github.secret(target)?.sealed ?? "";
      const [opened] = await openWithPyNaCl({ privateKey, boxes: [sealed] });
      expect(opened?.toString("utf8")).toBe(scene.world.wanted(provider, target));
    }
  });

  it("leaves what is not due untouched", async () => {
    await using scene = await openScene(provider);
    await scene.run();
    const writes = (): number => scene.world.github.requests.filter(({ method }) => method !== "GET").length;
    const before = writes();
    const run = await scene.run({ inputs: DAILY });
    expect(scene.result(run)).toMatchObject({ status: "unchanged", rotated_at: null });
    expect(run.main.outputs).toMatchObject({ status: "unchanged", changed: "false" });
    expect(writes()).toBe(before);
    expect(scene.rotateCalls()).toHaveLength(1);
    expect(run.main.state).toEqual({});
  });

  it("plans without changing anything", async () => {
    await using scene = await openScene(provider);
    const run = await scene.run({ inputs: { mode: "plan" }, event: { name: "pull_request" } });
    expect(scene.result(run)).toMatchObject({ status: "planned" });
    const environment = scene.world.targetsOf(provider)[0]?.environment;
    expect(run.main.outputs["due"]).toBe("true");
    expect(JSON.parse(run.main.outputs["matrix"] ?? "")).toEqual({
      include: [{ rotation: provider, environment }],
    });
    expect(scene.world.github.requests.every(({ method }) => method === "GET")).toBe(true);
    expect(scene.rotateCalls()).toEqual([]);

    await scene.run();
    const later = await scene.run({ inputs: { mode: "plan", ...DAILY } });
    expect(later.main.outputs).toMatchObject({ due: "false", matrix: `{"include":[]}` });
    expect(scene.result(later).targets.every(({ status }) => status === "current")).toBe(true);
  });

  it("tells the same story every time", async () => {
    await using scene = await openScene(provider);
    await expect(transcript(await scene.run(), scene.world)).toMatchFileSnapshot(
      `__snapshots__/transcripts/${provider}-rotated.txt`,
    );
  });

  it("tells what is wrong with a token that may only read", async () => {
    await using scene = await openScene(provider);
    scene.world.github.addToken("github_pat_may_only_read", {
      kind: "fine-grained",
      repositories: "all",
      secrets: "read",
      environments: "read",
    });
    const run = await scene.run({ inputs: { "github-token": "github_pat_may_only_read" } });
    await expect(transcript(run, scene.world)).toMatchFileSnapshot(
      `__snapshots__/transcripts/${provider}-read-only-token.txt`,
    );
  });

  it("tells how to finish by hand", async () => {
    await using scene = await openScene(provider);
    const name = scene.world.targetsOf(provider)[0]?.name ?? "";
    scene.world.github.faults.arm(
      { kind: "answer", changed: false, status: 500, body: `{"message":"::error::boo ##[add-mask]b"}` },
      { method: "PUT", path: new RegExp(`/environments/.*/${name}$`), times: Infinity },
    );
    const run = await scene.run({ inputs: { "write-timeout": "1s" } });
    await expect(transcript(run, scene.world)).toMatchFileSnapshot(
      `__snapshots__/transcripts/${provider}-incomplete.txt`,
    );
  });
});
