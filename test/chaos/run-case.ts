import { leaks, type ActionRun, type StepRun } from "../support/runner.ts";
import { openArena, type Arena, type ArenaOptions, type State } from "./arena.ts";
import type { Case } from "./cases.ts";
import { DAY } from "./clock.ts";
import type { Ending, Expectation } from "./expectations/words.ts";
import { cutMainOff, isOfPost } from "./record.ts";
import type { SecondRun } from "./strike.ts";
import { rolesIn, subjectOf } from "./subjects/index.ts";

/** What a broken promise is counted as. */
export type Kind = "lost" | "leak" | "not healed" | "wrong outcome";

export interface Complaint {
  readonly kind: Kind;
  readonly text: string;
}

export interface Verdict {
  readonly id: string;
  /** Empty: all promises were kept. */
  readonly complaints: readonly Complaint[];
  /** What was complained of at a first try, and not at a slower one: a busy machine can make a request time out. */
  readonly unsteady: readonly Complaint[];
  /** How the run ended. */
  readonly ending: string;
  readonly milliseconds: number;
  /** The masked logs, for people. */
  readonly log: string;
}

/** Where every case finds the action. */
export interface Setting extends Pick<ArenaOptions, "action" | "cache"> {
  /** How many times slower than usual time passes; default 1. */
  readonly slower?: number;
}

/** What the action may say to the runner. Anything else was put into its mouth. */
const OWN_COMMANDS = ["add-mask", "group", "endgroup", "error", "warning"];

/** Runs one case in a world of its own, lets it heal, and looks at everything. */
export async function runCase(chaos: Case, { slower = 1, ...setting }: Setting): Promise<Verdict> {
  const startedAt = performance.now();
  const { spot, fault, lasting, expectation } = chaos;
  await using arena = await openArena({ ...setting, subject: spot.subject, speed: speedFor(chaos) / slower });
  const before = arena.state();
  const complaints: Complaint[] = [];
  const complain = (kind: Kind, text: string): void => {
    complaints.push({ kind, text });
  };

  const plan = fault.plan(spot, lasting, arena);
  await plan.prepare?.();
  const cut = cutMainOff(arena, spot.mode);
  /** Whether the step that the fault is for has begun. */
  let begun = !isOfPost(spot.mode);
  let struck = false;
  for (const service of ["provider", "github"] as const) {
    const gate = arena.gates[service];
    gate.startCounting();
    gate.onArrival = (label) => {
      if (!begun) return cut(service, label);
      const deed = plan.deed(service, label);
      struck ||= deed !== undefined;
      return deed;
    };
  }
  const run = await arena.run(spot.mode, {
    ...(plan.event === undefined ? {} : { event: plan.event }),
    ...(plan.post === undefined ? {} : { post: plan.post }),
    beforePost: async () => {
      if (!begun) for (const gate of Object.values(arena.gates)) gate.startNumbering();
      begun = true;
      await plan.beforePost?.();
    },
  });
  if (!(plan.hasStruck?.() ?? struck)) complain("wrong outcome", "the fault has struck nothing");
  const statusOf = readStatus(run);
  const ending = run.main.signal === "SIGKILL" ? "killed" : (statusOf ?? "nothing");
  const second = plan.second?.();
  const since = second?.state ?? before;
  judge({ arena, run, before, since, ending, expectation, mode: spot.mode }, complain);
  if (second === undefined) {
    judgeCalls(chaos, arena, complain);
    judgeMasks(run, arena.published(), complain);
  } else judgeSecond(second, complain);

  // When the next run comes, all is well again.
  for (const service of ["provider", "github"] as const) {
    arena.gates[service].onArrival = () => undefined;
    await arena.gates[service].comeUp();
  }
  arena.app.emulator.faults.clear();
  arena.github.faults.clear();
  arena.app.nextSecret(undefined);
  if (expectation.reset === true) arena.app.plant(arena.app.secretOf("a secret that can be stored"));
  const { nextRunAfter = DAY, recoverable } = subjectOf(spot.subject);
  arena.clock.advance(nextRunAfter);
  // What was asked for comes with an event.
  const next = spot.mode === "request" ? "rotate" : spot.mode;
  const healing = await arena.run(next, { inputs: { "rotate-after": "30d" } });
  judgeHealing({ arena, recoverable }, healing, complain);

  for (const [name, each] of [
    ["the run", run],
    ["the second run", second?.run],
    ["the healing run", healing],
  ] as const) {
    if (each !== undefined) judgeChannels(name, each, arena, complain);
  }
  if (arena.trap.caught() > 0) complain("leak", "a redirect was followed to another host");
  return {
    id: chaos.id,
    complaints,
    unsteady: [],
    ending,
    milliseconds: Math.round(performance.now() - startedAt),
    log: [
      `main (${exitOf(run.main)}):\n${run.main.log}`,
      `post (${exitOf(run.post)}):\n${run.post.log}`,
      ...(second === undefined ? [] : [`second run (${exitOf(second.run.main)}):\n${second.run.main.log}`]),
      `healing run (${exitOf(healing.main)}):\n${healing.main.log}`,
      `post (${exitOf(healing.post)}):\n${healing.post.log}`,
    ].join("\n"),
  };
}

