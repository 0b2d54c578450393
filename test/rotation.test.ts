import { describe, expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { parseTarget } from "../src/github/target.ts";
import type { Provider } from "../src/providers/provider.ts";
import type { Rotation } from "../src/stages/stage.ts";
import {
  A,
  B,
  DAILY,
  type FakeService,
  type RotationScene,
  MARKER,
  openRotation as open,
  refuse,
  wreck,
} from "./support/rotation-scene.ts";

describe("a rotation", () => {
  it("tells the journal each step before it takes it", async () => {
    const { run, said } = open();
    expect((await run()).status).toBe("rotated");
    expect(said).toEqual(["markers", "rotating", "sealed", "sealed", "written", "written", "settled"]);
  });

  it("publishes what the provider shows if that differs from its answer", async () => {
    const { run, service, github } = open();
    service.shown = ["somebody-elses-secret"];
    service.inForce = "unread";
    const provider = service.provider();
    const outcome = await run({
      provider: {
        ...provider,
        rotate: async () => {
          const made = await provider.rotate();
          service.inForce = "somebody-elses-secret";
          return made;
        },
      },
    });
    expect(outcome.status).toBe("rotated");
    expect([github.secret(A)?.value, github.secret(B)?.value]).toEqual([
      "somebody-elses-secret",
      "somebody-elses-secret",
    ]);
  });

  it("is unknown if the provider shows another secret twice", async () => {
    const { run, service, markers, log } = open();
    service.shown = ["somebody-elses-first", "somebody-elses-second"];
    expect(await run()).toMatchObject({
      status: "unknown",
      error: { code: "CONFIRM_DIFFERS", message: expect.stringContaining("Fake") as unknown },
    });
    expect(markers()).toHaveLength(2);
    const shown = "confirm: the provider shows another secret than the one published";
    expect(log.lines.filter((line) => line === shown)).toHaveLength(2);
  });

  it("waits for a new secret to get around", async () => {
    const { run, service } = open();
    service.verdicts = [{ state: "invalid" }, { state: "invalid" }];
    expect((await run({ provider: service.provider({ verify: true }) })).status).toBe("rotated");
  });

  it("is unknown if the new secret is refused for a minute", async () => {
    const { run, service, clock, log } = open();
    service.verdicts = Array.from({ length: 100 }, () => ({ state: "invalid" }));
    const startedAt = clock.now();
    const outcome = await run({ provider: service.provider({ verify: true }) });
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "CONFIRM_INVALID" } });
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
    expect(log.lines).toContain("confirm: the provider refuses the secret");
  });

  it("is rotated with a warning if nothing can be confirmed", async () => {
    const { run, service } = open();
    const outcome = await run({ provider: service.provider({ read: false }) });
    expect(outcome.status).toBe("rotated");
    expect(outcome.warnings.join()).toContain("could not be confirmed");
  });

  it("warns of a secret that is too short to be masked", async () => {
    const { run, service } = open();
    const provider = service.provider();
    const short = { ...provider, rotate: () => Promise.resolve(service.secret((service.inForce = "abc"))) };
    expect((await run({ provider: short })).warnings.join()).toContain("too short to be masked");
  });

  it("does not lose the secret to a disk that fills up after the rotate call", async () => {
    const { run, journal, github, service } = open();
    const full = (): never => {
      throw RotationError.of("JOURNAL_UNWRITABLE", { reason: "ENOSPC" });
    };
    const outcome = await run({}, { journal: { ...journal, sealed: full, written: full, settled: full } });
    expect(outcome.status).toBe("rotated");
    expect(github.secret(A)?.value).toBe(service.inForce);
  });

  it("fails before the rotate call if the disk is full already", async () => {
    const { run, journal, service, markers } = open();
    const full = (): never => {
      throw RotationError.of("JOURNAL_UNWRITABLE", { reason: "ENOSPC" });
    };
    for (const broken of [{ markers: full }, { rotating: full }]) {
      const outcome = await run({}, { journal: { ...journal, ...broken } });
      expect(outcome).toMatchObject({ status: "failed", error: { code: "JOURNAL_UNWRITABLE" } });
    }
    expect(service.rotations).toBe(0);
    expect(markers()).toEqual([]);
  });

  it("fails in preflight if a pointer leads nowhere in the secret in force", async () => {
    const { run, service } = open();
    const targets = [parseTarget("env:acme/web/a?pointer=/password#APP_SECRET")];
    expect(await run({ targets })).toMatchObject({ status: "failed", error: { code: "POINTER_UNRESOLVED" } });
    expect(service.rotations).toBe(0);
  });

  it("fails in preflight if a place has no room for the marker", async () => {
    const { run, service, github } = open();
    for (let at = 0; at < 99; at += 1) github.addSecret({ ...B, name: `OTHER_${String(at)}`, value: "x" });
    expect(await run()).toMatchObject({ status: "failed", error: { code: "SECRET_LIMIT" } });
    expect(service.rotations).toBe(0);
  });

  it("fails in preflight if its writes would outlive a token", async () => {
    const { run, service, markers } = open(["a", "b", "e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
    // 486 targets, a marker in each of 7 places, and its deletion: 500 writes in an hour are all that fit.
    const targets = Array.from({ length: 487 }, (_, at) =>
      parseTarget(`env:acme/web/e${String(at % 7)}?format=md5#S${String(at)}`),
    );
    expect(await run({ targets })).toMatchObject({
      status: "failed",
      error: { code: "TOO_MANY_WRITES", message: expect.stringContaining("501 writes") as unknown },
    });
    expect(service.rotations).toBe(0);
    expect(markers()).toEqual([]);
    expect(await run({ targets: targets.slice(1) })).toMatchObject({ status: "rotated" });
  });

  it("fails if a rotate call is refused, and takes its markers away", async () => {
    const { run, service, markers } = open();
    service.fail = RotationError.of("PROVIDER_REFUSED", { provider: "Fake", action: "rotate", code: "7" });
    expect(await run()).toMatchObject({ status: "failed", provider: "unchanged" });
    expect(markers()).toEqual([]);
  });

  it("tries every target though one fails", async () => {
    const { run, service, github, markers } = open();
    refuse(github, /environments\/a\/secrets\/APP_SECRET$/);
    const outcome = await run();
    expect(outcome).toMatchObject({
      status: "incomplete",
      error: { code: "PUBLISH_INCOMPLETE" },
      provider: "changed",
    });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "written"]);
    expect(github.secret(B)?.value).toBe(service.inForce);
    expect(markers()).toHaveLength(2);
  });

  it("does not let one target wait for another's Retry-After", async () => {
    const { run, github, clock } = open();
    github.faults.arm(
      {
        kind: "answer",
        changed: false,
        status: 503,
        headers: { "retry-after": "30" },
        body: `{"message":"later"}`,
      },
      { method: "PUT", path: /environments\/a\/secrets\/APP_SECRET$/ },
    );
    expect((await run()).status).toBe("rotated");
    const [a, b] = [github.secret(A), github.secret(B)];
    expect((a?.updatedAt ?? 0) - (b?.updatedAt ?? 0)).toBeGreaterThanOrEqual(29_000);
    expect(clock.now()).toBeGreaterThan(0);
  });
});

