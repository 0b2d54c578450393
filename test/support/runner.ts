import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { createInterpreter, createLineSplitter, type Interpretation } from "./runner/commands.ts";
import { parseFileCommands } from "./runner/files.ts";
import { SCRATCH_PREFIX } from "./runner/leaks.ts";
import { createRunnerMasker, type RunnerMasker } from "./runner/masker.ts";

export type { Annotation, Command } from "./runner/commands.ts";
export { everythingPrinted, leaks, leaksIn, redactVolatile } from "./runner/leaks.ts";

export interface ActionOptions {
  /** As under `with:`. What is missing gets its default from action.yml. */
  readonly inputs: Readonly<Record<string, string>>;
  /** As under `env:`. Wins over everything the runner sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `workflow_dispatch` with an empty payload. */
  readonly event?: { readonly name: string; readonly payload?: object };
  /** `GITHUB_API_URL` */
  readonly apiUrl: string;
  /** `GITHUB_REPOSITORY`. Default `acme/web`. */
  readonly repository?: string;
  /** The workflow's secrets, which the runner masks from the start. Default none, so that only the action masks. */
  readonly secrets?: readonly string[];
  /** Files by path below the workspace, where the action is started. Default none. */
  readonly workspace?: Readonly<Record<string, string>>;
  /** Folder of action.yml. Default: this project. */
  readonly action?: string;
  /** For Node, before the file. */
  readonly nodeArguments?: readonly string[];
  /** Called with the process of the main step as soon as it exists. */
  readonly onMainStarted?: (child: ChildProcess) => void;
  /** Looked at every millisecond with what main has printed so far; as soon as it holds, main is ended by `killBy`. */
  readonly killWhen?: (printed: string) => boolean;
  /** Default `SIGKILL`. `cancel` is what the runner does to a cancelled step: see {@link cancelStep}. */
  readonly killBy?: NodeJS.Signals | "cancel";
  /** Whether the post step runs, which it does however main ended. Default `true`. */
  readonly post?: boolean;
  /** Called between main and post, for services that change in the meantime. */
  readonly beforePost?: (main: StepRun) => void | Promise<void>;
  /**
   * Milliseconds that each step may take; after that it is killed and {@link runAction} rejects. Default 120000,
   * because a post step may well spend a minute on a GitHub that is down.
   */
  readonly timeout?: number;
}

export interface ActionRun {
  readonly main: StepRun;
  /** With an exit code of `null` and nothing in it, where it did not run. */
  readonly post: StepRun;
}

