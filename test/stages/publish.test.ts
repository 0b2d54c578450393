import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RotationError } from "../../src/errors.ts";
import { createSeal, type Seal } from "../../src/github/seal.ts";
import type { OpenPlace } from "../../src/github/secret-store.ts";
import { formatTarget, parseTarget, placeKey, placesOf, type Target } from "../../src/github/target.ts";
import type { Journal } from "../../src/journal.ts";
import type { TargetOutcome } from "../../src/outcome.ts";
import type { Rotation, Tools } from "../../src/stages/stage.ts";
import { publish } from "../../src/stages/publish.ts";
import type { Fault } from "../emulators/emulator.ts";
import { answer, createGitHubBench, type GitHubBench } from "../support/github-bench.ts";

const NEW = "s3cr3tValueXYZ";
const PUT_ONE = { method: "PUT", path: "/repos/acme/web/actions/secrets/ONE" } as const;

const STALE_KEY = answer(422, {
  message: "Bad request - validation failed due to an improperly encrypted secret",
});

let seal: Seal;
const benches: GitHubBench[] = [];

beforeAll(async () => {
  seal = await createSeal();
});

afterEach(() => {
  expect(benches.splice(0).flatMap((each) => each.undescribed())).toEqual([]);
});

interface Stage {
  readonly bench: GitHubBench;
  readonly targets: readonly Target[];
  /** What was said of the journal and GitHub, in order: `sealed ONE`, `PUT ONE`, `written ONE`. */
  readonly events: readonly string[];
  readonly log: readonly string[];
  readonly waits: readonly (readonly [string, number])[];
  readonly problems: readonly RotationError[];
  run(secret?: string): Promise<readonly TargetOutcome[]>;
}

/** Places that are open, as preflight leaves them. */
async function ready(
  texts: readonly string[],
  options: {
    readonly writeTimeout?: number;
    readonly problems?: ReadonlyMap<string, RotationError>;
    readonly journal?: Partial<Journal>;
    /** Set before the places are opened. */
    readonly prepare?: (bench: GitHubBench) => void;
  } = {},
): Promise<Stage> {
  const events: string[] = [];
  const bench = createGitHubBench({
    through: (http) => (request) => {
      if (request.method === "PUT") events.push(`PUT ${request.url.split("/").at(-1) ?? ""}`);
      return http(request);
    },
  });
  benches.push(bench);
  options.prepare?.(bench);
  const targets = texts.map((text) => parseTarget(text));
  const places = new Map<string, OpenPlace>();
  for (const place of placesOf(targets)) places.set(placeKey(place), await bench.store.open(place));

  const log: string[] = [];
  const waits: (readonly [string, number])[] = [];
  const problems: RotationError[] = [];
  const tools: Tools = {
    store: bench.store,
    seal: () => Promise.resolve(seal),
    journal: {
      markers: () => undefined,
      stamped: () => undefined,
      rotating: () => undefined,
      sealed: (_rotation: string, { secretName }: Target) => events.push(`sealed ${secretName}`),
      written: (_rotation: string, { secretName }: Target) => events.push(`written ${secretName}`),
      settled: () => undefined,
      ...options.journal,
    },
    masker: bench.masker,
    clock: bench.clock,
    lane: bench.lane,
    log: {
      line: (text) => log.push(text),
      wait: (why, milliseconds) => waits.push([why, milliseconds]),
      problem: (error) => problems.push(error),
    },
    cancel: new AbortController().signal,
  };
  const rotation: Rotation = {
    name: "login",
    providerId: "acme",
    appId: "app",
    provider: {
      title: "Acme",
      apiUrl: "https://acme.example.test",
      confirms: "beside",
      preflight: () => Promise.resolve(undefined),
      rotate: () => Promise.reject(new Error("publishing does not rotate")),
    },
    targets,
    mode: "rotate",
    force: false,
    rotateAfter: undefined,
    verify: "auto",
    writeTimeout: options.writeTimeout ?? 600_000,
  };
  return {
    bench,
    targets,
    events,
    log,
    waits,
    problems,
    run: (secret = NEW) =>
      publish(
        { value: bench.masker.secret(secret) },
        { rotation, tools, seal, places, problems: options.problems ?? new Map<string, RotationError>() },
      ),
  };
}

const held = ({ bench }: Stage, name: string, environment?: string): string | undefined =>
  bench.emulator.secret({ repository: "acme/web", environment, name })?.value;