type Complain = (kind: Kind, text: string) => void;

/** Usual cases need seconds of ours for minutes of theirs; a task that never ends is waited for ten of them. */
function speedFor({ spot: { subject, boundary } }: Case): number {
  return subject.startsWith("csms") && ["rotate", "await"].includes(boundary.role) ? 50 : 25;
}

/** Whether the run ended as it may, and whether what it said is true. */
function judge(
  {
    arena,
    run,
    before,
    since,
    ending,
    expectation,
    mode,
  }: {
    readonly arena: Arena;
    readonly run: ActionRun;
    readonly before: State;
    /** What stood when another run had ended, if there was one. */
    readonly since: State;
    readonly ending: string;
    readonly expectation: Expectation;
    readonly mode: Case["spot"]["mode"];
  },
  complain: Complain,
): void {
  const wrong = (text: string): void => {
    complain("wrong outcome", text);
  };
  const { main, post } = run;
  const permitted = expectation.ends.map((end: Ending) => (end === "green" ? greenIn(mode) : end));
  if (!permitted.some((end) => end === ending)) {
    wrong(
      `ended as ${ending} (${errorOf(run) ?? "no error"}), permitted: ${permitted.join(", ")}. ${expectation.why}`,
    );
  }

  const { inForce, held } = arena.state();
  /** Whether what was in force at a time still is: where more than one may be, a new one ends none. */
  const stillInForce = (then: State): boolean => then.inForce.every((secret) => inForce.includes(secret));
  /** A run that makes a secret is not done with an old one, even if that still works. */
  const madeSince = mode === "sync" ? undefined : before;
  const unmade = inForce.at(-1) === before.inForce.at(-1);
  const untouched = held.every((value, index) => value === since.held[index]);
  const markers = arena.markers();
  switch (ending) {
    case "failed":
      if (!stillInForce(since)) wrong("said `failed`, but the secret in force is another one");
      if (!untouched) wrong("said `failed`, but a target is not as it was");
      break;
    case "requested":
      if (unmade) wrong("said `requested`, but the provider delivers nothing");
      if (!stillInForce(since)) wrong("said `requested`, but the secret in force is another one");
      if (!untouched) wrong("said `requested`, but a target is not as it was");
      break;
    case "rotated":
    case "synced":
      if ((ending === "synced") !== unmade) {
        wrong(`said \`${ending}\`, but the secret in force tells otherwise`);
      }
      if (!(expectation.apart === true ? arena.eachHolds(madeSince) : arena.allHold(madeSince))) {
        wrong(`said \`${ending}\`, but a target does not hold the secret in force`);
      }
      break;
  }
  if (["failed", "requested", "rotated", "synced"].includes(ending) && markers.length > 0) {
    const { markersMayStay } = expectation;
    if (markersMayStay === undefined) wrong(`said \`${ending}\`, and left a marker`);
    else if (markersMayStay === "said" && !main.annotations.some(({ message }) => /marker/i.test(message))) {
      wrong(`said \`${ending}\`, and left a marker without a word`);
    }
  }

  const red = ["failed", "incomplete", "unknown"].includes(ending);
  if (ending !== "killed" && main.exitCode !== (red ? 1 : 0)) {
    wrong(`ended as ${ending} with ${exitOf(main)}`);
  }
  if (post.exitCode === null && post.signal === null) return;
  const { post: codes = ["incomplete", "unknown"].includes(ending) ? [0, 1] : [0] } = expectation;
  if (codes.length > 0 && !codes.some((code) => code === post.exitCode)) {
    wrong(`the post step ended with ${exitOf(post)}, permitted: ${codes.join(", ")}. ${expectation.why}`);
  }
  if (post.signal === null && Object.keys(post.files).length > 0) {
    wrong(`the post step left files: ${Object.keys(post.files).join(", ")}`);
  }
  for (const [path, mode] of Object.entries(main.fileModes)) {
    if (mode !== 0o600) wrong(`the main step left ${path} with mode ${mode.toString(8)}`);
  }
  if (expectation.after === "tidied" && !(stillInForce(before) && untouched && markers.length === 0)) {
    wrong(`after the post step not all is as it was before. ${expectation.why}`);
  }
  if (expectation.after === "finished" && !arena.allHold(madeSince)) {
    wrong(`after the post step not every target holds the secret in force. ${expectation.why}`);
  }
}

