import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAction, type ActionOptions, type ActionRun } from "../../test/support/runner.ts";

/** The built action as it is at the start, so that all measurements are of the same. */
export interface ActionCopy extends AsyncDisposable {
  /** Folder of action.yml. */
  readonly folder: string;
}

export async function copyAction(from = PROJECT): Promise<ActionCopy> {
  const folder = await mkdtemp(join(tmpdir(), "bench-action-"));
  for (const name of ["action.yml", "dist"]) {
    await cp(join(from, name), join(folder, name), { recursive: true });
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface TimedRun extends ActionRun {
  /** When the main step's process was about to be started, on the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** Runs the action, or whatever `nodeArguments` have Node do in its place, and tells when that began. */
export async function runTimed(options: ActionOptions): Promise<TimedRun> {
  let endedAt = 0;
  const run = await runAction({
    ...options,
    onMainStarted: (child) => {
      child.once("close", () => {
        endedAt = performance.now();
      });
    },
  });
  // The runner has measured up to this event, from before the process was made.
  return { ...run, startedAt: endedAt - run.main.durationMs };
}

/** What the main step's process has used up by its end. */
export interface Usage {
  /** Milliseconds on all cores together, of the program and of the system for it. */
  readonly cpu: number;
  /** At its peak, in bytes. */
  readonly memory: number;
}

/** Runs the main step only, and tells what it used. */
export async function runWeighed(options: ActionOptions): Promise<TimedRun & Usage> {
  const folder = await mkdtemp(join(tmpdir(), "bench-usage-"));
  try {
    const file = join(folder, "usage.json");
    const run = await runTimed({
      ...options,
      post: false,
      nodeArguments: [...TELL_USAGE, ...(options.nodeArguments ?? [])],
      env: { ...options.env, BENCH_USAGE_FILE: file },
    });
    return { ...run, ...(JSON.parse(await readFile(file, "utf8")) as Usage) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a module of its own text: another file would have to be stripped of its types, at the cost of what is measured. */
const TELL_USAGE = ["--import", `data:text/javascript,${encodeURIComponent(`(${String(tellUsage)})();`)}`];

const PROJECT = join(import.meta.dirname, "..", "..");

/** Has the process write its {@link Usage} at its exit. */
function tellUsage(): void {
  const { readFileSync, writeFileSync } = process.getBuiltinModule("node:fs");
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    // On Linux `maxRSS` begins with what the parent process had.
    const kibibytes =
      process.platform === "linux"
        ? /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]
        : maxRSS;
    const usage = { cpu: (userCPUTime + systemCPUTime) / 1_000, memory: Number(kibibytes) * 1_024 };
    writeFileSync(process.env["BENCH_USAGE_FILE"] ?? "", JSON.stringify(usage));
  });
}