const statuses = (outcomes: readonly TargetOutcome[]): readonly string[] =>
  outcomes.map(({ status }) => status);
const puts = ({ bench }: Stage): readonly string[] =>
  bench.emulator.requests
    .filter(({ method }) => method === "PUT")
    .map(({ path, status }) => `${path.split("/").at(-1) ?? ""} ${String(status)}`);

describe("every target", () => {
  test("gets the secret, in the order listed, and says so", async () => {
    const stage = await ready(["repo:acme/web#TWO", "env:acme/web/eu/prod west#ONE", "repo:acme/web#ONE"]);
    const outcomes = await stage.run();
    expect(outcomes).toEqual(stage.targets.map((target) => ({ target, status: "written" })));
    expect(puts(stage)).toEqual(["TWO 201", "ONE 201", "ONE 201"]);
    expect([held(stage, "TWO"), held(stage, "ONE", "eu/prod west"), held(stage, "ONE")]).toEqual([
      NEW,
      NEW,
      NEW,
    ]);
    expect(stage.log).toEqual([
      "publish: 1/3 targets written, now repo:acme/web#TWO",
      "publish: 2/3 targets written, now env:acme/web/eu/prod%20west#ONE",
      "publish: 3/3 targets written, now repo:acme/web#ONE",
    ]);
    expect([stage.waits, stage.problems]).toEqual([[], []]);
  });

  test("gets its own part and form of the secret, masked", async () => {
    const stage = await ready([
      "repo:acme/web?pointer=/password#ONE",
      "repo:acme/web?pointer=/password&format=base64#TWO",
      "repo:acme/web?format=md5#THREE",
    ]);
    await stage.run('{"password":"s3cr3tValueXYZ"}');
    expect(["ONE", "TWO", "THREE"].map((name) => held(stage, name))).toEqual([
      "s3cr3tValueXYZ",
      "czNjcjN0VmFsdWVYWVo=",
      "dddbc6e465a82f9d8e06fcb85eda013a",
    ]);
    expect(stage.bench.announced).toContain("dddbc6e465a82f9d8e06fcb85eda013a");
  });

  test("is in the journal, sealed, before the first write, and noted when it is written", async () => {
    const stage = await ready(["repo:acme/web#ONE", "env:acme/web/eu/prod west#TWO", "repo:acme/web#THREE"]);
    await stage.run();
    expect(stage.events).toEqual([
      "sealed ONE",
      "sealed TWO",
      "sealed THREE",
      "PUT ONE",
      "written ONE",
      "PUT TWO",
      "written TWO",
      "PUT THREE",
      "written THREE",
    ]);
  });

  test("is replaced, never deleted", async () => {
    const stage = await ready(["repo:acme/web#ONE"], {
      prepare: ({ emulator }) => {
        emulator.addSecret({ repository: "acme/web", name: "ONE", value: "former" });
      },
    });
    await stage.run();
    expect(held(stage, "ONE")).toBe(NEW);
    expect(stage.bench.emulator.requests.map(({ method }) => method)).not.toContain("DELETE");
  });

  test("is written though the journal's disk is full", async () => {
    const full = (): never => {
      throw new Error("ENOSPC");
    };
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO"], {
      journal: { sealed: full, written: full },
    });
    expect(statuses(await stage.run())).toEqual(["written", "written"]);
    expect([held(stage, "ONE"), held(stage, "TWO")]).toEqual([NEW, NEW]);
  });
});

describe("one failing target does not stop the others", () => {
  test("if nothing leads to its part of the secret", async () => {
    const stage = await ready(["repo:acme/web?pointer=/x#ONE", "repo:acme/web#TWO"]);
    const [one, two] = await stage.run();
    expect(one).toMatchObject({ status: "failed", error: { code: "POINTER_UNRESOLVED" } });
    expect(two?.status).toBe("written");
    expect(one?.error).toHide([NEW]);
    expect(held(stage, "ONE")).toBeUndefined();
  });

  test("if its place was found unwritable, and then it is not tried", async () => {
    const problem = await ready(["repo:acme/web?pointer=/x#ONE"])
      .then((stage) => stage.run())
      .then(([outcome]) => outcome?.error);
    if (problem === undefined) throw new Error("expected an error to go on with");
    const stage = await ready(["env:acme/web/eu/prod west#ONE", "repo:acme/web#TWO"], {
      problems: new Map([["env:acme/web/eu/prod%20west", problem]]),
    });
    expect(await stage.run()).toEqual([
      { target: stage.targets[0], status: "failed", error: problem },
      { target: stage.targets[1], status: "written" },
    ]);
    expect(puts(stage)).toEqual(["TWO 201"]);
  });

  test("if GitHub refuses it for good", async () => {
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO"]);
    stage.bench.fault(answer(422, { message: "x" }), { ...PUT_ONE, times: Infinity });
    const outcomes = await stage.run();
    expect(statuses(outcomes)).toEqual(["failed", "written"]);
    expect(stage.problems).toEqual([outcomes[0]?.error]);
  });
});

