import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { root } from "../docs/files.ts";
import { parseWorkflow } from "../docs/workflow.ts";
import type { Network } from "./network.ts";

export interface ActOptions {
  /** The text of the workflow, as a user has it. */
  readonly workflow: string;
  readonly event: { readonly name: string; readonly payload?: object };
  readonly secrets: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly network: Network;
  /** More files of the user's repository, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** More variables for everything that runs, as a runner of one's own may have. */
  readonly env?: Readonly<Record<string, string>>;
  /** The token that actions/create-github-app-token would have made. */
  readonly appToken?: string;
  /** Called with the whole log so far, whenever it has grown. */
  readonly onLog?: (log: string) => void;
}

export interface ActRun {
  readonly exitCode: number | null;
  /** All that act has printed: the log, the outputs and the job summaries, masked by act. */
  readonly log: string;
  /** What ran `gh` did so, one line of arguments each. */
  readonly ghCalls: readonly string[];
}

/** The repository in which the workflows run. */
const REPOSITORY = "acme/web";

/** Third-party actions of the examples; act does actions/checkout itself. */
const STUBS: Readonly<Record<string, string>> = {
  "actions/create-github-app-token": join(import.meta.dirname, "stubs/create-github-app-token"),
};

/** Milliseconds that one run may take. */
const TIMEOUT = 120_000;

/**
 * Runs a workflow with act (https://github.com/nektos/act) on this machine, without a container: the built action and
 * stubs of the others in place of what act would fetch, and no way out but the network given.
 */
export async function runAct(options: ActOptions): Promise<ActRun> {
  const act = process.env["ACT"];
  if (act === undefined) throw new Error("ACT does not name act: start this by `npm run test:act`.");
  const scratch = await mkdtemp(join(tmpdir(), "act-run-"));
  try {
    const paths = await layOut(scratch, options);
    const { log, exitCode } = await run(act, [...argumentsFor(options, paths)], {
      cwd: paths.repository,
      env: {
        PATH: [paths.bin, join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
        HOME: paths.home,
        ACT_DISABLE_VERSION_CHECK: "1",
        https_proxy: options.network.proxyUrl,
        http_proxy: options.network.proxyUrl,
        NODE_EXTRA_CA_CERTS: options.network.certificate,
        GH_CALLS: paths.ghCalls,
        STUB_APP_TOKEN: options.appToken ?? "",
        ...options.env,
      },
      onLog: options.onLog,
    });
    const calls = (await readFile(paths.ghCalls, "utf8")).split("\n").filter((line) => line !== "");
    return { exitCode, log, ghCalls: calls };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Paths {
  readonly repository: string;
  readonly action: string;
  readonly home: string;
  readonly bin: string;
  readonly ghCalls: string;
  readonly event: string;
  readonly secrets: string;
  readonly vars: string;
}

const WORKFLOW = ".github/workflows/example.yml";

async function layOut(scratch: string, options: ActOptions): Promise<Paths> {
  const at = (name: string): string => join(scratch, name);
  const paths: Paths = {
    repository: at("repository"),
    action: at("action"),
    home: at("home"),
    bin: at("bin"),
    ghCalls: at("gh-calls"),
    event: at("event.json"),
    secrets: at("secrets"),
    vars: at("vars"),
  };
  for (const folder of [paths.action, paths.home, paths.bin]) await mkdir(folder);
  // What a release consists of, and no more: nothing else of this repository may be needed.
  await cp(join(root, "action.yml"), join(paths.action, "action.yml"));
  await cp(join(root, "dist"), join(paths.action, "dist"), { recursive: true });
  for (const [path, text] of Object.entries({ ...options.files, [WORKFLOW]: options.workflow })) {
    await mkdir(dirname(join(paths.repository, path)), { recursive: true });
    await writeFile(join(paths.repository, path), text);
  }
  // Where act takes the names from that it has no option for.
  await git(paths.repository, "init", "--quiet", "--initial-branch=main");
  await git(paths.repository, "remote", "add", "origin", `https://github.com/${REPOSITORY}`);
  await git(paths.repository, "add", "--all");
  const author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
  await git(paths.repository, ...author, "commit", "--quiet", "--message=Workflow");

  await writeFile(paths.event, JSON.stringify(options.event.payload ?? {}));
  // With a token of its own act does not ask gh for one.
  const secrets = { GITHUB_TOKEN: `ghs_${randomBytes(18).toString("hex")}`, ...options.secrets };
  await writeFile(paths.secrets, variables(secrets));
  await writeFile(paths.vars, variables(options.vars));
  await writeFile(paths.ghCalls, "");
  await writeFile(join(paths.bin, "gh"), GH);
  await chmod(join(paths.bin, "gh"), 0o755);
  return paths;
}

/** Notes its arguments. Asked to list something, it finds nothing: `--jq` counts, so that is a 0. */
const GH = `#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$GH_CALLS"
if [[ "$*" == *--jq* ]]; then echo 0; fi
`;

function variables(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function* argumentsFor({ workflow, event }: ActOptions, paths: Paths): Iterable<string> {
  yield* [event.name, "--workflows", WORKFLOW, "--eventpath", paths.event];
  yield* ["--secret-file", paths.secrets, "--var-file", paths.vars];
  // No containers, and no servers of act's own.
  yield* ["--platform", "ubuntu-24.04=-self-hosted", "--container-daemon-socket", "-", "--no-cache-server"];
  for (const uses of actionsOf(workflow)) {
    const name = uses.replace(/@.*/, "");
    const folder = name.endsWith("/rotate-app-secret") ? paths.action : STUBS[name];
    if (folder !== undefined) yield* ["--local-repository", `${uses}=${folder}`];
  }
}

function actionsOf(workflow: string): ReadonlySet<string> {
  const steps = parseWorkflow(workflow).jobs.flatMap((job) => job.steps);
  return new Set(steps.flatMap(({ uses }) => uses ?? []));
}

async function git(cwd: string, ...args: readonly string[]): Promise<void> {
  const { exitCode, log } = await run("git", args, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd },
  });
  if (exitCode !== 0) throw new Error(log);
}

async function run(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly onLog?: ((log: string) => void) | undefined;
  },
): Promise<{ readonly exitCode: number | null; readonly log: string }> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT,
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
      options.onLog?.(log);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      resolve({ exitCode, log });
    });
  });
}