describe("a sync", () => {
  it("publishes the secret in force, and changes nothing", async () => {
    const { run, service, github } = open();
    expect((await run({ mode: "sync" })).status).toBe("synced");
    expect([service.rotations, github.secret(A)?.value]).toEqual([0, "former-secret-value"]);
  });

  it("fails if no target was written and there was nothing to heal", async () => {
    const { run, github, markers } = open();
    refuse(github, /APP_SECRET$/);
    expect(await run({ mode: "sync" })).toMatchObject({ status: "failed", provider: "unchanged" });
    expect(markers()).toEqual([]);
  });

  it("is incomplete if some targets were written", async () => {
    const { run, github } = open();
    refuse(github, /environments\/b\/secrets\/APP_SECRET$/);
    expect(await run({ mode: "sync" })).toMatchObject({ status: "incomplete", provider: "unchanged" });
  });
});

describe("healing", () => {
  it("publishes the secret in force without a second cut-over", async () => {
    const { run, service, github, markers } = await wreck();
    expect((await run(DAILY)).status).toBe("synced");
    expect([service.rotations, github.secret(B)?.value]).toEqual([1, service.inForce]);
    expect(markers()).toEqual([]);
  });

  it("rotates once more where the provider cannot be read", async () => {
    const { run, service, github, markers } = await wreck();
    expect((await run({ ...DAILY, provider: service.provider({ read: false }) })).status).toBe("rotated");
    expect([service.rotations, github.secret(B)?.value]).toEqual([2, service.inForce]);
    expect(markers()).toEqual([]);
  });

  it("heals the other targets though one place cannot be written", async () => {
    const { run, service, github, markers } = await wreck();
    refuse(github, /environments\/a\/secrets\//);
    const outcome = await run(DAILY);
    expect(outcome).toMatchObject({ status: "incomplete" });
    expect(github.secret(B)?.value).toBe(service.inForce);
    expect(markers()).toHaveLength(2);
  });

  it("never says failed while a target may differ", async () => {
    const { run, service, markers } = await wreck();
    const provider = service.provider();
    const broken = {
      ...provider,
      preflight: () =>
        Promise.reject(
          RotationError.of("PROVIDER_UNREACHABLE", { provider: "Fake", host: "h", reason: "r" }),
        ),
    };
    expect(await run({ ...DAILY, provider: broken })).toMatchObject({ status: "incomplete" });
    expect(markers()).toHaveLength(2);
  });

  it("only tidies a marker that a complete run has left", async () => {
    const { run, github, clock, markers, service } = open();
    github.faults.arm({ kind: "reset", changed: false }, { method: "DELETE", times: Infinity });
    const first = await run();
    expect(first.status).toBe("rotated");
    expect(first.warnings.join()).toContain("stays in");
    github.faults.clear();
    clock.advance(5_000);
    // The targets were written in the marker's own second, so that they count as not newer, once.
    expect(["unchanged", "synced"]).toContain((await run(DAILY)).status);
    expect(markers()).toEqual([]);
    expect(service.rotations).toBe(1);
  });

  it("takes the markers of the former run away with its own", async () => {
    const { run, markers, writes } = await wreck();
    const before = writes().length;
    expect((await run({ force: true })).status).toBe("rotated");
    expect(markers()).toEqual([]);
    expect(writes().slice(before)).toEqual([
      ...[`PUT a/${MARKER}`, `PUT b/${MARKER}`, "PUT a/APP_SECRET", "PUT b/APP_SECRET"],
      ...[`DELETE a/${MARKER}`, `DELETE b/${MARKER}`],
    ]);
  });
});

describe("a cancellation", () => {
  it("before the rotate call fails, and takes the markers away", async () => {
    const { run, service, markers, cancel } = open();
    const provider = service.provider();
    const outcome = await run({
      provider: {
        ...provider,
        preflight: (signal) => {
          cancel.abort(RotationError.of("CANCELLED", { signal: "SIGINT" }));
          return provider.preflight(signal);
        },
      },
    });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "CANCELLED" } });
    expect(service.rotations).toBe(0);
    expect(markers()).toEqual([]);
  });

  it("after it changes nothing", async () => {
    const { run, service, github, cancel } = open();
    const provider = service.provider();
    const outcome = await run({
      provider: {
        ...provider,
        rotate: () => {
          cancel.abort(RotationError.of("CANCELLED", { signal: "SIGINT" }));
          return provider.rotate();
        },
      },
    });
    expect(outcome.status).toBe("rotated");
    expect(github.secret(B)?.value).toBe(service.inForce);
  });
});