export interface StepRun extends Interpretation {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Unmasked. */
  readonly stdout: string;
  /** Unmasked. */
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Outputs that no other job would get, because they hold what is masked. */
  readonly withheldOutputs: readonly string[];
  readonly state: Readonly<Record<string, string>>;
  /** As shown: masked line by line; empty if it is above 1 MiB. */
  readonly summary: string;
  readonly rawSummary: string;
  /** The text of `GITHUB_OUTPUT`, `GITHUB_STATE`, `GITHUB_ENV` and `GITHUB_PATH`, by those names. */
  readonly commandFiles: Readonly<Record<string, string>>;
  /** Every other file that is left after the step, by its path: below `temp` are those of `RUNNER_TEMP`. */
  readonly files: Readonly<Record<string, string>>;
  /** Their permission bits, such as `0o600`. */
  readonly fileModes: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

/**
 * Runs an action's main and post steps as GitHub's runner does: the same environment variables and files, commands
 * taken from its output, masks that hold for the whole job. Nothing of this process's own environment gets in but
 * `PATH`. Rejects when a step takes too long, when a file to run is missing, and when action.yml has a default that it
 * cannot evaluate.
 *
 * Written after https://github.com/actions/runner/tree/258d6c857db3/src/Runner.Worker (version 2.336.0).
 */
export async function runAction(options: ActionOptions): Promise<ActionRun> {
  const { repository = "acme/web", secrets = [], beforePost } = options;
  const action = await readAction(options.action);
  for (const file of [action.main, action.post]) {
    if (file === undefined || existsSync(file)) continue;
    throw new Error(
      `${relative(options.action ?? PROJECT, file)} is missing: run \`npm run package\` first.`,
    );
  }
  const scratch = await mkdtemp(join(tmpdir(), SCRATCH_PREFIX));
  try {
    const masker = createRunnerMasker();
    for (const secret of secrets) masker.add(secret.trim());
    const job: Job = { scratch, options, masker, workspace: await layOut(scratch, options) };
    const environment = {
      PATH: process.env["PATH"] ?? "",
      // Not the runner's: what would be left there is found as well.
      HOME: join(scratch, "home"),
      TMPDIR: join(scratch, "tmp"),
      ...runnerVariables({
        apiUrl: options.apiUrl,
        repository,
        event: options.event?.name ?? "workflow_dispatch",
        eventPath: join(scratch, EVENT_FILE),
        temp: join(scratch, "temp"),
      }),
      GITHUB_WORKSPACE: join(scratch, "workspace"),
      ...inputVariables(action, options.inputs, repository),
    };

    const main = await runStep(job, "main", action.main, environment, strangers(action, options.inputs));
    await beforePost?.(main);
    if (options.post === false || action.post === undefined) return { main, post: NOT_RUN };
    const { pairs } = parseFileCommands(main.commandFiles["GITHUB_ENV"] ?? "");
    const folders = (main.commandFiles["GITHUB_PATH"] ?? "").split("\n").filter((line) => line !== "");
    const post = await runStep(job, "post", action.post, {
      ...environment,
      // Node's options are the one variable that a step may not set for later ones.
      ...Object.fromEntries(Object.entries(pairs).filter(([name]) => name !== "NODE_OPTIONS")),
      PATH: [...folders.reverse(), environment.PATH].join(delimiter),
      ...Object.fromEntries(Object.entries(main.state).map(([name, value]) => [`STATE_${name}`, value])),
    });
    return { main, post };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Cancels a step as the runner does: SIGINT, after 7.5 s SIGTERM, after 2.5 s more SIGKILL. Resolves when the
 * process has ended. https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Sdk/ProcessInvoker.cs
 */
export async function cancelStep(child: ChildProcess): Promise<void> {
  const over = new AbortController();
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over.abort();
      resolve();
    };
    if (hasEnded(child)) end();
    else child.once("exit", end);
  });
  for (const [signal, wait] of [
    ["SIGINT", 7500],
    ["SIGTERM", 2500],
    ["SIGKILL", 0],
  ] as const) {
    if (over.signal.aborted) break;
    child.kill(signal);
    await sleep(wait, undefined, { signal: over.signal }).catch(() => undefined);
  }
  await ended;
}

