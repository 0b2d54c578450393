import type { Clock } from "./clock.ts";
import { RotationError } from "./errors.ts";
import { type SecretStore, secretsPath } from "./github/secret-store.ts";
import { formatPlace, formatTarget } from "./github/target.ts";
import type { Unfinished } from "./journal.ts";
import { retry, type RetryContext } from "./retry.ts";

/** What the post step did for one rotation. */
export interface Finished {
  readonly rotation: string;
  readonly lines: readonly FinishedLine[];
  /** Commands which finish by hand what could not be sent; they hold sealed values only. */
  readonly commands: readonly string[];
  /** The new secret was lost with the main step, before it could be sealed. */
  readonly lost: boolean;
}

export interface FinishedLine {
  readonly text: string;
  readonly error?: RotationError;
}

export interface FinishTools {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Of GitHub's web pages, such as `github.com`, for the commands. */
  readonly host: string;
  readonly onWait: (why: string, milliseconds: number) => void;
  /** What is not sent by then is left to the commands. Milliseconds since 1970. */
  readonly deadline: number;
}

const policy = { attempts: 6, firstWait: 1_000, longestWait: 15_000, longestRetryAfter: 60_000 };

/**
 * Finishes what a main step left behind: sends what is sealed and unsent, and removes the markers if the rotate
 * call was never made. Cannot seal anew.
 */
export async function finish(unfinished: Unfinished, tools: FinishTools): Promise<Finished> {
  const { rotation, marker, rotating, unsent, sealed } = unfinished;
  const lost = rotating && sealed === 0;
  const lines: FinishedLine[] = [];
  const commands: string[] = [];
  if (unsent.length > 0) {
    lines.push({ text: `The main step ended with ${String(unsent.length)} sealed values unsent.` });
  }
  for (const parcel of unsent) {
    const name = formatTarget(parcel.target);
    // A job that is being cancelled is not held up for long, however many targets are left.
    const late = tools.clock.now() >= tools.deadline;
    const error = late ? undefined : await send(parcel, tools);
    if (!late && error === undefined) lines.push({ text: `${name}: written.` });
    else {
      lines.push({ text: `${name}: not written.`, ...(error === undefined ? {} : { error }) });
      commands.push(commandFor(parcel, tools.host));
    }
  }
  // Markers that were there before still tell the truth about an earlier run.
  if (marker !== undefined && !rotating && sealed === 0 && !marker.found) {
    for (const place of marker.places) {
      const name = formatPlace(place);
      try {
        await tools.store.remove(place, marker.name);
        lines.push({ text: `The marker in ${name} is removed; nothing was rotated.` });
      } catch (thrown) {
        const error = RotationError.from(thrown);
        lines.push({ text: `The marker stays in ${name}; the next run tidies it.`, error });
      }
    }
  }
  return { rotation, lines, commands, lost };
}

type Parcel = Unfinished["unsent"][number];

async function send(
  { target, value }: Parcel,
  { store, clock, onWait }: FinishTools,
): Promise<RotationError | undefined> {
  const again: RetryContext = {
    clock,
    onWait: (error, milliseconds) => {
      onWait(error.message, milliseconds);
    },
  };
  try {
    await retry(() => store.write(target.place, target.secretName, value), again, policy);
    return undefined;
  } catch (thrown) {
    return RotationError.from(thrown);
  }
}

function commandFor({ target, value }: Parcel, host: string): string {
  const path = `${secretsPath(target.place)}/${target.secretName}`;
  const hostname = host === "github.com" ? "" : ` --hostname ${host}`;
  const fields = Object.entries<string | readonly number[]>({ ...value }).flatMap(([name, field]) =>
    typeof field === "string" ? [`-f ${name}=${quote(field)}`] : listField(name, field),
  );
  return `gh api${hostname} --method PUT ${quote(path)} ${fields.join(" ")}`;
}

/** How `gh api` takes a list of numbers, and an empty one. */
function listField(name: string, items: readonly number[]): readonly string[] {
  return items.length === 0
    ? [`-F ${quote(`${name}[]`)}`]
    : items.map((item) => `-F ${quote(`${name}[]=${String(item)}`)}`);
}

/** For a shell: the key's id is text from outside, and must not become a command. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
