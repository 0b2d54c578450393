import { describe, expect, it } from "vitest";
import { RotationError } from "../../src/errors.ts";
import { createSeal } from "../../src/github/seal.ts";
import type { PlaceCache } from "../../src/github/secret-store.ts";
import { parseTarget } from "../../src/github/target.ts";
import type { Journal } from "../../src/journal.ts";
import type { Provider } from "../../src/providers/provider.ts";
import {
  A,
  B,
  DAILY,
  MARKER,
  openRotation as open,
  refuse,
  type RotationScene,
  wreck,
} from "../support/rotation-scene.ts";

const HOUR = 3_600_000;

const REFUSAL = RotationError.of("PROVIDER_REFUSED", { provider: "Fake", action: "read", code: "7" });

function fill({ github }: RotationScene, count: number): void {
  for (let at = 0; at < count; at += 1) github.addSecret({ ...B, name: `OTHER_${String(at)}`, value: "x" });
}

/** Counts how often libsodium is started. */
function countSeals() {
  const seals: number[] = [];
  return {
    seals,
    seal: () => {
      seals.push(seals.length);
      return createSeal();
    },
  };
}

describe("preflight", () => {
  it("ends with the place that refuses its marker, and takes the others away", async () => {
    const { run, github, service, markers, writes, log } = open();
    refuse(github, /environments\/a\/secrets\/ROTATING_/);
    const outcome = await run();
    expect(outcome).toMatchObject({
      status: "failed",
      provider: "unchanged",
      error: { code: "GITHUB_FORBIDDEN" },
      targets: [{ status: "failed", error: { code: "GITHUB_FORBIDDEN" } }, { status: "skipped" }],
      warnings: [],
    });
    expect(service.rotations).toBe(0);
    expect(markers()).toEqual([]);
    expect(writes()).toEqual([`PUT a/${MARKER}`, `PUT b/${MARKER}`, `DELETE b/${MARKER}`]);
    expect(log.problems).toEqual([]);
  });

  it("tells of all places that refuse", async () => {
    const { run, github, log } = open();
    refuse(github, /ROTATING_/);
    const outcome = await run();
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect(log.problems.map(({ code }) => code)).toEqual(["GITHUB_FORBIDDEN"]);
    expect(log.problems[0]).not.toBe("error" in outcome ? outcome.error : undefined);
  });

  it.each([
    [
      "a place cannot be read",
      "GITHUB_FORBIDDEN",
      (scene: RotationScene) => {
        refuse(scene.github, /environments\/b/, "GET");
        return scene.run();
      },
    ],
    [
      "the provider refuses",
      "PROVIDER_REFUSED",
      ({ run, service }: RotationScene) =>
        run({ provider: { ...service.provider(), preflight: () => Promise.reject(REFUSAL) } }),
    ],
    [
      "nothing can be sealed",
      "INTERNAL",
      ({ run }: RotationScene) => run({}, { seal: () => Promise.reject(new Error("no WebAssembly")) }),
    ],
    [
      "a place has no room",
      "SECRET_LIMIT",
      (scene: RotationScene) => {
        fill(scene, 99);
        return scene.run();
      },
    ],
    [
      "the run was cancelled",
      "CANCELLED",
      ({ run, cancel }: RotationScene) => {
        cancel.abort(RotationError.of("CANCELLED", { signal: "SIGTERM" }));
        return run();
      },
    ],
  ] as const)("writes nothing at all if %s", async (_, code, act) => {
    const scene = open();
    expect(await act(scene)).toMatchObject({ status: "failed", error: { code }, provider: "unchanged" });
    expect(scene.writes()).toEqual([]);
    expect(scene.service.rotations).toBe(0);
    expect(scene.said).toEqual(["settled"]);
  });

  it("writes nothing of a plan, which fails where the rotation would", async () => {
    const scene = open();
    fill(scene, 99);
    expect(await scene.run({ mode: "plan" })).toMatchObject({
      status: "failed",
      error: { code: "SECRET_LIMIT", message: expect.stringContaining("env:acme/web/b") as unknown },
    });
    const other = open();
    expect(await other.run({ mode: "plan" })).toMatchObject({
      status: "planned",
      due: true,
      reason: "no rotate-after is set",
      targets: [{ status: "due" }, { status: "due" }],
    });
    expect([...scene.writes(), ...other.writes()]).toEqual([]);
  });

  it("plans nothing for what is young enough, and what is to be healed", async () => {
    const { run, github, clock } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    expect(await run({ ...DAILY, mode: "plan" })).toMatchObject({
      status: "planned",
      due: false,
      targets: [{ status: "current" }, { status: "current" }],
    });
    const cutOff = await wreck();
    expect(await cutOff.run({ ...DAILY, mode: "plan" })).toMatchObject({ status: "planned", due: true });
  });

  it("needs no more room than there is", async () => {
    const scene = open();
    fill(scene, 98);
    expect((await scene.run()).status).toBe("rotated");
    expect((await scene.run()).status).toBe("rotated");
  });

  it.each([
    [97, 1],
    [98, 2],
  ])("counts what other rotations of the run are going to write, beside %i", async (others, missing) => {
    const cache: PlaceCache = new Map();
    const scene = open(["a", "b"], cache);
    fill(scene, others);
    const second = [parseTarget("env:acme/web/b#OTHER_SECRET")];
    expect((await scene.run()).status).toBe("rotated");
    const before = scene.writes().length;
    const outcome = await scene.run({ appId: "another", name: "another", targets: second });
    expect(outcome).toMatchObject({
      status: "failed",
      error: {
        code: "SECRET_LIMIT",
        message: expect.stringContaining(`and ${String(missing)} more`) as unknown,
      },
    });
    expect(scene.writes().slice(before)).toEqual([]);
  });

  it("forgets the writes of a rotation that would take too long", async () => {
    const { run } = open(["a", "b", "e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
    const targets = Array.from({ length: 487 }, (_, at) =>
      parseTarget(`env:acme/web/e${String(at % 7)}?format=md5#S${String(at)}`),
    );
    expect(await run({ targets })).toMatchObject({ status: "failed", error: { code: "TOO_MANY_WRITES" } });
    expect((await run()).status).toBe("rotated");
  });

  it("tells the journal which markers it is about to write, and whether some were there", async () => {
    const told: unknown[][] = [];
    const noting = (journal: Journal): Journal => ({
      ...journal,
      markers: (...words) => {
        told.push([...words]);
      },
    });
    const { run, journal } = open();
    await run({}, { journal: noting(journal) });
    const cutOff = await wreck();
    await cutOff.run({}, { journal: noting(cutOff.journal) });
    const places = ["a", "b"].map((environment) => parseTarget(`env:acme/web/${environment}#X`).place);
    expect(told).toEqual([
      ["fake", MARKER, places, false],
      ["fake", MARKER, places, true],
    ]);
  });

  it("tells the journal when each marker was written, if it will hear it", async () => {
    const { run, journal, clock } = open();
    const stamps: unknown[][] = [];
    const stamped = (...words: readonly unknown[]): void => {
      stamps.push([...words]);
      throw new Error("the disk is full");
    };
    expect((await run({}, { journal: { ...journal, stamped } })).status).toBe("rotated");
    const second = Math.floor(clock.now() / 1_000) * 1_000;
    expect(stamps.map(([name]) => name)).toEqual(["fake", "fake"]);
    expect(stamps.every(([, , time]) => Math.abs(Number(time) - second) < 10_000)).toBe(true);
  });

  it("does not start libsodium for what is not due", async () => {
    const { run, github, clock } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    const { seal, seals } = countSeals();
    expect((await run(DAILY, { seal })).status).toBe("unchanged");
    expect((await run({ mode: "plan" }, { seal })).status).toBe("planned");
    expect(seals).toEqual([]);
    expect((await run({}, { seal })).status).toBe("rotated");
    expect((await run({ ...DAILY, force: true }, { seal })).status).toBe("rotated");
    expect(seals).toHaveLength(2);
  });

  it("starts libsodium while the public keys are on their way, if something is going to be written", async () => {
    const asked: number[] = [];
    const scene = open();
    const seal = () => {
      asked.push(scene.github.requests.length);
      return createSeal();
    };
    await scene.run({}, { seal });
    expect(asked).toEqual([0]);
  });

  it("does not touch a marker that is not its own where nothing is due", async () => {
    const { run, github, clock, writes } = open();
    github.addSecret({ ...A, name: MARKER, value: "of a run that has ended" });
    clock.advance(5_000);
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    expect((await run({ ...DAILY, mode: "plan" })).status).toBe("planned");
    expect(writes()).toEqual([]);
    expect(await run(DAILY)).toMatchObject({ status: "unchanged", warnings: [] });
    expect(writes()).toEqual([`DELETE a/${MARKER}`]);
    expect(await run(DAILY)).toMatchObject({ status: "unchanged", warnings: [] });
    expect(writes()).toHaveLength(1);
  });

  it("leaves the marker that stood there before a run that comes to nothing", async () => {
    const { run, github, clock, service, markers, writes } = open();
    github.addSecret({ ...A, name: MARKER, value: "of a run that has ended" });
    clock.advance(5_000);
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    refuse(github, /environments\/b\/secrets\/ROTATING_/);
    expect((await run({ force: true })).status).toBe("failed");
    expect(service.rotations).toBe(0);
    expect(markers()).toEqual([MARKER]);
    expect(writes()).toEqual([`PUT a/${MARKER}`, `PUT b/${MARKER}`]);
  });

  it("waits for no age where the provider tells none, or it does not matter", async () => {
    const { run, service, github, clock } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    const old = clock.now() - 31 * 24 * HOUR;
    const made = { ...service.secret("former-secret-value"), madeAt: old };
    const provider = { ...service.provider(), preflight: () => Promise.resolve(made) };
    expect((await run({ ...DAILY, provider })).status).toBe("unchanged");
    const telling = { ...provider, tellsAge: true, preflight: () => Promise.resolve(undefined) };
    expect((await run({ ...DAILY, provider: telling })).status).toBe("unchanged");
  });

  it("goes by the age that the provider tells, where it does", async () => {
    const scene = open();
    const { run, github, clock, service } = scene;
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    const made = (age: number): Provider => ({
      ...service.provider(),
      tellsAge: true,
      preflight: () =>
        Promise.resolve({ ...service.secret("former-secret-value"), madeAt: clock.now() - age }),
    });
    expect(await run({ ...DAILY, provider: made(2 * HOUR) })).toMatchObject({
      status: "unchanged",
      reason: "the secret in force was made 2 h ago",
      targets: [{ status: "skipped" }, { status: "skipped" }],
    });
    expect((await run({ ...DAILY, provider: made(31 * 24 * HOUR) })).status).toBe("rotated");
    const refusing = { ...made(0), preflight: () => Promise.reject(REFUSAL) };
    expect(await run({ ...DAILY, provider: refusing })).toMatchObject({
      status: "failed",
      error: { code: "PROVIDER_REFUSED" },
    });
  });

  it("says in the log what it came to", async () => {
    const { run, github, clock, log } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    await run(DAILY);
    await run({ mode: "sync" });
    const cutOff = await wreck();
    await cutOff.run(DAILY);
    expect([...log.lines, ...cutOff.log.lines].filter((line) => line.startsWith("preflight"))).toEqual([
      "preflight: passed; not due (the oldest target was written 60 min ago)",
      "preflight: passed; mode is sync",
      "preflight: passed; due (no rotate-after is set)",
      "preflight: passed; publishing the secret in force (some targets lack the secret)",
    ]);
  });

  it("says that it waits for GitHub, and why", async () => {
    const { run, github, log } = open();
    github.faults.arm({ kind: "answer", changed: false, status: 502 }, { method: "GET", times: 1 });
    github.faults.arm(
      { kind: "answer", changed: false, status: 502 },
      { method: "PUT", path: /ROTATING_/, times: 1 },
    );
    expect((await run()).status).toBe("rotated");
    expect(log.waits).toHaveLength(2);
    expect(log.waits.join("\n")).toMatch(/502[^]*502/);
  });

  it("is unknown if another run has written the markers that it takes away", async () => {
    const { run, github, service, clock, markers } = open();
    const provider = service.provider();
    let fail: (error: RotationError) => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    late.catch(() => undefined);
    const outcome = await run({
      provider: {
        ...provider,
        preflight: () => {
          // Refuses when the markers are there already, and another run's as well.
          const look = (): void => {
            if (markers().length < 2) {
              setImmediate(look);
              return;
            }
            setTimeout(() => {
              clock.advance(5_000);
              github.addSecret({ ...B, name: MARKER, value: "of another run" });
              fail(REFUSAL);
            }, 20);
          };
          look();
          return late;
        },
      },
    });
    expect(outcome).toMatchObject({
      status: "unknown",
      provider: "unchanged",
      error: { code: "CONCURRENT_RUN", message: expect.stringContaining("env:acme/web/b") as unknown },
    });
    expect(service.rotations).toBe(0);
  });
});

describe("preflight while a former run is healed", () => {
  it("goes on with the places that can be written, and says what is wrong with the other", async () => {
    const { run, github, service } = await wreck();
    refuse(github, /environments\/a\/secrets\/ROTATING_/);
    const outcome = await run(DAILY);
    expect(outcome).toMatchObject({ status: "incomplete", provider: "unchanged" });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "written"]);
    expect(github.secret(B)?.value).toBe(service.inForce);
  });

  it("does not rotate if no place can be written", async () => {
    const { run, github, service, markers } = await wreck();
    refuse(github, /./);
    const outcome = await run({ force: true });
    expect(outcome).toMatchObject({
      status: "incomplete",
      provider: "unchanged",
      error: { code: "GITHUB_FORBIDDEN" },
      warnings: [],
    });
    expect(service.rotations).toBe(1);
    expect(markers()).toHaveLength(2);
  });

  it("leaves the former run's markers where the provider cannot be asked", async () => {
    const { run, service, markers, writes } = await wreck();
    const before = writes().length;
    const provider = { ...service.provider(), preflight: () => Promise.reject(REFUSAL) };
    expect((await run({ force: true, provider })).status).toBe("incomplete");
    expect(markers()).toHaveLength(2);
    expect(writes().slice(before)).toEqual([]);
  });
});
