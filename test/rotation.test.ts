import { describe, expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { createGitHubApi } from "../src/github/api.ts";
import { createPacer } from "../src/github/pacing.ts";
import { createSeal } from "../src/github/seal.ts";
import { createSecretStore } from "../src/github/secret-store.ts";
import { parseTarget } from "../src/github/target.ts";
import type { Journal } from "../src/journal.ts";
import type { NewSecret, Provider, Verdict } from "../src/providers/provider.ts";
import { rotate } from "../src/rotation.ts";
import { Masker } from "../src/secret.ts";
import type { Rotation } from "../src/stages/stage.ts";
import { createGitHubEmulator, type GitHubEmulator } from "./emulators/github.ts";
import { directHttp } from "./support/direct-http.ts";
import { createFakeClock } from "./support/fake-clock.ts";

const A = { repository: "acme/web", environment: "a", name: "APP_SECRET" };
const B = { repository: "acme/web", environment: "b", name: "APP_SECRET" };

/** A provider whose every answer a test can set; by default all goes well. */
class FakeService {
  readonly masker = new Masker(() => undefined);
  inForce = "former-secret-value";
  /** What reads show, in turn, before they show the secret in force. */
  shown: string[] = [];
  verdicts: Verdict[] = [];
  rotations = 0;
  fail: RotationError | undefined;
  confirms: Provider["confirms"] = "beside";

  secret(value: string): NewSecret {
    return { value: this.masker.secret(value) };
  }

  provider(capabilities: { read?: boolean; verify?: boolean } = {}): Provider {
    const { read = true, verify = false } = capabilities;
    const show = (): Promise<NewSecret> => Promise.resolve(this.secret(this.shown.shift() ?? this.inForce));
    return {
      title: "Fake",
      apiUrl: "https://fake.example.test",
      confirms: this.confirms,
      preflight: () => (read ? Promise.resolve(this.secret(this.inForce)) : Promise.resolve(undefined)),
      rotate: () => {
        if (this.fail !== undefined) return Promise.reject(this.fail);
        this.rotations += 1;
        this.inForce = `secret-number-${String(this.rotations)}`;
        return Promise.resolve(this.secret(this.inForce));
      },
      ...(read ? { read: show } : {}),
      ...(verify
        ? { verify: () => Promise.resolve(this.verdicts.shift() ?? { state: "valid" as const }) }
        : {}),
    };
  }
}

function open(environments: readonly string[] = ["a", "b"]) {
  const clock = createFakeClock();
  const github = createGitHubEmulator({ now: () => clock.now() });
  github.addRepository("acme/web", { environments });
  github.addToken("github_pat_of_a_test", {
    kind: "fine-grained",
    repositories: ["acme/web"],
    secrets: "write",
    environments: "write",
  });
  const service = new FakeService();
  const { masker } = service;
  const lines: string[] = [];
  const said: string[] = [];
  const note = (word: string) => () => {
    said.push(word);
  };
  const journal: Journal = {
    markers: note("markers"),
    stamped: () => undefined,
    rotating: note("rotating"),
    sealed: note("sealed"),
    written: note("written"),
    settled: note("settled"),
  };
  const lane = createPacer(clock).lane();
  const token = masker.secret("github_pat_of_a_test");
  const api = createGitHubApi({
    token,
    apiUrl: "https://api.github.test",
    http: directHttp(github, clock),
    clock,
  });
  const cancel = new AbortController();
  const run = (change: Partial<Rotation> = {}, journalInUse = journal) =>
    rotate(
      {
        name: "fake",
        providerId: "fake",
        appId: "app",
        provider: service.provider(),
        targets: [parseTarget("env:acme/web/a#APP_SECRET"), parseTarget("env:acme/web/b#APP_SECRET")],
        mode: "rotate",
        force: false,
        rotateAfter: undefined,
        verify: "auto",
        writeTimeout: 60_000,
        ...change,
      },
      {
        store: createSecretStore({ api, lane, clock, onWait: () => undefined }),
        seal: createSeal,
        journal: journalInUse,
        masker,
        clock,
        lane,
        log: { line: (text) => lines.push(text), wait: () => undefined, problem: () => undefined },
        cancel: cancel.signal,
      },
    );
  const markers = (): readonly string[] =>
    [A, B].flatMap((place) => github.secretNames(place)).filter((name) => name.startsWith("ROTATING_"));
  return { clock, github, service, run, said, markers, cancel, journal };
}

function refuse(github: GitHubEmulator, path: RegExp, status = 403): void {
  github.faults.arm(
    { kind: "answer", changed: false, status, body: `{"message":"no"}` },
    { method: "PUT", path, times: Infinity },
  );
}

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
    const { run, service, markers } = open();
    service.shown = ["somebody-elses-first", "somebody-elses-second"];
    expect(await run()).toMatchObject({ status: "unknown", error: { code: "CONFIRM_DIFFERS" } });
    expect(markers()).toHaveLength(2);
  });

  it("waits for a new secret to get around", async () => {
    const { run, service } = open();
    service.verdicts = [{ state: "invalid" }, { state: "invalid" }];
    expect((await run({ provider: service.provider({ verify: true }) })).status).toBe("rotated");
  });

  it("is unknown if the new secret is refused for a minute", async () => {
    const { run, service, clock } = open();
    service.verdicts = Array.from({ length: 100 }, () => ({ state: "invalid" }));
    const startedAt = clock.now();
    const outcome = await run({ provider: service.provider({ verify: true }) });
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "CONFIRM_INVALID" } });
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
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
    const outcome = await run({}, { ...journal, sealed: full, written: full, settled: full });
    expect(outcome.status).toBe("rotated");
    expect(github.secret(A)?.value).toBe(service.inForce);
  });

  it("fails before the rotate call if the disk is full already", async () => {
    const { run, journal, service, markers } = open();
    const full = (): never => {
      throw RotationError.of("JOURNAL_UNWRITABLE", { reason: "ENOSPC" });
    };
    for (const broken of [{ markers: full }, { rotating: full }]) {
      const outcome = await run({}, { ...journal, ...broken });
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
  /** Leaves the wreck of a run whose second target was never written. */
  async function wreck() {
    const scene = open();
    refuse(scene.github, /environments\/b\/secrets\/APP_SECRET$/);
    expect((await scene.run()).status).toBe("incomplete");
    scene.github.faults.clear();
    scene.clock.advance(5_000);
    return scene;
  }
  const daily = { rotateAfter: 30 * 86_400_000 };

  it("publishes the secret in force without a second cut-over", async () => {
    const { run, service, github, markers } = await wreck();
    expect((await run(daily)).status).toBe("synced");
    expect([service.rotations, github.secret(B)?.value]).toEqual([1, service.inForce]);
    expect(markers()).toEqual([]);
  });

  it("rotates once more where the provider cannot be read", async () => {
    const { run, service, github, markers } = await wreck();
    expect((await run({ ...daily, provider: service.provider({ read: false }) })).status).toBe("rotated");
    expect([service.rotations, github.secret(B)?.value]).toEqual([2, service.inForce]);
    expect(markers()).toEqual([]);
  });

  it("heals the other targets though one place cannot be written", async () => {
    const { run, service, github, markers } = await wreck();
    refuse(github, /environments\/a\/secrets\//);
    const outcome = await run(daily);
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
    expect(await run({ ...daily, provider: broken })).toMatchObject({ status: "incomplete" });
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
    expect(["unchanged", "synced"]).toContain((await run(daily)).status);
    expect(markers()).toEqual([]);
    expect(service.rotations).toBe(1);
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
    const { run, service, github, said } = open();
    for (const place of [A, B]) github.addSecret({ ...place, value: "young" });
    const provider = delivering(service, { arrived: true });
    expect((await run({ provider, rotateAfter: 30 * 24 * HOUR })).status).toBe("rotated");
    expect([github.secret(A)?.value, github.secret(B)?.value]).toEqual([service.inForce, service.inForce]);
    expect(said).toEqual(["sealed", "sealed", "written", "written", "settled"]);
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
    const { run, provider, asked, github, service } = asking();
    const outcome = await run({ provider });
    expect(outcome).toMatchObject({ status: "requested", warnings: [] });
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
    github.faults.arm(
      { kind: "answer", changed: false, status: 403, body: `{"message":"no"}` },
      { method: "GET", times: Infinity },
    );
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
