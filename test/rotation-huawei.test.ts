import { describe, expect, test } from "vitest";
import { RotationError } from "../src/errors.ts";
import { createSeal } from "../src/github/seal.ts";
import { readInputs } from "../src/inputs.ts";
import { isRed, type RotationOutcome } from "../src/outcome.ts";
import { createCredentialGate } from "../src/providers/credential-gate.ts";
import { outputs } from "../src/report.ts";
import { rotate } from "../src/rotation.ts";
import type { Fault, FaultMatch } from "./emulators/emulator.ts";
import type { HuaweiApigSwitches } from "./emulators/huawei-apig.ts";
import type { HuaweiCsmsSecret } from "./emulators/huawei-csms.ts";
import { directHttp } from "./support/direct-http.ts";
import type { FakeClock } from "./support/fake-clock.ts";
import { createGitHubBench } from "./support/github-bench.ts";
import {
  accountAt,
  apigDedicatedService,
  apigSharedService,
  csmsService,
  FORMER_SECRET,
  type HuaweiService,
  PROBE,
} from "./support/huawei-services.ts";
import { createNotingJournal } from "./support/noting-journal.ts";
import { requestsOf } from "./support/provider-kit.ts";

type Inputs = Readonly<Record<string, string>>;

const DAY = 86_400_000;
const ENVIRONMENT = "env:acme/web/eu/prod%20west";
const PLACES = [
  { repository: "acme/web", variable: () => undefined },
  { repository: "acme/web", environment: "eu/prod west" },
] as const;
/** What the repository and the environment hold before the first run. */
const FORMERLY = "what the target held before";

/** One app, a repository and an environment that hold its secret, and whole runs of the rotation between them. */
function open<Service extends HuaweiService>(
  id: string,
  kit: (clock: FakeClock) => Service,
  {
    targets = ["repo:acme/web#APP_SECRET", `${ENVIRONMENT}#APP_SECRET`],
    held = ["APP_SECRET"],
  }: { readonly targets?: readonly string[]; readonly held?: readonly string[] } = {},
) {
  const bench = createGitHubBench();
  const { clock, emulator: github, masker, announced } = bench;
  const service = kit(clock);
  for (const place of PLACES) {
    for (const name of held) github.addSecret({ ...place, name, value: FORMERLY });
  }
  const { journal, said } = createNotingJournal();
  const logged: string[] = [];
  const problems: RotationError[] = [];

  const run = async (inputs: Inputs = {}): Promise<RotationOutcome> => {
    clock.advance(5_000);
    said.splice(0);
    const { rotations } = readInputs(
      {
        provider: id,
        "app-id": service.appId,
        "github-token": "github_pat_of_a_test",
        targets: targets.join("\n"),
        ...service.inputs,
        ...inputs,
      },
      {
        event: { name: "schedule", payload: () => undefined },
        repository: "acme/web",
        variable: () => undefined,
      },
      {
        masker,
        contextFor: () => ({
          http: directHttp(service.emulator, clock),
          gate: createCredentialGate(),
          masker,
          clock,
          onWait: (why) => logged.push(why),
          warn: (text) => logged.push(text),
        }),
      },
    );
    const [rotation] = rotations;
    if (rotation === undefined) throw new Error("no rotation");
    const outcome = await rotate(rotation, {
      store: bench.store,
      seal: createSeal,
      journal,
      masker,
      clock,
      lane: bench.lane,
      log: {
        line: (text) => logged.push(text),
        wait: (why) => logged.push(why),
        problem: (error) => problems.push(error),
      },
      cancel: new AbortController().signal,
    });
    const errors = [...problems, ...(isRed(outcome) ? [outcome.error] : []), outcome.targets];
    const texts = [...logged, ...outcome.warnings].join("\n");
    // One look at everything, as looking takes long.
    expect(new Error(texts, { cause: errors })).toHide(announced);
    return outcome;
  };

  const values = (name = "APP_SECRET"): readonly (string | undefined)[] =>
    PLACES.map((place) => github.secret({ ...place, name })?.value);

  return {
    clock,
    github,
    service,
    run,
    said,
    logged,
    values,
    markers: () =>
      PLACES.flatMap((place) => github.secretNames(place)).filter((name) => name.startsWith("ROTATING_")),
    /** The writes of secrets other than markers. */
    writes: () =>
      github.requests.filter(
        ({ method, path }) => method === "PUT" && path.includes("/secrets/") && !path.includes("ROTATING_"),
      ).length,
    orders: () => requestsOf(service, service.rotateCall).length,
    refuseWrites: (fault: Fault = FORBIDDEN, match: FaultMatch = {}) => {
      github.faults.arm(fault, {
        method: "PUT",
        path: /\/secrets\/[A-Z]+_[A-Z]+$/,
        times: Infinity,
        ...match,
      });
    },
  };
}

