import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startWorld } from "../emulators/world.ts";
import { type KeylessRoad, openKeylessRoad } from "../support/keyless-road.ts";
import { type ActionOptions, type ActionRun, leaks, runAction } from "../support/runner.ts";

const TARGET = { repository: "acme/web", environment: "production", name: "ORDERS_DATABASE" };

async function openScene(subject?: string) {
  const world = await startWorld();
  const road: KeylessRoad = await openKeylessRoad(subject);
  const value = (): string => road.csms.secret(road.appId).current.value;
  return {
    road,
    value,
    held: () => world.github.secret(TARGET)?.value,
    async run(change: Partial<ActionOptions> = {}): Promise<ActionRun> {
      const former = value();
      const run = await runAction({
        apiUrl: world.github.url,
        event: { name: "schedule" },
        nodeArguments: ["--import", join(import.meta.dirname, "../support/fast-time.ts")],
        env: road.env,
        ...change,
        inputs: {
          ...road.inputs,
          environment: TARGET.environment,
          "secret-name": TARGET.name,
          "github-token": world.token,
          ...change.inputs,
        },
      });
      expect(leaks(run, [...road.secrets(), former, value(), world.token])).toEqual([]);
      expect(run.main.stderr).toBe("");
      return run;
    },
    async [Symbol.asyncDispose]() {
      await road[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

function resultOf({ main }: ActionRun): unknown {
  return (JSON.parse(main.outputs["results"] ?? "[]") as unknown[])[0];
}

describe("the built action without stored keys", () => {
  test("rotates a CSMS secret with nothing but OIDC inputs, and hides all it is given on the way", async () => {
    await using scene = await openScene();
    const before = scene.value();
    const run = await scene.run();
    expect(resultOf(run)).toMatchObject({ status: "rotated", version: "v2" });
    expect(run.main.exitCode).toBe(0);
    expect(scene.value()).not.toBe(before);
    expect(scene.held()).toBe(scene.value());
    expect([scene.road.issuer.issued.length, scene.road.sts.sessions.length]).toEqual([1, 1]);
    // The token, both keys and theirs: masked before anything else could print them.
    const masked = run.main.commands.filter(({ name }) => name === "add-mask").map(({ data }) => data);
    for (const secret of scene.road.secrets()) expect(masked).toContain(secret);
  });

  test("without the permission says which one is missing, before anything is asked of anybody", async () => {
    await using scene = await openScene();
    const { road } = scene;
    const run = await scene.run({ env: {} });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.log).toMatch(
      /ID_TOKEN_UNAVAILABLE: The workflow's OIDC token cannot be had: .* "id-token: write"\. Give the job/,
    );
    expect([...road.issuer.requests, ...road.sts.requests, ...road.csms.requests]).toEqual([]);
  });

  test("for a job that the agency does not trust is refused once, and shows whom the token names", async () => {
    await using scene = await openScene("repo:acme/web:environment:another");
    const run = await scene.run();
    expect(resultOf(run)).toMatchObject({ status: "failed", error: "PROVIDER_UNAUTHORIZED" });
    expect(run.main.log).toContain(`sub "repo:acme/web:environment:rotation"`);
    expect(scene.road.sts.requests).toHaveLength(1);
    expect(scene.road.csms.requests).toEqual([]);
  });
});
