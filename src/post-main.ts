import { systemClock } from "./clock.ts";
import { finish } from "./finish.ts";
import { createGitHubApi } from "./github/api.ts";
import { createPacer } from "./github/pacing.ts";
import { createSecretStore } from "./github/secret-store.ts";
import { createHttp } from "./http.ts";
import { deleteJournal, readJournal } from "./journal.ts";
import { cleanLine, describeError, describeLine, describeWait, postSummary } from "./report.ts";
import { createMasker, createRunner, gitHubApiUrl, gitHubHost, inputsFromEnvironment } from "./runner.ts";

/** How long the post step goes on trying, in milliseconds. */
const PATIENCE = 120_000;

/** Runs the post step over the journal of a main step that left work behind. */
export async function postMain(path: string): Promise<void> {
  const unfinished = readJournal(path);
  if (unfinished.length === 0) {
    deleteJournal(path);
    return;
  }
  const runner = createRunner();
  const masker = createMasker(runner);
  const print = (text: string): void => {
    runner.say((core) => {
      core.info(cleanLine(text, masker));
    });
  };
  const wait = (why: string, milliseconds: number): void => {
    print(describeWait(why, milliseconds));
  };
  await runner.load();
  // The kill is over, and a second signal would only cut off the last attempt.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

  const token = masker.secret(inputsFromEnvironment()["github-token"]?.trim() ?? "");
  const clock = systemClock;
  const api = createGitHubApi({ token, apiUrl: gitHubApiUrl(), http: createHttp(), clock });
  const store = createSecretStore({ api, lane: createPacer(clock).lane(), clock, onWait: wait });
  const deadline = clock.now() + PATIENCE;
  const finished = [];
  for (const rotation of unfinished) {
    finished.push(await finish(rotation, { store, clock, host: gitHubHost(), onWait: wait, deadline }));
  }
  for (const { rotation, lines, commands, error } of finished) {
    for (const line of lines) print(`${rotation}: ${describeLine(line, masker)}`);
    if (error !== undefined) {
      runner.say((core) => {
        core.setFailed(describeError(error, masker));
      });
    }
    if (commands.length === 0) continue;
    print("Run these once GitHub answers again; the values are sealed, and only GitHub can open them:");
    // Sealed values are long, and must not be cut.
    for (const command of commands) print(command);
    runner.say((core) => {
      core.setFailed(
        `PUBLISH_INCOMPLETE: ${String(commands.length)} sealed values could not be sent; run the commands in the log, or run the rotation again.`,
      );
    });
  }
  await runner.summarize(postSummary(finished, masker));
  deleteJournal(path);
}
