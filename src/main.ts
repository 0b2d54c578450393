import { systemClock } from "./clock.ts";
import { RotationError, RotationErrors } from "./errors.ts";
import { createGitHubApi } from "./github/api.ts";
import { createPacer } from "./github/pacing.ts";
import { createSeal, type Seal } from "./github/seal.ts";
import { createSecretStore, type PlaceCache } from "./github/secret-store.ts";
import { createHttp, letRequestsLeave } from "./http.ts";
import { readInputs, type Settings } from "./inputs.ts";
import { readConfig } from "./inputs/config.ts";
import { createJournal, deleteJournal, readJournal } from "./journal.ts";
import { isRed } from "./outcome.ts";
import {
  annotations,
  cleanLine,
  describeError,
  describeOutcome,
  describeWait,
  inputSummary,
  outputs,
  type Report,
  summary,
} from "./report.ts";
import { createCredentialGate } from "./providers/credential-gate.ts";
import { rotate } from "./rotation.ts";
import {
  createMasker,
  createRunner,
  factsFromEnvironment,
  gitHubApiUrl,
  inputsFromEnvironment,
  journalPath,
  type Runner,
  saveJournalPath,
  workspace,
} from "./runner.ts";
import type { Masker } from "./secret.ts";
import type { Rotation, RotationLog } from "./stages/stage.ts";

/** Runs the step, and sets the process's exit code. */
export async function main(): Promise<void> {
  const runner = createRunner();
  const masker = createMasker(runner);
  try {
    await run(runner, masker);
  } catch (thrown) {
    // Not even the report could be made. A stack trace would say nothing to a user, and could say too much.
    await runner.load();
    runner.say((core) => {
      core.setFailed(describeError(RotationError.from(thrown), masker));
    });
  }
}

/** How many rotations are under way at once: enough to keep GitHub's pace, and few that a kill could cut off. */
const AT_ONCE = 20;

/** Everything is put together here, and nothing decided. */
async function run(runner: Runner, masker: Masker): Promise<void> {
  const http = createHttp();
  const clock = systemClock;
  const gate = createCredentialGate();
  const logs = createLogs(runner, masker);

  let settings: Settings;
  try {
    const raw = inputsFromEnvironment();
    const config = raw["config"]?.trim() ?? "";
    settings = readInputs(raw, factsFromEnvironment(), {
      masker,
      entries: config === "" ? undefined : await readConfig(config, workspace()),
      contextFor: (rotation) => {
        const { wait, warn } = logs.of(rotation);
        return { http, masker, clock, gate, onWait: wait, warn };
      },
    });
  } catch (thrown) {
    await reportBadInputs(thrown, runner, masker);
    return;
  }
  const { rotations, token, mode } = settings;
  for (const warning of settings.warnings) logs.warn(warning);

  const pacer = createPacer(clock);
  const api = createGitHubApi({ token, apiUrl: gitHubApiUrl(), http, clock });
  const cache: PlaceCache = new Map();
  const path = journalPath();
  const journal = createJournal(path, () => {
    saveJournalPath(runner, path);
  });
  const cancel = cancelOnSignals();
  // From here on there is a secret soon: core must be there to mask it, and to save the journal's path.
  const seal = async (): Promise<Seal> => {
    await letRequestsLeave();
    const [made] = await Promise.all([createSeal(), runner.load()]);
    return made;
  };

  const reports = await sideBySide(AT_ONCE, rotations, async (rotation): Promise<Report> => {
    const log = logs.of(rotation.name);
    const lane = pacer.lane();
    const store = createSecretStore({ api, lane, clock, cache, onWait: log.wait });
    log.open(rotations.length === 1);
    const outcome = await rotate(rotation, { store, seal, journal, masker, clock, lane, log, cancel });
    log.close(describeOutcome(outcome));
    return { rotation, outcome, endedAt: clock.now() };
  });
  if (readJournal(path).length === 0) deleteJournal(path);
  await report(reports, mode, runner, masker);
  // A question to the provider may still be open when a cancelled run has nothing more to do.
  if (cancel.aborted) process.exit();
}

