import { describe, expect, it } from "vitest";
import { worldProviders } from "../emulators/world.ts";
import { openScene, TARGET, TRAITS } from "../support/scene.ts";

const DAILY = { "rotate-after": "30d" };

describe.each(worldProviders)("the built action with %s, when it is ended early or crossed,", (provider) => {
  const { rotate, first, heals, overlaps } = TRAITS[provider];

  it("is finished by the post step when main is killed between rotation and write", async () => {
    await using scene = await openScene(provider);
    const { github } = scene.world;
    github.faults.arm({ kind: "stall", changed: false }, { method: "PUT", path: TARGET, times: Infinity });
    const run = await scene.run({
      killWhen: () => github.requests.some(({ method, path }) => method === "PUT" && TARGET.test(path)),
      beforePost: (main) => {
        expect(main.signal).toBe("SIGKILL");
        expect(Object.values(main.files).join("")).toContain("encrypted_value");
        expect(Object.values(main.fileModes)).toEqual([0o600]);
        github.faults.clear();
      },
    });
    expect(run.post.exitCode).toBe(0);
    expect(run.post.log).toContain("written.");
    expect(run.post.files).toEqual({});
    expect(scene.allHold()).toBe(true);

    const next = await scene.run({ inputs: DAILY });
    // A target written in the marker's own second counts as not newer, and is written once more.
    expect(["unchanged", heals]).toContain(scene.result(next).status);
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
  });

  it.each(["before its answer", "before the first write"])(
    "is healed by the next run when everything is killed during the rotate call, %s",
    async (when) => {
      await using scene = await openScene(provider);
      await scene.run();
      const { github, providers } = scene.world;
      const service = providers[provider];
      const killed =
        when === "before its answer"
          ? (service.faults.arm({ kind: "stall", changed: true }, rotate),
            (): boolean => scene.rotateCalls().length > 1)
          : (github.faults.arm({ kind: "stall", changed: false }, { method: "PUT", path: TARGET }),
            (): boolean => github.requests.some(({ status, path }) => status === null && TARGET.test(path)));
      await scene.run({ killWhen: killed, post: false });
      expect(scene.allHold()).toBe(false);
      expect(scene.markers()).not.toEqual([]);
      github.faults.clear();
      service.faults.clear();

      const next = await scene.run({ inputs: DAILY });
      expect(scene.result(next).status).toBe(heals);
      expect(next.main.exitCode).toBe(0);
      expect(scene.allHold()).toBe(true);
      expect(scene.markers()).toEqual([]);
    },
  );

  it("says in the post step what is lost when main is killed before it could seal", async () => {
    await using scene = await openScene(provider);
    const service = scene.world.providers[provider];
    service.faults.arm({ kind: "stall", changed: true }, rotate);
    const run = await scene.run({ killWhen: () => scene.rotateCalls().length > 0 });
    if (overlaps) {
      // Nothing has ended, so nothing is lost.
      expect(run.post.exitCode).toBe(0);
      expect(run.post.log).toContain("nothing was rotated");
      expect(scene.markers()).toEqual([]);
      return;
    }
    expect(run.post.exitCode).toBe(1);
    expect(run.post.annotations[0]?.message).toContain("SECRET_LOST");
    expect(run.post.summary).toContain("Run again now");
    expect(scene.markers()).not.toEqual([]);
  });

  it("removes its markers and fails when it is cancelled before the rotate call", async () => {
    await using scene = await openScene(provider);
    const service = scene.world.providers[provider];
    service.faults.arm({ kind: "stall", changed: false }, first);
    const run = await scene.run({
      // CSMS tells the age of its secret itself, so that markers wait for its answer.
      killWhen: () =>
        provider === "huawei-csms" ? service.requests.length > 0 : scene.markers().length === scene.places,
      killBy: "SIGTERM",
    });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "CANCELLED" });
    expect(scene.rotateCalls()).toEqual([]);
    expect(scene.markers()).toEqual([]);
  });

  it("publishes to the end when it is cancelled after the rotate call", async () => {
    await using scene = await openScene(provider);
    scene.world.github.faults.arm(
      { kind: "answer", changed: false, status: 503, body: `{"message":"busy"}` },
      { method: "PUT", path: TARGET, times: 3 },
    );
    // A ticket that is still on its way is not waited for; one that has come is published.
    const writes = (): number => scene.world.github.requests.filter(({ path }) => TARGET.test(path)).length;
    const killWhen = (): boolean => (overlaps ? writes() > 0 : scene.rotateCalls().length > 0);
    const run = await scene.run({ killWhen, killBy: "SIGINT" });
    expect(run.main.exitCode).toBe(0);
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(scene.allHold()).toBe(true);
    expect(scene.markers()).toEqual([]);
  });

  it("says unknown, and writes its markers again, when another run has touched them", async () => {
    await using scene = await openScene(provider);
    const { github } = scene.world;
    github.faults.arm(
      { kind: "answer", changed: false, status: 503, body: `{"message":"busy"}` },
      { method: "PUT", path: TARGET, times: 4 },
    );
    let touched = false;
    const run = await scene.run({
      killWhen: () => {
        const marker = scene.markers()[0];
        if (!touched && marker !== undefined && scene.rotateCalls().length > 0) {
          touched = true;
          for (const target of scene.world.targetsOf(provider)) {
            github.addSecret({
              ...target,
              name: marker,
              value: "another run",
              updatedAt: Date.now() + 60_000,
            });
          }
        }
        return false;
      },
    });
    expect(touched).toBe(true);
    expect(scene.result(run)).toMatchObject({ status: "unknown", error: "CONCURRENT_RUN" });
    expect(run.main.exitCode).toBe(1);
    expect(scene.markers()).toHaveLength(scene.places);
    await scene.run({ inputs: { force: "true" } });
    expect(scene.allHold()).toBe(true);
  });
});