const FORBIDDEN: Fault = { kind: "answer", changed: false, status: 403, body: `{"message":"no"}` };
const IN_ENVIRONMENT = { path: /\/environments\/[^/]+\/secrets\/[A-Z]+_[A-Z]+$/ };

const code = (outcome: RotationOutcome): string | undefined =>
  isRed(outcome) ? outcome.error.code : undefined;

describe("the shared gateway", () => {
  const openShared = (switches: Partial<HuaweiApigSwitches> = {}) => {
    const scene = open("huawei-apig", apigSharedService);
    Object.assign(scene.service.emulator, switches);
    return scene;
  };
  type Scene = ReturnType<typeof openShared>;
  const NO_CURRENT = { "current-secret": "" };

  const expectNothingPublished = ({ values, writes }: Scene): void => {
    expect(values()).toEqual([FORMERLY, FORMERLY]);
    expect(writes()).toBe(0);
  };

  test("is rotated once the probe has accepted the new secret, and never shows asterisks", async () => {
    const scene = openShared();
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "rotated", warnings: [] });
    const { service, values } = scene;
    expect(values()).toEqual([service.inForce(), service.inForce()]);
    expect(service.inForce()).not.toBe(FORMER_SECRET);
    expect([scene.orders(), scene.markers()]).toEqual([1, []]);
  });

  test("proves the secret before it publishes it", async () => {
    const scene = openShared();
    let writesAtProof = -1;
    const { emulator } = scene.service;
    const handle = emulator.handle.bind(emulator);
    Object.assign(emulator, {
      handle: (request: Request) => {
        if (request.url.endsWith("/probe") && scene.orders() === 1) writesAtProof = scene.writes();
        return handle(request);
      },
    });
    expect((await scene.run()).status).toBe("rotated");
    expect([writesAtProof, scene.writes()]).toEqual([0, 2]);
  });

  test("waits for a gateway that is slow to learn the new secret", async () => {
    const scene = openShared({ propagationDelay: 2 });
    expect((await scene.run(NO_CURRENT)).status).toBe("rotated");
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
  });

  test("fails where custom secrets are refused: nothing has changed", async () => {
    const scene = openShared({ customSecrets: "rejects" });
    const outcome = await scene.run();
    expect(outcome).toMatchObject({
      status: "failed",
      provider: "unchanged",
      error: { code: "PROVIDER_REFUSED" },
    });
    expectNothingPublished(scene);
    expect([scene.service.inForce(), scene.orders(), scene.markers()]).toEqual([FORMER_SECRET, 1, []]);
  });

  test.each(["kept", "random"] as const)(
    "never publishes a value that was ignored (%s)",
    async (ignoredBecomes) => {
      const scene = openShared({ customSecrets: "ignores", ignoredBecomes });
      const outcome = await scene.run(NO_CURRENT);
      expect(outcome).toMatchObject({ status: "unknown", error: { code: "CONFIRM_INVALID" } });
      expectNothingPublished(scene);
      expect([scene.orders(), scene.markers().length]).toEqual([1, 2]);
      expect(scene.said).not.toContain("sealed");
    },
  );

  test("puts back what was ignored and kept: failed, and true", async () => {
    const scene = openShared({ customSecrets: "ignores", ignoredBecomes: "kept" });
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "failed", provider: "unchanged", error: { code: "PUT_BACK" } });
    expectNothingPublished(scene);
    expect([scene.service.inForce(), scene.markers()]).toEqual([FORMER_SECRET, []]);
  });

  test("does not claim to have put back what a gateway replaces at random", async () => {
    const scene = openShared({ customSecrets: "ignores", ignoredBecomes: "random" });
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "PUT_BACK_UNCONFIRMED" } });
    expectNothingPublished(scene);
    expect([scene.orders(), scene.markers().length]).toEqual([2, 2]);
  });

  /** Lets the probe refuse every key pair once the secret was set, or until it was set `until` times. */
  const refuseProbe = (scene: Scene, answer: () => Response, until = Infinity): void => {
    const { emulator } = scene.service;
    const handle = emulator.handle.bind(emulator);
    Object.assign(emulator, {
      handle: (request: Request) => {
        const refuses = scene.orders() >= 1 && scene.orders() < until;
        return request.url.endsWith("/probe") && refuses ? Promise.resolve(answer()) : handle(request);
      },
    });
  };
  const refused = (): Response =>
    Response.json({ error_code: "APIGW.0303", error_msg: "Incorrect app authentication" }, { status: 401 });

  test("puts the former secret back where the probe refuses the new one for a minute", async () => {
    const scene = openShared();
    refuseProbe(scene, refused, 2);
    const startedAt = scene.clock.now();
    const outcome = await scene.run();
    expect(outcome).toMatchObject({
      status: "failed",
      provider: "unchanged",
      error: {
        code: "PUT_BACK",
        message:
          "The new secret did not work, so the former secret was put back at Huawei Cloud API Gateway; expected to publish the new one.",
      },
    });
    expectNothingPublished(scene);
    expect([scene.service.inForce(), scene.markers()]).toEqual([FORMER_SECRET, []]);
    expect(scene.clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
  });

  test.each([
    ["no", ""],
    ["the right", FORMER_SECRET],
    ["an outdated", "notTheSecretInForce1"],
  ])("asks the probe so rarely, with %s current secret, that no key is locked", async (_, current) => {
    const scene = openShared({ customSecrets: "ignores", ignoredBecomes: "random" });
    await scene.run({ "current-secret": current });
    const inARow = requestsOf(scene.service, PROBE).reduce(
      ({ now, most }, { status }) => {
        const next = status === 401 ? now + 1 : 0;
        return { now: next, most: Math.max(most, next) };
      },
      { now: 0, most: 0 },
    );
    // "More than five" in a row lock a key.
    expect(inARow.most).toBeLessThanOrEqual(5);
  });

  test("is unknown where the probe refuses, and no current secret is given", async () => {
    const scene = openShared();
    refuseProbe(scene, refused);
    const outcome = await scene.run(NO_CURRENT);
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "CONFIRM_INVALID" } });
    expectNothingPublished(scene);
    expect([scene.orders(), scene.markers().length]).toEqual([1, 2]);
  });

  test("is unknown where putting back is not confirmed", async () => {
    const scene = openShared();
    refuseProbe(scene, refused);
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "PUT_BACK_UNCONFIRMED" } });
    expectNothingPublished(scene);
    // Put back it was; that this is so is not known.
    expect([scene.orders(), scene.service.inForce()]).toEqual([2, FORMER_SECRET]);
    expect(scene.markers()).toHaveLength(2);
  });

  test("is unknown where the probe says nothing about the new secret, and none is given to put back", async () => {
    const scene = openShared();
    refuseProbe(scene, () => Response.json({}, { status: 404 }));
    const outcome = await scene.run(NO_CURRENT);
    expect(outcome).toMatchObject({
      status: "unknown",
      error: {
        code: "CONFIRM_UNPROVEN",
        message: expect.stringContaining("the probe answered 404") as unknown,
      },
    });
    expectNothingPublished(scene);
  });

  test("puts back what could not be proved", async () => {
    const scene = openShared();
    refuseProbe(scene, () => Response.json({}, { status: 404 }), 2);
    expect(await scene.run()).toMatchObject({ status: "failed", error: { code: "PUT_BACK" } });
    expectNothingPublished(scene);
    expect(scene.service.inForce()).toBe(FORMER_SECRET);
  });

  test("publishes without proof with verify off, and warns", async () => {
    const scene = openShared();
    const outcome = await scene.run({ verify: "off", "probe-url": "", "current-secret": "" });
    expect(outcome.status).toBe("rotated");
    expect(outcome.warnings).toEqual(["Whether the secret works could not be confirmed: verify is off."]);
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect(requestsOf(scene.service, PROBE)).toEqual([]);
  });

  const OUTDATED = { "current-secret": "notTheSecretInForce1" };

  test("is rotated though the current secret is outdated, and says so", async () => {
    const scene = openShared();
    expect((await scene.run(OUTDATED)).status).toBe("rotated");
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect(scene.logged).toContain(
      `Huawei Cloud API Gateway refuses the value of "current-secret": it is not the secret in force, and could not be put back.`,
    );
  });

  test("does not put back a current secret that was not proved", async () => {
    const scene = openShared({ customSecrets: "ignores" });
    expect(await scene.run(OUTDATED)).toMatchObject({
      status: "unknown",
      error: { code: "CONFIRM_INVALID" },
    });
    expectNothingPublished(scene);
    expect([scene.orders(), scene.markers().length]).toEqual([1, 2]);
  });

  test("keeps the last copy where the current secret is outdated, and every target refuses the write", async () => {
    const scene = openShared();
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s", ...OUTDATED });
    expect(outcome).toMatchObject({ status: "incomplete", provider: "changed" });
    // The only copy of what is in force is the sealed one.
    expect(scene.orders()).toBe(1);
    expect(scene.said).not.toContain("settled");
  });

  test("fails in preflight if the probe accepts anything", async () => {
    const scene = openShared();
    scene.service.emulator.faults.arm(
      { kind: "answer", changed: false, status: 200, body: "{}" },
      { ...PROBE, times: Infinity },
    );
    expect(await scene.run()).toMatchObject({ status: "failed", error: { code: "PROBE_UNUSABLE" } });
    expect([scene.orders(), scene.markers()]).toEqual([0, []]);
  });

  test("is rotated though every answer but the last is lost", async () => {
    const scene = openShared();
    scene.service.emulator.faults.arm(
      { kind: "reset", changed: true },
      { ...scene.service.rotateCall, times: 2 },
    );
    expect((await scene.run()).status).toBe("rotated");
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect([scene.orders(), scene.service.changes()]).toEqual([3, 1]);
  });

  test("is unknown if every answer is lost", async () => {
    const scene = openShared();
    scene.service.emulator.faults.arm(
      { kind: "reset", changed: true },
      { ...scene.service.rotateCall, times: Infinity },
    );
    expect(await scene.run()).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "ROTATION_UNKNOWN" },
    });
    expectNothingPublished(scene);
    expect(scene.markers()).toHaveLength(2);
  });

  test("puts back when every target refuses the write", async () => {
    const scene = openShared();
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome).toMatchObject({ status: "failed", provider: "unchanged", error: { code: "PUT_BACK" } });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect([scene.service.inForce(), scene.markers()]).toEqual([FORMER_SECRET, []]);
    expect(scene.values()).toEqual([FORMERLY, FORMERLY]);
  });

  test("is incomplete when every target refuses the write, and no current secret is given", async () => {
    const scene = openShared();
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s", ...NO_CURRENT });
    expect(outcome).toMatchObject({
      status: "incomplete",
      provider: "changed",
      error: { code: "PUBLISH_INCOMPLETE" },
    });
    // The last copy stays, for the post step to send.
    expect(scene.said).not.toContain("settled");
    expect(scene.markers()).toHaveLength(2);
  });

  test("is unknown when every target refuses the write, and putting back is not confirmed", async () => {
    const scene = openShared();
    scene.refuseWrites();
    const { emulator } = scene.service;
    const handle = emulator.handle.bind(emulator);
    Object.assign(emulator, {
      handle: (request: Request) =>
        request.url.endsWith("/probe") && scene.orders() >= 2
          ? Promise.resolve(Response.json({}, { status: 404 }))
          : handle(request),
    });
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome.status).toBe("unknown");
    expect(scene.markers()).toHaveLength(2);
  });

  test("is healed by the next run, by a secret made anew", async () => {
    const scene = openShared();
    scene.refuseWrites(FORBIDDEN, IN_ENVIRONMENT);
    expect((await scene.run({ "write-timeout": "5s" })).status).toBe("incomplete");
    scene.github.faults.clear();
    const now = scene.service.inForce();
    const outcome = await scene.run({ "rotate-after": "30d", "current-secret": now });
    expect(outcome.status).toBe("rotated");
    expect(scene.service.inForce()).not.toBe(now);
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect(scene.markers()).toEqual([]);
  });
});