/** Promise 2. What a clean run does not call, none may. */
function judgeCalls({ spot, expectation }: Case, { gates }: Arena, complain: Complain): void {
  const { rotate } = subjectOf(spot.subject);
  const usual = rolesIn(spot.subject, spot.mode)[rotate] === undefined ? 0 : 1;
  const { calls = usual, why } = expectation;
  const [name] = rotate.split("-");
  const made = gates.provider.arrivals.filter((arrival) => arrival.name === name).length;
  if (made > calls) {
    complain(
      "wrong outcome",
      `the rotate call was made ${String(made)} times, permitted: ${String(calls)}. ${why}`,
    );
  }
}

/** The run inside another one met nothing but the other's traces. */
function judgeSecond({ run, allHeld }: SecondRun, complain: Complain): void {
  if (run.main.exitCode !== 0 || !allHeld) {
    complain(
      "wrong outcome",
      `the second run ended as ${readStatus(run) ?? "nothing"} (${errorOf(run) ?? "no error"})${allHeld ? "" : ", and a target did not hold the secret in force"}`,
    );
  }
}

/** Greens, by the mode. */
function greenIn(mode: Case["spot"]["mode"]): string {
  return mode === "sync" ? "synced" : mode === "request" ? "requested" : "rotated";
}

/**
 * Promise 7. A secret is lost if some target does not hold what the provider accepts, and what it accepts is nowhere to
 * be had: no other target holds it, and the provider has it for nobody. Only another cut-over ends that.
 */
function judgeHealing(
  { arena, recoverable }: { readonly arena: Arena; readonly recoverable: boolean },
  { main, post }: ActionRun,
  complain: Complain,
): void {
  const { inForce, held } = arena.state();
  if (!arena.allHold()) {
    const copied = arena.app.targets.some(({ formOf }, index) =>
      inForce.some((secret) => held[index] === formOf(secret)),
    );
    complain(
      copied || recoverable ? "not healed" : "lost",
      "after the next run a target does not hold the secret in force",
    );
  }
  if (main.exitCode !== 0 || post.exitCode !== 0) {
    complain("not healed", `the next run ended with ${exitOf(main)}, its post step with ${exitOf(post)}`);
  }
  if (arena.markers().length > 0) complain("not healed", "after the next run a marker is left");
}

/** Promise 3: whatever was sealed for GitHub had been masked by then, line by line. */
function judgeMasks({ main }: ActionRun, published: readonly string[], complain: Complain): void {
  const masks = new Set(main.masks);
  const lines = published.flatMap((value) => value.split(/\r\n|\r|\n/)).map((line) => line.trim());
  if (lines.some((line) => line.length >= SHORTEST_MASK && !masks.has(line))) {
    complain("leak", "a secret was sent to GitHub before it was masked");
  }
}

const SHORTEST_MASK = 6;

/** Promises 11 and 12, in everything that the steps printed and wrote. */
function judgeChannels(name: string, run: ActionRun, arena: Arena, complain: Complain): void {
  const secrets = arena.secrets();
  for (const leak of leaks(run, secrets)) complain("leak", `${name}: ${leak}, before masking`);
  for (const leak of leaks(asShown(run), secrets)) complain("leak", `${name}: ${leak}, after masking`);
  for (const step of [run.main, run.post]) {
    for (const { name: command, form } of step.commands) {
      if (!OWN_COMMANDS.includes(command) || form !== "::") {
        complain("leak", `${name}: a foreign command ${form}${command}`);
      }
    }
    if (step.stderr !== "")
      complain("wrong outcome", `${name}: something on stderr: ${step.stderr.slice(0, 300)}`);
  }
}

/** A run as GitHub shows it, with the masks applied. */
function asShown(run: ActionRun): ActionRun {
  const show = (step: StepRun): StepRun => ({ ...step, printed: step.log, rawSummary: step.summary });
  return { main: show(run.main), post: show(run.post) };
}

function readResult({ main }: ActionRun): { readonly status?: string; readonly error?: string } | undefined {
  const results = JSON.parse(main.outputs["results"] ?? "[]") as readonly {
    status?: string;
    error?: string;
  }[];
  return results[0];
}

function readStatus(run: ActionRun): string | undefined {
  return readResult(run)?.status;
}

function errorOf(run: ActionRun): string | undefined {
  return readResult(run)?.error;
}

function exitOf({ exitCode, signal }: StepRun): string {
  return exitCode === null ? String(signal) : `exit code ${String(exitCode)}`;
}