describe("a target that has to wait", () => {
  test("goes to the end of the queue, and the others do not wait for it", async () => {
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO", "repo:acme/web#THREE"]);
    const startedAt = stage.bench.clock.now();
    const fault = answer(503, { message: "x", headers: { "retry-after": "45" } });
    stage.bench.fault(fault, PUT_ONE);
    expect(statuses(await stage.run())).toEqual(["written", "written", "written"]);
    expect(puts(stage)).toEqual(["ONE 503", "TWO 201", "THREE 201", "ONE 201"]);
    expect(stage.bench.clock.now() - startedAt).toBe(45_000);
    expect(stage.waits).toEqual([
      [
        "repo:acme/web#ONE: GitHub answered 503 when asked to write secret ONE; expected it to be done.",
        45_000,
      ],
    ]);
    expect(stage.bench.emulator.history({ repository: "acme/web", name: "TWO" })[0]?.at).toBe(startedAt);
  });

  test("is next when its time has come, whoever has to wait longer", async () => {
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO"]);
    const startedAt = stage.bench.clock.now();
    const asksFor = (seconds: string): Fault =>
      answer(503, { message: "x", headers: { "retry-after": seconds } });
    stage.bench.fault(asksFor("45"), PUT_ONE);
    stage.bench.fault(asksFor("10"), { method: "PUT", path: /TWO$/ });
    expect(statuses(await stage.run())).toEqual(["written", "written"]);
    const writtenAt = (name: string): number | undefined =>
      stage.bench.emulator.history({ repository: "acme/web", name })[0]?.at;
    expect([writtenAt("ONE"), writtenAt("TWO")]).toEqual([startedAt + 45_000, startedAt + 10_000]);
  });

  test("does not keep the others waiting while its key is fetched anew", async () => {
    const stage = await ready(["env:acme/web/eu/prod west#ONE", "repo:acme/web#TWO"]);
    const startedAt = stage.bench.clock.now();
    stage.bench.fault(STALE_KEY, { method: "PUT" });
    const slow = answer(503, { message: "x", headers: { "retry-after": "45" } });
    stage.bench.fault(slow, { method: "GET", path: /public-key$/ });
    expect(statuses(await stage.run())).toEqual(["written", "written"]);
    expect(stage.bench.emulator.history({ repository: "acme/web", name: "TWO" })[0]?.at).toBe(startedAt);
  });

  const passing: readonly (readonly [string, Fault])[] = [
    ["400", answer(400, { message: "x" })],
    ["401", answer(401, { message: "Bad credentials" })],
    ["403", answer(403, { message: "Resource not accessible" })],
    ["404", answer(404, { message: "Not Found" })],
    ["409", answer(409, { message: "x" })],
    ["413", answer(413, { message: "x" })],
    ["429", answer(429, { message: "x", headers: { "retry-after": "2" } })],
    [
      "a limit",
      answer(403, { message: "x", headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } }),
    ],
    ["500", answer(500)],
    ["502 with a page", answer(502, { body: "<html>", headers: { "content-type": "text/html" } })],
    ["a cheerful 200", answer(200, { body: "{}" })],
    ["a redirect to elsewhere", answer(307, { headers: { location: "https://elsewhere.test/" } })],
    ["a reset", { kind: "reset", changed: false }],
    ["a broken answer", { kind: "cut-off" }],
    ["no answer", { kind: "stall", changed: false }],
  ];

  test.each(passing)("is tried until it is written, after %s", async (_, fault) => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(fault, { ...PUT_ONE, times: 5 });
    expect(statuses(await stage.run())).toEqual(["written"]);
    expect(held(stage, "ONE")).toBe(NEW);
    expect(puts(stage)).toHaveLength(6);
    expect(stage.waits).toHaveLength(5);
    expect(stage.problems).toEqual([]);
  });

  test.each(passing)("is given up when write-timeout has passed, after nothing but %s", async (_, fault) => {
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO"], { writeTimeout: 120_000 });
    const startedAt = stage.bench.clock.now();
    stage.bench.fault(fault, { ...PUT_ONE, times: Infinity });
    const [one, two] = await stage.run();
    const lost = fault.kind !== "answer";
    expect(one).toMatchObject({ status: lost ? "unknown" : "failed", error: { name: "RotationError" } });
    expect(two?.status).toBe("written");
    expect(stage.problems).toEqual([one?.error]);
    expect(one?.error).toHide([NEW]);
    // The last try may begin just before, and stall for twenty seconds.
    const took = stage.bench.clock.now() - startedAt;
    expect(took).toBeGreaterThan(60_000);
    expect(took).toBeLessThanOrEqual(140_000);
  });

  test("waits longer each time, but never more than about half a minute", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(answer(500), { ...PUT_ONE, times: 10 });
    await stage.run();
    const waits = stage.waits.map(([, milliseconds]) => milliseconds);
    expect(waits).toHaveLength(10);
    expect(waits[0]).toBeLessThanOrEqual(625);
    expect(Math.max(...waits)).toBeLessThanOrEqual(37_500);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(22_500);
  });

  test("is not tried when GitHub asks to wait beyond write-timeout", async () => {
    const stage = await ready(["repo:acme/web#ONE"], { writeTimeout: 60_000 });
    stage.bench.fault(answer(429, { message: "x", headers: { "retry-after": "61" } }), {
      ...PUT_ONE,
      times: Infinity,
    });
    expect(await stage.run()).toMatchObject([{ status: "failed", error: { code: "GITHUB_RATE_LIMITED" } }]);
    expect(puts(stage)).toEqual(["ONE 429"]);
  });
});

