import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as core from "@actions/core";
import type { RawInputs, RunFacts } from "./inputs.ts";
import type { IdTokenService } from "./providers/provider.ts";
import { Masker } from "./secret.ts";

type Core = typeof core;

/**
 * GitHub's runner, through `@actions/core`, which is slow to load: what is said to the runner before it is there is
 * kept, and said in the same order once it is.
 */
export interface Runner {
  /** Says something to the runner, now or as soon as core is there. */
  say(act: (core: Core) => void): void;
  /** Loads core, and lets everything kept be said. */
  load(): Promise<void>;
  /** Appends to the job summary. */
  summarize(markdown: string): Promise<void>;
}

export function createRunner(): Runner {
  let loaded: Core | undefined;
  let loading: Promise<void> | undefined;
  const kept: ((core: Core) => void)[] = [];
  const load = (): Promise<void> =>
    (loading ??= import("@actions/core").then((module) => {
      for (const act of kept.splice(0)) act(module);
      loaded = module;
    }));
  return {
    load,
    say: (act) => {
      if (loaded === undefined) kept.push(act);
      else act(loaded);
    },
    async summarize(markdown) {
      await load();
      // A runner without a summary, as in a test by hand, is no reason to fail.
      await loaded?.summary
        .addRaw(markdown)
        .write()
        .catch(() => undefined);
    },
  };
}

/** A masker whose secrets the runner hides in the log. */
export function createMasker(runner: Runner): Masker {
  return new Masker((form) => {
    runner.say((core) => {
      core.setSecret(form);
    });
  });
}

/** The step's inputs, which the runner puts into the environment as `INPUT_<NAME>`. */
export function inputsFromEnvironment(): RawInputs {
  const inputs = Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith("INPUT_") ? [[name.slice("INPUT_".length).toLowerCase(), value] as const] : [],
  );
  return Object.fromEntries(inputs);
}

export function factsFromEnvironment(): RunFacts {
  return {
    event: { name: process.env["GITHUB_EVENT_NAME"] ?? "", payload: readEventFile },
    idTokens: idTokenService(),
    repository: process.env["GITHUB_REPOSITORY"] ?? "",
    variable: (name) => process.env[name],
  };
}

/**
 * Told only to jobs with the permission `id-token: write`
 * (https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token).
 */
function idTokenService(): IdTokenService | undefined {
  const url = process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  const requestToken = process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] ?? "";
  return URL.canParse(url) && requestToken !== "" ? { url, requestToken } : undefined;
}

/** The folder that the step's paths are relative to. */
export function workspace(): string {
  return process.env["GITHUB_WORKSPACE"] ?? "";
}

function readEventFile(): unknown {
  try {
    return JSON.parse(readFileSync(process.env["GITHUB_EVENT_PATH"] ?? "", "utf8"));
  } catch {
    return undefined;
  }
}

/** The base URL of GitHub's API: the runner knows it for github.com, data residency and GHES. */
export function gitHubApiUrl(): string {
  return (process.env["GITHUB_API_URL"] ?? "https://api.github.com").replace(/\/+$/, "");
}

/** The host of GitHub's web pages, such as `github.com`. */
export function gitHubHost(): string {
  const server = process.env["GITHUB_SERVER_URL"] ?? "";
  return URL.canParse(server) ? new URL(server).host : "github.com";
}

/** A path for this run's journal, not taken by any other. */
export function journalPath(): string {
  return join(process.env["RUNNER_TEMP"] ?? tmpdir(), `rotate-app-secret-${randomUUID()}.jsonl`);
}

/** The name under which the main step tells the post step where the journal is. */
const JOURNAL_STATE = "journal";

export function saveJournalPath(runner: Runner, path: string): void {
  runner.say((core) => {
    core.saveState(JOURNAL_STATE, path);
  });
}

/** Where the main step's journal is; undefined if it made none. */
export function savedJournalPath(): string | undefined {
  return process.env[`STATE_${JOURNAL_STATE}`];
}