describe("a dedicated gateway", () => {
  const openDedicated = (switches: Partial<HuaweiApigSwitches> = {}) => {
    const scene = open("huawei-apig", apigDedicatedService);
    Object.assign(scene.service.emulator, switches);
    return scene;
  };
  const inBoth = (value: string): readonly string[] => [value, value];

  test.each([
    ["takes", { customSecrets: "on" }],
    ["refuses", { customSecrets: "rejects" }],
    ["ignores and keeps", { customSecrets: "ignores", ignoredBecomes: "kept" }],
    ["ignores and replaces", { customSecrets: "ignores", ignoredBecomes: "random" }],
  ] as const)("that %s chosen values is rotated", async (_, switches) => {
    const scene = openDedicated(switches);
    expect(await scene.run()).toMatchObject({ status: "rotated", warnings: [] });
    expect(scene.values()).toEqual(inBoth(scene.service.inForce()));
    expect([scene.service.changes(), scene.markers()]).toEqual([1, []]);
  });

  test("that hides its secrets is refused in preflight, and asterisks reach no target", async () => {
    for (const mode of ["rotate", "sync"]) {
      const scene = openDedicated({ dedicatedShows: "masked" });
      expect(await scene.run({ mode })).toMatchObject({
        status: "failed",
        error: { code: "SECRET_UNUSABLE" },
      });
      expect([scene.orders(), scene.writes(), scene.markers()]).toEqual([0, 0, []]);
    }
  });

  test("that hides its secrets of a sudden never has asterisks published", async () => {
    const scene = openDedicated();
    const { emulator } = scene.service;
    const handle = emulator.handle.bind(emulator);
    Object.assign(emulator, {
      handle: (request: Request) => {
        if (request.method === "PUT") emulator.dedicatedShows = "masked";
        return handle(request);
      },
    });
    expect((await scene.run()).status).toBe("unknown");
    expect([scene.values(), scene.writes()]).toEqual([inBoth(FORMERLY), 0]);
  });

  test("is rotated with a probe too", async () => {
    const scene = openDedicated({ propagationDelay: 1 });
    const probeUrl = { "probe-url": "https://weather.example.test/probe" };
    expect(await scene.run(probeUrl)).toMatchObject({ status: "rotated", warnings: [] });
    expect(requestsOf(scene.service, PROBE).map(({ status }) => status)).toEqual([401, 200, 401, 200]);
  });

  test("puts back when every target refuses the write", async () => {
    const scene = openDedicated();
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome).toMatchObject({
      status: "failed",
      provider: "unchanged",
      error: {
        code: "PUT_BACK",
        message:
          "No target took the new secret, so the former secret was put back at Huawei Cloud API Gateway; expected to publish the new one.",
      },
    });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect([scene.service.inForce(), scene.markers(), scene.values()]).toEqual([
      FORMER_SECRET,
      [],
      inBoth(FORMERLY),
    ]);
    // What is sealed must not be sent by the post step now.
    expect(scene.said).toContain("settled");
  });

  test("does not put back when one target took the write", async () => {
    const scene = openDedicated();
    scene.refuseWrites(FORBIDDEN, IN_ENVIRONMENT);
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome).toMatchObject({ status: "incomplete", provider: "changed" });
    expect(scene.values()).toEqual([scene.service.inForce(), FORMERLY]);
    expect([scene.service.changes(), scene.markers().length]).toEqual([1, 2]);
    expect(scene.said).not.toContain("settled");
  });

  test.each([true, false])("does not put back when one answer was lost (written: %s)", async (changed) => {
    const scene = openDedicated();
    scene.refuseWrites({ kind: "reset", changed }, IN_ENVIRONMENT);
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome).toMatchObject({ status: "incomplete", provider: "changed" });
    expect(outcome.targets.map(({ status }) => status)).toEqual(["failed", "unknown"]);
    expect([scene.service.changes(), scene.markers().length]).toEqual([1, 2]);
    expect(scene.said).not.toContain("settled");
  });

  test("keeps the last copy where putting back is not possible", async () => {
    const scene = openDedicated({ customSecrets: "rejects" });
    scene.refuseWrites();
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome).toMatchObject({ status: "incomplete", provider: "changed" });
    expect([scene.service.changes(), scene.markers().length]).toEqual([1, 2]);
    // The post step still has what is sealed, to send it or to print the commands.
    expect(scene.said).not.toContain("settled");
  });

  test("is unknown where putting back is not confirmed", async () => {
    const scene = openDedicated();
    scene.refuseWrites();
    const { service } = scene;
    service.emulator.faults.arm(
      { kind: "stall", changed: false },
      { ...service.rotateCall, after: 1, times: Infinity },
    );
    const outcome = await scene.run({ "write-timeout": "5s" });
    expect(outcome.status).toBe("unknown");
    expect(scene.markers()).toHaveLength(2);
  });

  test("is healed by the next run, without a second cut-over", async () => {
    const scene = openDedicated();
    scene.refuseWrites(FORBIDDEN, IN_ENVIRONMENT);
    await scene.run({ "write-timeout": "5s" });
    scene.github.faults.clear();
    expect((await scene.run({ "rotate-after": "30d" })).status).toBe("synced");
    expect(scene.values()).toEqual(inBoth(scene.service.inForce()));
    expect([scene.service.changes(), scene.markers()]).toEqual([1, []]);
  });

  test("is synced without a change", async () => {
    const scene = openDedicated();
    expect((await scene.run({ mode: "sync" })).status).toBe("synced");
    expect([scene.values(), scene.orders()]).toEqual([inBoth(FORMER_SECRET), 0]);
  });

  test("that somebody else rotates at the same time is not overwritten in GitHub by a dead secret", async () => {
    const scene = openDedicated();
    const { emulator, appId, appKey, inputs } = scene.service;
    const handle = emulator.handle.bind(emulator);
    let reads = 0;
    Object.assign(emulator, {
      handle: (request: Request) => {
        if (request.method === "GET" && (reads += 1) === 3) {
          const other = {
            name: "x",
            appKey,
            appSecret: "somebodyElsesSecret1",
            projectId: inputs["project-id"] ?? "",
          };
          emulator.addApp({ ...other, id: appId, instanceId: inputs["instance-id"] ?? "" });
        }
        return handle(request);
      },
    });
    const outcome = await scene.run();
    expect(["failed", "unknown"]).toContain(outcome.status);
    expect(["CONFIRM_DIFFERS", "PUT_BACK"]).toContain(code(outcome));
    expect(scene.values()).toEqual(inBoth(FORMERLY));
  });
});