/** Works on all items, `most` of them at once. */
async function sideBySide<Item, Result>(
  most: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const workers = Array.from({ length: Math.min(most, items.length) }, async () => {
    for (const [at, item] of waiting) results[at] = await work(item);
  });
  await Promise.all(workers);
  return results;
}

/** Until the point of no return a signal ends the rotation; after it, it is published until the kill. */
function cancelOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      controller.abort(RotationError.of("CANCELLED", { signal }));
    });
  }
  return controller.signal;
}

/** The log of one rotation: a group of its own, printed as it goes if it is the only one, else whole at its end. */
interface GroupLog extends RotationLog {
  readonly warn: (text: string) => void;
  open(alone: boolean): void;
  close(lastLine: string): void;
}

function createLogs(
  runner: Runner,
  masker: Masker,
): { of(name: string): GroupLog; warn(text: string): void } {
  const logs = new Map<string, GroupLog>();
  const warn = (text: string): void => {
    runner.say((core) => {
      core.warning(cleanLine(text, masker));
    });
  };
  return {
    warn,
    of(name) {
      const log = logs.get(name) ?? createGroupLog(name, { runner, masker, warn });
      logs.set(name, log);
      return log;
    },
  };
}

function createGroupLog(
  name: string,
  {
    runner,
    masker,
    warn,
  }: { readonly runner: Runner; readonly masker: Masker; readonly warn: (text: string) => void },
): GroupLog {
  let kept: string[] | undefined;
  const print = (text: string): void => {
    runner.say((core) => {
      core.info(text);
    });
  };
  const line = (text: string): void => {
    // Cleaned when it is said: what is masked later would not be hidden in what was said before either.
    const clean = cleanLine(text, masker);
    if (kept === undefined) print(clean);
    else kept.push(clean);
  };
  const startGroup = (): void => {
    runner.say((core) => {
      core.startGroup(cleanLine(name, masker));
    });
  };
  return {
    line,
    warn,
    wait: (why, milliseconds) => {
      line(describeWait(why, milliseconds));
    },
    problem: (error) => {
      line(describeError(error, masker));
    },
    open(alone) {
      if (alone) startGroup();
      else kept = [];
    },
    close(lastLine) {
      line(lastLine);
      if (kept !== undefined) {
        startGroup();
        for (const text of kept) print(text);
      }
      runner.say((core) => {
        core.endGroup();
      });
    },
  };
}

async function report(
  reports: readonly Report[],
  mode: Rotation["mode"],
  runner: Runner,
  masker: Masker,
): Promise<void> {
  runner.say((core) => {
    for (const { rotation, outcome } of reports) {
      for (const warning of outcome.warnings) {
        core.warning(cleanLine(warning, masker), { title: cleanLine(rotation.name, masker) });
      }
    }
    for (const { title, message } of annotations(reports, masker)) core.error(message, { title });
    for (const [name, value] of Object.entries(outputs(reports, mode))) core.setOutput(name, value);
  });
  await runner.summarize(summary(reports, masker));
  process.exitCode = reports.some(({ outcome }) => isRed(outcome)) ? 1 : 0;
}

async function reportBadInputs(thrown: unknown, runner: Runner, masker: Masker): Promise<void> {
  const errors = thrown instanceof RotationErrors ? thrown.errors : [RotationError.from(thrown)];
  runner.say((core) => {
    for (const error of errors) core.error(describeError(error, masker), { title: "Inputs" });
    for (const [name, value] of Object.entries({ status: "failed", changed: "false", results: "[]" })) {
      core.setOutput(name, value);
    }
  });
  await runner.summarize(inputSummary(errors, masker));
  process.exitCode = 1;
}