/** What the runner reads in action.yml. */
export interface ActionDefinition {
  /** Paths of the files to run. */
  readonly main: string;
  readonly post: string | undefined;
  /** Every input with its default, unevaluated; empty where it has none. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Reads action.yml in a folder; without one, this project's. */
export async function readAction(folder = PROJECT): Promise<ActionDefinition> {
  const { inputs, runs } = parse(await readFile(join(folder, "action.yml"), "utf8")) as {
    readonly inputs?: Readonly<Record<string, { readonly default?: string | number | boolean } | null>>;
    readonly runs: { readonly main: string; readonly post?: string };
  };
  return {
    main: join(folder, runs.main),
    post: runs.post === undefined ? undefined : join(folder, runs.post),
    inputs: Object.fromEntries(
      Object.entries(inputs ?? {}).map(([name, input]) => [name, String(input?.default ?? "")]),
    ),
  };
}

/**
 * The `INPUT_…` variables: one for every input of action.yml, given or not, and for every other one given. Of
 * defaults only `${{ github.repository }}` is evaluated; throws on any other expression.
 */
export function inputVariables(
  action: ActionDefinition,
  inputs: Readonly<Record<string, string>>,
  repository: string,
): Record<string, string> {
  const missing = Object.entries(action.inputs).filter(([name]) => inputs[name] === undefined);
  const defaults = missing.map(([name, value]) => [name, evaluate(value, repository)] as const);
  return Object.fromEntries(
    [...Object.entries(inputs), ...defaults].map(([name, value]) => [
      `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
      value,
    ]),
  );
}

/** The variables that tell an action about the runner, GitHub and the event. */
export function runnerVariables(about: {
  readonly apiUrl: string;
  /** `OWNER/REPO` */
  readonly repository: string;
  /** Name of the event. */
  readonly event: string;
  readonly eventPath: string;
  /** `RUNNER_TEMP` */
  readonly temp: string;
}): Record<string, string> {
  return {
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: about.apiUrl,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: about.repository,
    GITHUB_EVENT_NAME: about.event,
    GITHUB_EVENT_PATH: about.eventPath,
    RUNNER_TEMP: about.temp,
  };
}

/** The variables that name a step's own files. */
export const FILE_COMMANDS = [
  "GITHUB_OUTPUT",
  "GITHUB_STATE",
  "GITHUB_ENV",
  "GITHUB_PATH",
  "GITHUB_STEP_SUMMARY",
] as const;

const PROJECT = join(import.meta.dirname, "..", "..");
const EVENT_FILE = "event.json";
const OWN_FILES = [EVENT_FILE, ...FILE_COMMANDS.flatMap((name) => [`main/${name}`, `post/${name}`])];

/** `AttachmentSizeLimit` of https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Worker/FileCommandManager.cs */
const LARGEST_SUMMARY = 1024 * 1024;

/** What the steps of one run have in common. */
interface Job {
  readonly scratch: string;
  readonly options: ActionOptions;
  readonly masker: RunnerMasker;
  /** The files put there before the run, by path below `scratch`. */
  readonly workspace: Readonly<Record<string, string>>;
}

const NOT_RUN: StepRun = {
  exitCode: null,
  signal: null,
  stdout: "",
  stderr: "",
  ...createInterpreter({ masker: createRunnerMasker() }).result(),
  withheldOutputs: [],
  summary: "",
  rawSummary: "",
  commandFiles: {},
  files: {},
  fileModes: {},
  durationMs: 0,
};

/** Makes the folders and files that are there before a job starts; returns those that are not the runner's. */
async function layOut(
  scratch: string,
  { event, workspace = {} }: ActionOptions,
): Promise<Record<string, string>> {
  for (const folder of ["temp", "tmp", "home", "workspace"]) await mkdir(join(scratch, folder));
  await writeFile(join(scratch, EVENT_FILE), JSON.stringify(event?.payload ?? {}));
  const files = Object.fromEntries(
    Object.entries(workspace).map(([path, text]) => [join("workspace", path), text]),
  );
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(scratch, path)), { recursive: true });
    await writeFile(join(scratch, path), text);
  }
  return files;
}

async function runStep(
  job: Job,
  step: "main" | "post",
  file: string,
  environment: Readonly<Record<string, string>>,
  warnings: readonly string[] = [],
): Promise<StepRun> {
  const { scratch, options, masker } = job;
  const folder = join(scratch, step);
  await mkdir(folder);
  const commandPaths = Object.fromEntries(FILE_COMMANDS.map((name) => [name, join(folder, name)]));
  for (const path of Object.values(commandPaths)) await writeFile(path, "");
  const env = { ...environment, ...commandPaths, ...options.env };
  const interpreter = createInterpreter({ masker, debug: env["RUNNER_DEBUG"] === "1" });
  for (const warning of warnings) interpreter.annotate("warning", warning);

  const printed = { stdout: "", stderr: "" };
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), file], {
    cwd: join(scratch, "workspace"),
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const name of ["stdout", "stderr"] as const) {
    const splitter = createLineSplitter((line) => {
      interpreter.line(line);
    });
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      printed[name] += chunk;
      splitter.push(chunk);
    });
    child[name].on("end", () => {
      splitter.end();
    });
  }
  const end = await watch(child, options, step, {
    printed: () => printed.stdout + printed.stderr,
    log: () => interpreter.result().log,
  });
  const durationMs = performance.now() - startedAt;
  const { GITHUB_STEP_SUMMARY: rawSummary, ...commandFiles } = await readCommandFiles(folder);

  const pairsOf = (name: "GITHUB_OUTPUT" | "GITHUB_STATE"): Readonly<Record<string, string>> => {
    const { pairs, problem } = parseFileCommands(commandFiles[name]);
    if (problem !== undefined) {
      const title = name.replace("GITHUB_", "").toLowerCase();
      interpreter.annotate("error", `Unable to process file command '${title}' successfully.`);
      interpreter.annotate("error", problem);
    }
    return pairs;
  };
  const fileOutputs = pairsOf("GITHUB_OUTPUT");
  const fileState = pairsOf("GITHUB_STATE");
  const tooLarge = Buffer.byteLength(rawSummary) > LARGEST_SUMMARY;
  if (tooLarge) interpreter.annotate("error", "$GITHUB_STEP_SUMMARY upload aborted: above 1024k.");
  const interpretation = interpreter.result();
  const outputs = { ...interpretation.outputs, ...fileOutputs };
  return {
    ...end,
    ...printed,
    ...interpretation,
    outputs,
    withheldOutputs: Object.keys(outputs).filter(
      (name) => masker.mask(outputs[name] ?? "") !== outputs[name],
    ),
    state: { ...interpretation.state, ...fileState },
    summary: tooLarge
      ? ""
      : rawSummary
          .split("\n")
          .map((line) => masker.mask(line))
          .join("\n"),
    rawSummary,
    commandFiles,
    ...(await leftFiles(job)),
    durationMs,
  };
}

/** Waits for a process to end, ending it when it is time. */
async function watch(
  child: ChildProcess,
  options: ActionOptions,
  step: "main" | "post",
  { printed, log }: { readonly printed: () => string; readonly log: () => string },
): Promise<Pick<StepRun, "exitCode" | "signal">> {
  const { killWhen, killBy = "SIGKILL", timeout = 120_000, onMainStarted } = options;
  const deadline = AbortSignal.timeout(timeout);
  deadline.addEventListener("abort", () => child.kill("SIGKILL"));
  let poll: NodeJS.Timeout | undefined;
  try {
    const end = await new Promise<Pick<StepRun, "exitCode" | "signal">>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode, signal) => {
        resolve({ exitCode, signal });
      });
      if (step === "post") return;
      onMainStarted?.(child);
      if (killWhen === undefined) return;
      poll = setInterval(() => {
        try {
          if (!killWhen(printed())) return;
          clearInterval(poll);
          if (killBy === "cancel") void cancelStep(child);
          else child.kill(killBy);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }, 1);
    });
    if (deadline.aborted) {
      throw new Error(`${step} did not end within ${String(timeout)} ms. Its log:\n${log()}`);
    }
    return end;
  } finally {
    clearInterval(poll);
    if (!hasEnded(child)) child.kill("SIGKILL");
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function readCommandFiles(folder: string): Promise<Record<(typeof FILE_COMMANDS)[number], string>> {
  const read = async (name: string): Promise<string> => {
    const path = join(folder, name);
    // A step may delete its own files.
    return existsSync(path) ? readFile(path, "utf8") : "";
  };
  const texts = await Promise.all(FILE_COMMANDS.map(async (name) => [name, await read(name)] as const));
  return Object.fromEntries(texts) as Record<(typeof FILE_COMMANDS)[number], string>;
}

async function leftFiles({ scratch, workspace }: Job): Promise<Pick<StepRun, "files" | "fileModes">> {
  const files: Record<string, string> = {};
  const fileModes: Record<string, number> = {};
  for (const entry of await readdir(scratch, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(scratch, path).replaceAll("\\", "/");
    if (!entry.isFile() || OWN_FILES.includes(name)) continue;
    const text = await readFile(path, "utf8");
    if (workspace[name] === text) continue;
    files[name] = text;
    fileModes[name] = (await stat(path)).mode & 0o777;
  }
  return { files, fileModes };
}

/** The runner only warns about inputs that action.yml does not have. */
function strangers(action: ActionDefinition, inputs: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(inputs).filter((name) => action.inputs[name] === undefined);
  if (names.length === 0) return [];
  const list = (all: readonly string[]): string => all.map((name) => `'${name}'`).join(", ");
  return [`Unexpected input(s) ${list(names)}, valid inputs are [${list(Object.keys(action.inputs))}]`];
}

function evaluate(value: string, repository: string): string {
  const evaluated = value.replaceAll(/\$\{\{\s*github\.repository\s*\}\}/g, repository);
  if (evaluated.includes("${{")) throw new Error(`This runner cannot evaluate the default ${value}.`);
  return evaluated;
}