const HOUR = 3_600_000;

/** A provider whose secrets expire by themselves, and whose new ones come with an event. */
function delivering(service: FakeService, how: Partial<Provider>): Provider {
  return { ...service.provider({ read: false }), confirms: "before", lifetime: 3 * HOUR, ...how };
}

describe("a secret that came with the event", () => {
  it("is taken whatever the age of the former, without markers", async () => {
    const { run, service, github, said, log } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    const provider = delivering(service, { arrived: true });
    expect((await run({ provider, rotateAfter: 30 * 24 * HOUR })).status).toBe("rotated");
    expect([github.secret(A)?.value, github.secret(B)?.value]).toEqual([service.inForce, service.inForce]);
    expect(said).toEqual(["sealed", "sealed", "written", "written", "settled"]);
    expect(log.lines).toContain("rotate: Fake has delivered a new secret");
    expect(github.requests.filter(({ path }) => path.includes("ROTATING_"))).toEqual([]);
  });

  it("removes the markers that another run has left, as it heals what they tell of", async () => {
    const { run, service, github, markers, clock } = open();
    refuse(github, /environments\/b\/secrets\/APP_SECRET$/);
    await run({ provider: delivering(service, {}) });
    expect(markers()).toHaveLength(2);
    github.faults.clear();
    clock.advance(5_000);
    expect((await run({ provider: delivering(service, { arrived: true }) })).status).toBe("rotated");
    expect(markers()).toEqual([]);
  });

  it("does not wait for a place that refuses it: no marker has proved that it can be written", async () => {
    const { run, service, github, clock } = open();
    refuse(github, /environments\/b\/secrets\/APP_SECRET$/);
    const startedAt = clock.now();
    const outcome = await run({ provider: delivering(service, { arrived: true }) });
    expect(outcome).toMatchObject({
      status: "incomplete",
      provider: "added",
      error: { code: "PUBLISH_INCOMPLETE", hint: expect.stringContaining("next event") as unknown },
    });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["written", "failed"]);
    expect(clock.now() - startedAt).toBeLessThan(5_000);
  });

  it("waits for a place that has a fault", async () => {
    const { run, service, github } = open();
    github.faults.arm({ kind: "answer", changed: false, status: 502 }, { method: "PUT", times: 3 });
    expect((await run({ provider: delivering(service, { arrived: true }) })).status).toBe("rotated");
  });

  it("needs no room for a marker", async () => {
    const { run, service, github } = open();
    for (let at = 0; at < 99; at += 1) github.addSecret({ ...B, name: `OTHER_${String(at)}`, value: "x" });
    expect((await run({ provider: delivering(service, { arrived: true }) })).status).toBe("rotated");
  });

  it("is not published if the provider refuses it", async () => {
    const { run, service, github } = open();
    service.verdicts = Array.from({ length: 9 }, () => ({ state: "invalid" }));
    const provider = delivering(service, {
      arrived: true,
      verify: () => Promise.resolve(service.verdicts.shift() ?? { state: "valid" }),
    });
    expect(await run({ provider })).toMatchObject({ status: "unknown", error: { code: "CONFIRM_INVALID" } });
    expect(github.secret(A)).toBeUndefined();
  });

  it("fails, and is not taken, if it is not what it should be", async () => {
    const { run, service, github } = open();
    const refusal = RotationError.of("ENVELOPE_MISSING", { event: "repository_dispatch", field: "f" });
    const provider = delivering(service, { arrived: true, preflight: () => Promise.reject(refusal) });
    expect(await run({ provider })).toMatchObject({ status: "failed", error: { code: "ENVELOPE_MISSING" } });
    expect([service.rotations, github.secret(A)]).toEqual([0, undefined]);
  });

  it("is only planned with it", async () => {
    const { run, service, github } = open();
    const outcome = await run({ mode: "plan", provider: delivering(service, { arrived: true }) });
    expect(outcome).toMatchObject({ status: "planned", due: true });
    expect(github.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

describe("a secret that is asked for", () => {
  function asking() {
    const scene = open();
    const asked: number[] = [];
    const provider = delivering(scene.service, {
      request: () => {
        asked.push(scene.clock.now());
        return Promise.resolve();
      },
    });
    return { ...scene, asked, provider };
  }

  it("is requested, and writes nothing in GitHub", async () => {
    const { run, provider, asked, github, service, log } = asking();
    const outcome = await run({ provider });
    expect(outcome).toMatchObject({ status: "requested", warnings: [] });
    expect(log.lines).toContain("rotate: Fake was asked for a new secret, which comes with a later event");
    expect(outcome.targets.map(({ status }) => status)).toEqual(["skipped", "skipped"]);
    expect([asked.length, service.rotations]).toEqual([1, 0]);
    expect(github.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("is not asked for if the one in the targets is young enough", async () => {
    const { run, provider, asked, github, clock } = asking();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    clock.advance(HOUR);
    expect((await run({ provider, rotateAfter: 2 * HOUR })).status).toBe("unchanged");
    expect(asked).toEqual([]);
    clock.advance(HOUR);
    expect((await run({ provider, rotateAfter: 2 * HOUR })).status).toBe("requested");
  });

  it("warns if what a target holds has expired, as new ones may not be arriving", async () => {
    const { run, provider, github, clock } = asking();
    github.addSecret({ ...A, value: "old" });
    clock.advance(2 * HOUR);
    github.addSecret({ ...B, value: "young" });
    expect((await run({ provider })).warnings).toEqual([]);
    clock.advance(2 * HOUR);
    const { warnings } = await run({ provider });
    expect(warnings.join()).toMatch(/written 4 h ago.*works for 3 h.*may not be arriving/);
  });

  it("fails if a place cannot be read, without asking", async () => {
    const { run, provider, asked, github } = asking();
    refuse(github, /./, "GET");
    expect(await run({ provider })).toMatchObject({ status: "failed", error: { code: "GITHUB_FORBIDDEN" } });
    expect(asked).toEqual([]);
  });

  it("fails if the provider will not", async () => {
    const { run, service, markers } = asking();
    const refusal = RotationError.of(
      "PROVIDER_ANSWER_LOST",
      { provider: "F", action: "a", reason: "r" },
      { changed: "unknown" },
    );
    const outcome = await run({ provider: delivering(service, { request: () => Promise.reject(refusal) }) });
    expect(outcome).toMatchObject({ status: "failed", provider: "unchanged" });
    expect(markers()).toEqual([]);
  });
});

describe("a secret beside which the former works on", () => {
  it("has no point of no return for the post step to know of", async () => {
    const { run, service, said } = open();
    expect((await run({ provider: delivering(service, {}) })).status).toBe("rotated");
    expect(said).toEqual(["markers", "sealed", "sealed", "written", "written", "settled"]);
  });

  it("fails, though an answer was lost, as nothing has ended", async () => {
    const { run, service, markers } = open();
    service.fail = RotationError.of(
      "PROVIDER_ANSWER_LOST",
      { provider: "F", action: "a", reason: "r" },
      { changed: "unknown" },
    );
    expect(await run({ provider: delivering(service, {}) })).toMatchObject({
      status: "failed",
      provider: "unchanged",
    });
    expect(markers()).toEqual([]);
  });

  it("is waited for until the run is cancelled", async () => {
    const { run, service, cancel, markers } = open();
    const provider = delivering(service, {
      rotate: (signal) => {
        cancel.abort(RotationError.of("CANCELLED", { signal: "SIGTERM" }));
        return Promise.reject(signal?.reason as Error);
      },
    });
    expect(await run({ provider })).toMatchObject({ status: "failed", error: { code: "CANCELLED" } });
    expect(markers()).toEqual([]);
  });
});

describe("the end of a rotation", () => {
  it("is unknown after what nobody foresaw, and leaves the journal to the post step", async () => {
    const { run, said } = open();
    const line = (): never => {
      throw new TypeError("a defect");
    };
    const log = { line, wait: () => undefined, problem: () => undefined };
    const outcome = await run({}, { log });
    expect(outcome).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "INTERNAL" },
      warnings: [],
    });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
    expect(said).not.toContain("settled");
  });

  it("gives back the room that it had reserved, though the provider refused", async () => {
    const { run, service, clock } = open();
    service.fail = RotationError.of("PROVIDER_REFUSED", { provider: "Fake", action: "rotate", code: "7" });
    await run();
    service.fail = undefined;
    const before = clock.waits.length;
    expect((await run()).status).toBe("rotated");
    expect(clock.waits.slice(before).filter((wait) => wait > 1_000)).toEqual([]);
  });

  it("waits for the room that its writes need before the secret changes, and says so", async () => {
    const { run, service, log, clock } = open();
    const targets = Array.from({ length: 80 }, (_, at) =>
      parseTarget(`env:acme/web/a?format=md5#S${String(at)}`),
    );
    const provider = service.provider();
    const startedAt = clock.now();
    let rotatedAt = 0;
    const rotate = () => {
      rotatedAt = clock.now();
      return provider.rotate();
    };
    expect((await run({ targets, provider: { ...provider, rotate } })).status).toBe("rotated");
    // One marker has been written, and a minute holds 80 writes.
    expect(rotatedAt - startedAt).toBeGreaterThanOrEqual(59_000);
    expect(log.waits).toContain("GitHub's pace must leave room for all targets before the secret changes");
  });

  it("settles the journal of what has failed, and leaves to the post step what was not written", async () => {
    const failing = open();
    refuse(failing.github, /ROTATING_/);
    expect((await failing.run()).status).toBe("failed");
    expect(failing.said).toEqual(["markers", "settled"]);

    const incomplete = open();
    refuse(incomplete.github, /environments\/b\/secrets\/APP_SECRET$/);
    expect((await incomplete.run()).status).toBe("incomplete");
    expect(incomplete.said).not.toContain("settled");

    const unsure = open();
    unsure.github.faults.arm(
      { kind: "reset", changed: true },
      { method: "PUT", path: /b\/secrets\/APP_/, times: Infinity },
    );
    expect((await unsure.run({ writeTimeout: 1_000 })).targets.map(({ status }) => status)).toEqual([
      "written",
      "unknown",
    ]);
    expect(unsure.said).not.toContain("settled");
  });

  it("tells when the secret was made, and its version", async () => {
    const { run, service, clock } = open();
    const provider = service.provider();
    const outcome = await run({
      provider: { ...provider, rotate: async () => ({ ...(await provider.rotate()), version: "v2" }) },
    });
    expect(outcome).toMatchObject({ status: "rotated", version: "v2", warnings: [] });
    const { rotatedAt } = outcome as { rotatedAt: number };
    expect(Math.abs(rotatedAt - clock.now())).toBeLessThan(10_000);
    const synced = await run({ mode: "sync" });
    expect(Object.keys(synced)).not.toContain("rotatedAt");
    expect(Object.keys(synced)).not.toContain("version");
  });

  it("follows a log that tells each step", async () => {
    const { run, log } = open();
    await run();
    expect(log.lines.slice(0, 2)).toEqual([
      "preflight: passed; due (no rotate-after is set)",
      "rotate: Fake made a new secret",
    ]);
    expect(log.lines.filter((line) => line.startsWith("confirm"))).toEqual([
      "confirm: the provider confirms the secret",
    ]);
  });

  it("asks nothing about the secret if it is told not to", async () => {
    const { run, service, log } = open();
    service.verdicts = [{ state: "invalid" }];
    const outcome = await run({ verify: "off", provider: service.provider({ verify: true }) });
    expect(outcome).toMatchObject({
      status: "rotated",
      warnings: ["Whether the secret works could not be confirmed: verify is off."],
    });
    expect(service.verdicts).toHaveLength(1);
    expect(log.lines).toContain("confirm: cannot tell (verify is off)");
  });

  it("names the place where another run has written the marker meanwhile", async () => {
    const { run, service, github, clock, markers } = open();
    const provider = service.provider();
    const outcome = await run({
      provider: {
        ...provider,
        rotate: () => {
          clock.advance(5_000);
          github.addSecret({ ...B, name: MARKER, value: "of another run" });
          return provider.rotate();
        },
      },
    });
    expect(outcome).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "CONCURRENT_RUN", message: expect.stringContaining("env:acme/web/b") as unknown },
    });
    expect(markers()).toHaveLength(2);
  });

  it.each<[string, (scene: RotationScene) => Partial<Rotation>]>([
    [
      "the provider refuses its secret by then",
      ({ service }) => {
        service.verdicts = Array.from({ length: 99 }, () => ({ state: "invalid" }));
        return { provider: service.provider({ verify: true }) };
      },
    ],
    [
      "one target was not written",
      ({ github, service }) => {
        refuse(github, /environments\/b\/secrets\/APP_SECRET$/);
        return { provider: service.provider() };
      },
    ],
    [
      "the provider's answer was lost",
      ({ service }) => {
        const lost = { provider: "Fake", action: "rotate", reason: "ECONNRESET" };
        service.fail = RotationError.of("PROVIDER_ANSWER_LOST", lost, { changed: "unknown" });
        return { provider: service.provider() };
      },
    ],
    [
      "the former secret could not be put back",
      ({ github, service }) => {
        refuse(github, /APP_SECRET$/);
        return { provider: { ...service.provider(), restore: () => Promise.resolve(false) } };
      },
    ],
  ])("writes the markers again that another run has taken away, if %s", async (_, prepare) => {
    const scene = open();
    const { run, github, markers, clock } = scene;
    for (const place of [A, B]) github.addSecret({ ...place, value: "former-secret-value" });
    const change = prepare(scene);
    const outcome = await run({
      ...change,
      provider: {
        ...(change.provider ?? scene.service.provider()),
        rotate: async () => {
          await scene.removeMarkers();
          return scene.service.provider().rotate();
        },
      },
    });
    expect(outcome).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "CONCURRENT_RUN", detail: expect.any(String) as unknown },
    });
    expect(markers()).toHaveLength(2);
    github.faults.clear();
    scene.service.fail = undefined;
    scene.service.verdicts = [];
    clock.advance(24 * HOUR);
    expect((await run(DAILY)).status).toBe("synced");
    expect(github.secret(A)?.value).toBe(scene.service.inForce);
    expect(github.secret(B)?.value).toBe(scene.service.inForce);
  });

  it("is incomplete if the provider refuses while a former run is being healed", async () => {
    const { run, service, markers, said } = await wreck();
    service.fail = RotationError.of("PROVIDER_REFUSED", { provider: "Fake", action: "rotate", code: "7" });
    const before = said.length;
    const outcome = await run({ force: true });
    expect(outcome).toMatchObject({
      status: "incomplete",
      provider: "unchanged",
      error: { code: "PROVIDER_REFUSED" },
    });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["skipped", "skipped"]);
    expect(markers()).toHaveLength(2);
    expect(said.slice(before)).toEqual(["markers", "rotating", "settled"]);
  });

  it("is unknown if nobody can tell whether the provider has changed the secret", async () => {
    const { run, service, markers } = open();
    const lost = { provider: "Fake", action: "rotate", reason: "ECONNRESET" };
    service.fail = RotationError.of("PROVIDER_ANSWER_LOST", lost, { changed: "unknown" });
    const outcome = await run();
    expect(outcome).toMatchObject({ status: "unknown", provider: "unknown", warnings: [] });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["skipped", "skipped"]);
    expect(markers()).toHaveLength(2);
  });
});