describe("a CSMS secret", () => {
  const openCsms = (secret: Partial<HuaweiCsmsSecret> = {}, options: Parameters<typeof open>[2] = {}) =>
    open("huawei-csms", (clock) => csmsService(clock, accountAt(clock), secret), options);

  test("is rotated, and its version is in the results", async () => {
    const scene = openCsms();
    scene.service.emulator.taskDuration = 42_000;
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "rotated", version: "v2", warnings: [] });
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    const rotation = { name: "db", providerId: "huawei-csms", targets: [] };
    const { results } = outputs([{ rotation, outcome, endedAt: scene.clock.now() }], "rotate");
    expect(JSON.parse(results ?? "")).toMatchObject([{ provider: "huawei-csms", version: "v2" }]);
    expect([scene.orders(), scene.markers()]).toEqual([1, []]);
  });

  test("of two users has name and password go to secrets of their own", async () => {
    const targets = ["repo:acme/web", ENVIRONMENT].flatMap((place) => [
      `${place}?pointer=/name#DB_USER`,
      `${place}?pointer=/password#DB_PASSWORD`,
    ]);
    const scene = openCsms({ subType: "MultiUser" }, { targets, held: ["DB_USER", "DB_PASSWORD"] });
    const users: unknown[] = [];
    for (let round = 0; round < 3; round += 1) {
      expect((await scene.run()).status).toBe("rotated");
      const { name, password } = JSON.parse(scene.service.inForce()) as Record<string, string>;
      expect(scene.values("DB_USER")).toEqual([name, name]);
      expect(scene.values("DB_PASSWORD")).toEqual([password, password]);
      users.push(name);
    }
    expect(users).toEqual(["app_2", "app_1", "app_2"]);
  });

  test.each(["plain", "binary"] as const)("that is %s goes whole to every target", async (form) => {
    const scene = openCsms({ form });
    expect((await scene.run()).status).toBe("rotated");
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    if (form === "binary") expect(scene.service.inForce()).toMatch(/^[A-Za-z0-9+/]{24}$/);
  });

  test("whose fields are asked for, but is plain, is refused in preflight", async () => {
    const scene = openCsms({ form: "plain" }, { targets: ["repo:acme/web?pointer=/password#DB_PASSWORD"] });
    expect(await scene.run()).toMatchObject({ status: "failed", error: { code: "POINTER_UNRESOLVED" } });
    expect([scene.orders(), scene.markers()]).toEqual([0, []]);
  });

  test("that is COMMON is not rotated, but synced", async () => {
    const scene = openCsms({ type: "COMMON" });
    expect(await scene.run()).toMatchObject({ status: "failed", error: { code: "APP_NOT_ROTATABLE" } });
    expect([scene.orders(), scene.writes(), scene.markers()]).toEqual([0, 0, []]);
    expect(await scene.run({ mode: "sync" })).toMatchObject({ status: "synced", version: "v1" });
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
  });

  test("that is DISABLED fails in preflight", async () => {
    const scene = openCsms({ state: "DISABLED" });
    expect(await scene.run()).toMatchObject({ status: "failed", error: { code: "APP_NOT_ROTATABLE" } });
    expect([scene.orders(), scene.markers()]).toEqual([0, []]);
  });

  test("whose task fails is unknown, and nothing is published", async () => {
    const scene = openCsms();
    scene.service.emulator.taskOutcome = "FAILED";
    const outcome = await scene.run();
    expect(outcome).toMatchObject({
      status: "unknown",
      provider: "unknown",
      error: { code: "ROTATION_FAILED" },
    });
    expect([scene.values(), scene.orders(), scene.markers().length]).toEqual([[FORMERLY, FORMERLY], 1, 2]);
  });

  test("whose task is stuck is unknown, and healed once the task has ended", async () => {
    const scene = openCsms();
    scene.service.emulator.taskOutcome = "never";
    expect(await scene.run()).toMatchObject({ status: "unknown", error: { code: "ROTATION_FAILED" } });
    // Still stuck: a target may differ, so that this is not "failed".
    expect(await scene.run({ "rotate-after": "30d" })).toMatchObject({
      status: "incomplete",
      error: { code: "APP_NOT_ROTATABLE" },
    });
    scene.service.emulator.taskOutcome = "SUCCESS";
    expect(await scene.run({ "rotate-after": "30d" })).toMatchObject({ status: "synced", version: "v2" });
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect([scene.orders(), scene.markers()]).toEqual([1, []]);
  });

  test("whose answer is lost is rotated once it was taken, and unknown if it was not", async () => {
    for (const changed of [true, false]) {
      const scene = openCsms();
      const { service } = scene;
      service.emulator.taskDuration = 9_000;
      service.emulator.faults.arm({ kind: "reset", changed }, { ...service.rotateCall, times: Infinity });
      const outcome = await scene.run();
      expect(outcome.status).toBe(changed ? "rotated" : "unknown");
      expect(scene.orders()).toBe(1);
      if (changed) expect(scene.values()).toEqual([service.inForce(), service.inForce()]);
      else expect(scene.values()).toEqual([FORMERLY, FORMERLY]);
    }
  });

  test("is due by the age of its version, not of what GitHub holds", async () => {
    const scene = openCsms({ createdAt: Date.parse("2026-11-22T03:00:00.500Z") - 29 * DAY });
    // GitHub's copies were written just now.
    expect((await scene.run({ "rotate-after": "30d" })).status).toBe("unchanged");
    expect([scene.orders(), scene.writes()]).toEqual([0, 0]);
    scene.clock.advance(DAY);
    expect(await scene.run({ "rotate-after": "30d" })).toMatchObject({ status: "rotated", version: "v2" });
    expect((await scene.run({ "rotate-after": "30d" })).status).toBe("unchanged");
    // The version was made anew, though the targets' age is not what counts.
    scene.clock.advance(30 * DAY);
    expect(await scene.run({ "rotate-after": "30d" })).toMatchObject({ status: "rotated", version: "v3" });
    expect(scene.orders()).toBe(2);
  });

  test("is not made young by a sync", async () => {
    const scene = openCsms({ createdAt: Date.parse("2026-11-22T03:00:00.500Z") - 40 * DAY });
    expect((await scene.run({ mode: "sync" })).status).toBe("synced");
    expect((await scene.run({ "rotate-after": "30d" })).status).toBe("rotated");
  });

  test("is planned by the age of its version", async () => {
    const scene = openCsms({ createdAt: Date.parse("2026-11-22T03:00:00.500Z") - 40 * DAY });
    expect(await scene.run({ mode: "plan", "rotate-after": "30d" })).toMatchObject({
      status: "planned",
      due: true,
    });
    expect(await scene.run({ mode: "plan", "rotate-after": "60d" })).toMatchObject({
      status: "planned",
      due: false,
    });
    expect([scene.orders(), scene.writes(), scene.markers()]).toEqual([0, 0, []]);
  });

  test("is synced without a change", async () => {
    const scene = openCsms();
    expect(await scene.run({ mode: "sync" })).toMatchObject({ status: "synced", version: "v1" });
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect(scene.orders()).toBe(0);
  });

  test("is healed by the next run, without a second cut-over", async () => {
    const scene = openCsms();
    scene.refuseWrites(FORBIDDEN, IN_ENVIRONMENT);
    expect(await scene.run({ "write-timeout": "5s" })).toMatchObject({ status: "incomplete", version: "v2" });
    expect(scene.said).not.toContain("settled");
    scene.github.faults.clear();
    expect(await scene.run({ "rotate-after": "30d" })).toMatchObject({ status: "synced", version: "v2" });
    expect(scene.values()).toEqual([scene.service.inForce(), scene.service.inForce()]);
    expect([scene.orders(), scene.markers()]).toEqual([1, []]);
  });

  test("is not put back when every target refuses the write", async () => {
    const scene = openCsms();
    scene.refuseWrites();
    expect(await scene.run({ "write-timeout": "5s" })).toMatchObject({
      status: "incomplete",
      provider: "changed",
    });
    expect(scene.said).not.toContain("settled");
  });

  test("that moves on between reading and publishing is not published", async () => {
    const scene = openCsms();
    const { emulator } = scene.service;
    const handle = emulator.handle.bind(emulator);
    let values = 0;
    Object.assign(emulator, {
      handle: async (request: Request) => {
        const response = await handle(request);
        if (!request.url.includes("/versions/") || (values += 1) !== 2) return response;
        const { headers } = request;
        // Somebody else rotates, right after our new version was read.
        emulator.addSecret({ name: "orders-db", projectId: headers.get("x-project-id") ?? "" });
        return response;
      },
    });
    const outcome = await scene.run();
    expect(outcome).toMatchObject({ status: "unknown", error: { code: "CONFIRM_DIFFERS" } });
    expect([scene.values(), scene.orders()]).toEqual([[FORMERLY, FORMERLY], 1]);
  });
});

describe("a security token", () => {
  test.each([
    ["huawei-apig", apigSharedService],
    ["huawei-apig", apigDedicatedService],
    ["huawei-csms", csmsService],
  ] as const)("shows nowhere in a whole run of %s, though the gateway echoes it (%#)", async (id, kit) => {
    const scene = open(id, (clock) => kit(clock));
    const outcome = await scene.run(scene.service.wrongCredential);
    expect(outcome).toMatchObject({ status: "failed", error: { code: "PROVIDER_UNAUTHORIZED" } });
    const { securityToken, secretAccessKey } = scene.service.key;
    expect(scene.service.emulator.requests.map(({ answer }) => answer)).toEqual([
      expect.stringContaining(securityToken) as unknown,
    ]);
    const error = isRed(outcome) ? outcome.error : undefined;
    expect(error).toBeInstanceOf(RotationError);
    expect(error).toHide([securityToken, secretAccessKey]);
    expect(new Error(JSON.stringify([outcome, scene.logged]))).toHide([securityToken, secretAccessKey]);
    expect(scene.markers()).toEqual([]);
  });
});
