import type { Clock } from "./clock.ts";
import { RotationError } from "./errors.ts";
import { type SecretStore, secretsPath } from "./github/secret-store.ts";
import { formatPlace, formatTarget } from "./github/target.ts";
import type { Unfinished } from "./journal.ts";
import { retry, type RetryContext } from "./retry.ts";

/** What the post step did for one rotation, in lines for the log and the summary. */
export interface Finished {
  readonly rotation: string;
  readonly lines: readonly string[];
  /** Commands which finish by hand what could not be sent; they hold sealed values only. */
  readonly commands: readonly string[];
}

/** GitHub had its time in the main step; the post step must not hang after a cancellation. */
const policy = { attempts: 6, firstWait: 1_000, longestWait: 15_000, longestRetryAfter: 60_000 };

/**
 * Finishes what a main step left behind: sends what is sealed and unsent, and removes the markers if the rotate
 * call was never made. Cannot seal anew.
 *
 * @param host of the web pages, such as `github.com`, for the commands.
 */
export async function finish(
  { rotation, marker, rotating, unsent, sealed }: Unfinished,
  { store, clock, log, host }: FinishTools,
): Promise<Finished> {
  const again: RetryContext = {
    clock,
    onWait: (error, milliseconds) => {
      log.wait(error.message, milliseconds);
    },
  };
  const lines: string[] = [];
  const commands: string[] = [];

  if (unsent.length > 0) {
    lines.push(`The main step ended with ${String(unsent.length)} of its targets unsent.`);
  } else if (rotating && sealed === 0) {
    lines.push(
      "The main step was ended after the rotate call and before the new secret could be sealed. Run again: the marker makes the next run publish the secret in force, or make a new one.",
    );
  }
  for (const { target, value } of unsent) {
    const name = formatTarget(target);
    try {
      await retry(() => store.write(target.place, target.secretName, value), again, policy);
      lines.push(`${name}: written.`);
    } catch (thrown) {
      const { code, message } = RotationError.from(thrown);
      lines.push(`${name}: ${code}: ${message}`);
      const path = `${secretsPath(target.place)}/${target.secretName}`;
      const hostname = host === "github.com" ? "" : ` --hostname ${host}`;
      const fields = `-f encrypted_value='${value.encrypted_value}' -f key_id='${value.key_id}'`;
      commands.push(`gh api${hostname} --method PUT '${path}' ${fields}`);
    }
  }
  // Markers that were there before still tell the truth about an earlier run.
  if (marker !== undefined && !rotating && sealed === 0 && !marker.found) {
    for (const place of marker.places) {
      try {
        await store.remove(place, marker.name);
        lines.push(`The marker in ${formatPlace(place)} is removed; nothing was rotated.`);
      } catch (thrown) {
        const { message } = RotationError.from(thrown);
        lines.push(`The marker stays in ${formatPlace(place)}, and the next run tidies it: ${message}`);
      }
    }
  }
  return { rotation, lines, commands };
}

export interface FinishTools {
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly host: string;
  readonly log: { wait(why: string, milliseconds: number): void };
}
