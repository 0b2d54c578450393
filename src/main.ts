import { systemClock } from "./clock.ts";
import { RotationError, RotationErrors } from "./errors.ts";
import { createGitHubApi } from "./github/api.ts";
import { createPacer } from "./github/pacing.ts";
import { createSeal } from "./github/seal.ts";
import { createSecretStore } from "./github/secret-store.ts";
import { createHttp, letRequestsLeave } from "./http.ts";
import { readInputs, type Settings } from "./inputs.ts";
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
} from "./runner.ts";
import type { Masker } from "./secret.ts";
import type { Rotation, RotationLog, Tools } from "./stages/stage.ts";

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

/** Everything is put together here, and nothing decided. */
async function run(runner: Runner, masker: Masker): Promise<void> {
  const log = createLog(runner, masker);
  const http = createHttp();
  const clock = systemClock;

  const warn = (text: string): void => {
    runner.say((core) => {
      core.warning(cleanLine(text, masker));
    });
  };
  let settings: Settings;
  try {
    const context = { http, masker, clock, gate: createCredentialGate(), onWait: log.wait, warn };
    settings = readInputs(inputsFromEnvironment(), factsFromEnvironment(), context);
  } catch (thrown) {
    await reportBadInputs(thrown, runner, masker);
    return;
  }
  const { rotations, token } = settings;
  for (const warning of settings.warnings) warn(warning);
  runner.say((core) => {
    // One rotation prints as it goes.
    core.startGroup(rotations.map(({ name }) => name).join(", "));
  });

  const lane = createPacer(clock).lane();
  const api = createGitHubApi({ token, apiUrl: gitHubApiUrl(), http, clock });
  const path = journalPath();
  const tools: Tools = {
    store: createSecretStore({ api, lane, clock, onWait: log.wait }),
    // From here on there is a secret soon: core must be there to mask it, and to save the journal's path.
    seal: async () => {
      await letRequestsLeave();
      const [seal] = await Promise.all([createSeal(), runner.load()]);
      return seal;
    },
    journal: createJournal(path, () => {
      saveJournalPath(runner, path);
    }),
    masker,
    clock,
    lane,
    log,
    cancel: cancelOnSignals(),
  };
  const reports = await Promise.all(
    rotations.map(async (rotation): Promise<Report> => {
      const outcome = await rotate(rotation, tools);
      return { rotation, outcome, endedAt: clock.now() };
    }),
  );
  if (readJournal(path).length === 0) deleteJournal(path);
  await report(reports, rotations[0]?.mode ?? "rotate", runner, masker);
  // A question to the provider may still be open when a cancelled run has nothing more to do.
  if (tools.cancel.aborted) process.exit();
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

function createLog(runner: Runner, masker: Masker): RotationLog {
  const line = (text: string): void => {
    runner.say((core) => {
      core.info(cleanLine(text, masker));
    });
  };
  return {
    line,
    wait: (why, milliseconds) => {
      line(describeWait(why, milliseconds));
    },
    problem: (error) => {
      line(describeError(error, masker));
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
    for (const { outcome } of reports) core.info(cleanLine(describeOutcome(outcome), masker));
    core.endGroup();
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