test("time spent waiting for GitHub's pace does not count against write-timeout", async () => {
  const texts = Array.from({ length: 90 }, (_, index) => `repo:acme/web#SECRET_${String(index)}`);
  const stage = await ready(texts, { writeTimeout: 20_000 });
  stage.bench.fault(answer(500), { method: "PUT", path: /SECRET_89$/, times: 3 });
  expect(statuses(await stage.run())).toEqual(texts.map(() => "written"));
  expect(stage.bench.lane.waited).toBe(60_000);
});

test("what was waited for the pace before does not prolong write-timeout", async () => {
  const texts = Array.from({ length: 90 }, (_, index) => `repo:acme/web#SECRET_${String(index)}`);
  const stage = await ready(texts, { writeTimeout: 20_000 });
  await stage.run();
  stage.bench.clock.advance(3_600_000);
  stage.bench.fault(answer(500), { method: "PUT", path: /SECRET_89$/, times: Infinity });
  const startedAt = stage.bench.clock.now();
  expect(statuses(await stage.run()).at(-1)).toBe("failed");
  expect(stage.bench.lane.waited).toBe(120_000);
  expect(stage.bench.clock.now() - startedAt).toBeLessThanOrEqual(80_000);
});

describe("a lost answer", () => {
  test("is sent again, and the target is written", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault({ kind: "reset", changed: true }, PUT_ONE);
    expect(statuses(await stage.run())).toEqual(["written"]);
    expect(puts(stage)).toEqual(["ONE null", "ONE 204"]);
  });

  test("makes the target unknown, if every later answer is a failure", async () => {
    const stage = await ready(["repo:acme/web#ONE"], { writeTimeout: 30_000 });
    stage.bench.fault({ kind: "reset", changed: true }, PUT_ONE);
    stage.bench.fault(answer(500), { ...PUT_ONE, times: Infinity });
    expect(await stage.run()).toMatchObject([{ status: "unknown", error: { code: "GITHUB_UNAVAILABLE" } }]);
  });

  test("after which GitHub refuses the value leaves the target failed", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault({ kind: "reset", changed: false }, PUT_ONE);
    stage.bench.fault(answer(422, { message: "Value is too large" }), { ...PUT_ONE, times: Infinity });
    expect(await stage.run()).toMatchObject([{ status: "failed", error: { code: "GITHUB_REJECTED" } }]);
  });

  test("of a write that was never sent leaves the target failed", async () => {
    const stage = await ready(["repo:acme/web#ONE"], { writeTimeout: 30_000 });
    stage.bench.fault(answer(500), { ...PUT_ONE, times: Infinity });
    expect(await stage.run()).toMatchObject([{ status: "failed" }]);
  });
});