describe("a confirmation that hangs", () => {
  const hanging = (service: FakeService, onAsked: () => void): Provider => ({
    ...service.provider({ read: false }),
    verify: () => {
      onAsked();
      return new Promise(() => undefined);
    },
  });

  it.each(["before the provider is asked", "while it is asked"])(
    "is waited for a few seconds once the run is cancelled %s",
    async (when) => {
      const { run, service, cancel, clock } = open();
      const abort = (): void => {
        cancel.abort(RotationError.of("CANCELLED", { signal: "SIGTERM" }));
      };
      const asked = when.startsWith("while");
      const provider = hanging(service, () => {
        if (asked) setImmediate(abort);
      });
      const outcome = await run({
        provider: {
          ...provider,
          rotate: () => {
            if (!asked) abort();
            return provider.rotate();
          },
        },
      });
      expect(outcome).toMatchObject({
        status: "rotated",
        warnings: ["Whether the secret works could not be confirmed: the run was cancelled."],
      });
      expect(clock.waits).toContain(3_000);
    },
  );
});

describe("a provider that can put the former secret back", () => {
  function restoring(restore: () => Promise<boolean>, capabilities = {}) {
    const scene = open();
    const calls: string[] = [];
    const provider = {
      ...scene.service.provider(capabilities),
      restore: () => {
        calls.push(scene.said.at(-1) ?? "");
        return restore();
      },
    };
    return { ...scene, provider, calls };
  }
  const works = () => Promise.resolve(true);

  it("does so if no target took the new one, once nothing can be sent any more", async () => {
    const { run, provider, github, calls, log, markers } = restoring(works);
    refuse(github, /APP_SECRET$/);
    expect(await run({ provider })).toMatchObject({
      status: "failed",
      provider: "unchanged",
      error: {
        code: "PUT_BACK",
        message: expect.stringContaining("No target took the new secret") as unknown,
        detail: expect.stringContaining("0 of 2") as unknown,
      },
    });
    expect(calls).toEqual(["settled"]);
    expect(log.lines).toContain("restore: Fake has the former secret in force again");
    expect(markers()).toEqual([]);
  });

  it("does so if the new one does not work, where that is asked before it is published", async () => {
    const { run, service, calls, provider } = restoring(works, { verify: true });
    service.verdicts = Array.from({ length: 99 }, () => ({ state: "invalid" }));
    const outcome = await run({ provider: { ...provider, confirms: "before" } });
    expect(outcome).toMatchObject({
      status: "failed",
      error: {
        code: "PUT_BACK",
        message: expect.stringContaining("The new secret did not work") as unknown,
      },
    });
    expect(calls).toHaveLength(1);
  });

  it("is incomplete with it while a former run is being healed", async () => {
    const { run, provider, github, calls, markers, clock } = restoring(works);
    refuse(github, /environments\/b\/secrets\/APP_SECRET$/);
    expect((await run({ provider })).status).toBe("incomplete");
    clock.advance(5_000);
    refuse(github, /APP_SECRET$/);
    expect(await run({ provider })).toMatchObject({
      status: "incomplete",
      provider: "unchanged",
      error: { code: "PUT_BACK" },
    });
    expect(calls).toHaveLength(1);
    expect(markers()).toHaveLength(2);
  });

  it.each([
    ["says that it did not", () => Promise.resolve(false), []],
    ["fails", () => Promise.reject(new Error("no")), ["INTERNAL"]],
  ] as const)("is unknown if it %s", async (_, restore, problems) => {
    const { run, provider, github, log, markers } = restoring(restore);
    refuse(github, /APP_SECRET$/);
    expect(await run({ provider })).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "PUT_BACK_UNCONFIRMED", message: expect.stringContaining("Fake") as unknown },
    });
    // Beside what the two targets ran into.
    expect(log.problems.slice(2).map(({ code }) => code)).toEqual(problems);
    expect(log.lines.join()).not.toContain("restore:");
    expect(markers()).toHaveLength(2);
  });

  it("does not if one target took the new one, or may have", async () => {
    for (const fault of [
      { kind: "answer", changed: false, status: 403, body: `{"message":"no"}` },
      { kind: "reset", changed: true },
    ] as const) {
      const { run, provider, github, calls } = restoring(works);
      const one = fault.kind === "answer" ? /environments\/a\/secrets\/APP_SECRET$/ : /APP_SECRET$/;
      github.faults.arm(fault, { method: "PUT", path: one, times: Infinity });
      expect((await run({ provider, writeTimeout: 1_000 })).status).toBe("incomplete");
      expect(calls).toEqual([]);
    }
  });

  it("does not after a sync: the secret in force is the one that was to be published", async () => {
    const { run, provider, github, calls } = restoring(works);
    refuse(github, /APP_SECRET$/);
    expect(await run({ provider, mode: "sync" })).toMatchObject({
      status: "failed",
      error: { code: "PUBLISH_INCOMPLETE" },
    });
    expect(calls).toEqual([]);
  });
});

describe("a provider that has to prove its secrets", () => {
  it("has none published that it cannot", async () => {
    const { run, service, github, log } = open();
    const provider: Provider = {
      ...service.provider({ read: false }),
      confirms: "required",
      verify: () => Promise.resolve({ state: "inconclusive", why: "nobody is there" }),
    };
    expect(await run({ provider })).toMatchObject({ status: "unknown", error: { code: "CONFIRM_UNPROVEN" } });
    expect(github.secret(A)).toBeUndefined();
    expect(log.lines).toContain("confirm: cannot tell (nobody is there)");
    expect((await run({ provider, verify: "off" })).status).toBe("rotated");
  });
});