describe("a value that GitHub refuses (422)", () => {
  test.each([true, false])("is sealed for a fresh key, once (key_id kept: %s)", async (keep) => {
    const stage = await ready(["repo:acme/web#ONE", "repo:acme/web#TWO"], {
      prepare: ({ emulator }) => {
        emulator.rotateKeysAfterRead = 1;
        emulator.rotatedKeysKeepTheirId = keep;
      },
    });
    expect(statuses(await stage.run())).toEqual(["written", "written"]);
    expect([held(stage, "ONE"), held(stage, "TWO")]).toEqual([NEW, NEW]);
    expect(stage.events.filter((event) => event === "sealed ONE")).toHaveLength(2);
    expect(stage.events.lastIndexOf("sealed ONE")).toBeLessThan(stage.events.lastIndexOf("PUT ONE"));
    // It goes to the end of the queue.
    expect(puts(stage)).toEqual(["ONE 422", "TWO 422", "ONE 201", "TWO 201"]);
    expect(stage.waits).toEqual([]);
  });

  test.each([
    "Bad request - validation failed due to an improperly encrypted secret",
    "Bad request - validation failed due to an unknown key_id",
    'Invalid request.\n\n"key_id" wasn\'t supplied.',
  ])("twice is refused for good: %j", async (message) => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(answer(422, { message }), { ...PUT_ONE, times: Infinity });
    expect(await stage.run()).toMatchObject([
      { status: "failed", error: { code: "GITHUB_REJECTED", detail: message } },
    ]);
    expect(puts(stage)).toEqual(["ONE 422", "ONE 422"]);
  });

  test("for what no other key would change is refused for good at once", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(answer(422, { message: "Value is too large" }), { ...PUT_ONE, times: Infinity });
    expect(await stage.run()).toMatchObject([{ status: "failed", error: { code: "GITHUB_REJECTED" } }]);
    expect(puts(stage)).toEqual(["ONE 422"]);
  });

  test("is sealed anew as soon as a fresh key can be had", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(STALE_KEY, PUT_ONE);
    stage.bench.fault(answer(503, { message: "x" }), { method: "GET", path: /public-key$/, times: 9 });
    expect(statuses(await stage.run())).toEqual(["written"]);
    expect(puts(stage)).toEqual(["ONE 422", "ONE 201"]);
  });

  test("fails at the end of write-timeout where no fresh key can be had", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(STALE_KEY, PUT_ONE);
    stage.bench.fault(answer(404, { message: "x" }), { method: "GET", times: Infinity });
    expect(await stage.run()).toMatchObject([{ status: "failed", error: { code: "GITHUB_NOT_FOUND" } }]);
    expect(puts(stage)).toEqual(["ONE 422"]);
  });

  test("after a fault is still sealed anew, and a fault after that is still waited out", async () => {
    const stage = await ready(["repo:acme/web#ONE"]);
    stage.bench.fault(answer(500), PUT_ONE);
    stage.bench.fault(STALE_KEY, PUT_ONE);
    stage.bench.fault(answer(500), PUT_ONE);
    expect(statuses(await stage.run())).toEqual(["written"]);
    expect(puts(stage)).toEqual(["ONE 500", "ONE 422", "ONE 500", "ONE 201"]);
  });
});

test("no text of a secret gets into the log", async () => {
  const stage = await ready(["repo:acme/web#ONE", "repo:acme/web?pointer=/x#TWO"], { writeTimeout: 5_000 });
  stage.bench.fault(answer(500, { message: "x" }), { ...PUT_ONE, times: Infinity });
  const outcomes = await stage.run();
  expect(outcomes).toHaveLength(2);
  for (const { target, error } of outcomes) {
    expect(formatTarget(target)).not.toContain(NEW);
    expect(error).toHide(stage.bench.announced);
  }
  const said = JSON.stringify([
    stage.log,
    stage.waits,
    stage.problems.map(({ message, hint }) => message + hint),
  ]);
  for (const form of stage.bench.announced) expect(said).not.toContain(form);
});
