import type { Clock } from "./clock.ts";
import { RotationError } from "./errors.ts";
import { type SecretStore, secretsPath } from "./github/secret-store.ts";
import { formatPlace, formatTarget, type Place, placeKey } from "./github/target.ts";
import type { Unfinished } from "./journal.ts";
import { retry, type RetryContext } from "./retry.ts";

/** What the post step did for one rotation. */
export interface Finished {
  readonly rotation: string;
  readonly lines: readonly FinishedLine[];
  /** Commands which finish by hand what could not be sent; they hold sealed values only. */
  readonly commands: readonly string[];
  /** What no command can finish: SECRET_LOST or CONCURRENT_RUN. */
  readonly error: RotationError | undefined;
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
 * call was never made. Cannot seal anew. Whatever another run has taken over is left to that.
 */
export async function finish(unfinished: Unfinished, tools: FinishTools): Promise<Finished> {
  const { rotation, marker, rotating, sealed } = unfinished;
  if (rotating && sealed === 0) {
    const error = RotationError.of("SECRET_LOST", { rotation });
    return { rotation, lines: [], commands: [], error };
  }
  if (sealed > 0) return sendAll(unfinished, tools);
  // Markers that were there before still tell the truth about an earlier run.
  const lines = marker === undefined || marker.found ? [] : await removeMarkers(marker, tools);
  return { rotation, lines, commands: [], error: undefined };
}

async function sendAll({ rotation, marker, unsent }: Unfinished, tools: FinishTools): Promise<Finished> {
  const lines: FinishedLine[] = [];
  const commands: string[] = [];
  let overlap: RotationError | undefined;
  if (unsent.length > 0) {
    lines.push({ text: `The main step ended with ${String(unsent.length)} sealed values unsent.` });
  }
  for (const parcel of unsent) {
    const { target } = parcel;
    const name = formatTarget(target);
    // A job that is being cancelled is not held up for long, however many targets are left.
    const late = tools.clock.now() >= tools.deadline;
    // Looked at before each write and not once per place, as another run may begin in between.
    if (!late && marker !== undefined && (await ownership(target.place, marker, tools)) !== "own") {
      // What this run made is no longer in force, or will not be: neither send it nor tell how to.
      overlap = RotationError.of("CONCURRENT_RUN", { place: formatPlace(target.place) });
      lines.push({ text: `${name}: not written.`, error: overlap });
      continue;
    }
    const error = late ? undefined : await send(parcel, marker !== undefined, tools);
    if (!late && error === undefined) lines.push({ text: `${name}: written.` });
    else {
      lines.push({ text: `${name}: not written.`, ...(error === undefined ? {} : { error }) });
      commands.push(commandFor(parcel, tools.host));
    }
  }
  return { rotation, lines, commands, error: overlap };
}

type Marker = NonNullable<Unfinished["marker"]>;

async function removeMarkers(marker: Marker, tools: FinishTools): Promise<readonly FinishedLine[]> {
  const lines: FinishedLine[] = [];
  for (const place of marker.places) {
    const name = formatPlace(place);
    try {
      switch (await ownership(place, marker, tools)) {
        case "gone":
          break;
        case "foreign":
          lines.push({ text: `The marker in ${name} is another run's by now, and stays.` });
          break;
        case "own":
          await tools.store.remove(place, marker.name);
          lines.push({ text: `The marker in ${name} is removed; nothing was rotated.` });
      }
    } catch (thrown) {
      const error = RotationError.from(thrown);
      lines.push({ text: `The marker stays in ${name}; the next run tidies it.`, error });
    }
  }
  return lines;
}

/** Whose the marker of a place is. One that cannot be looked at, or whose time is not known, counts as our own. */
async function ownership(
  place: Place,
  { name, times }: Marker,
  { store }: FinishTools,
): Promise<"own" | "gone" | "foreign"> {
  const written = times.get(placeKey(place));
  let now: number | undefined;
  try {
    now = await store.updatedAt(place, name);
  } catch {
    return "own";
  }
  if (now === undefined) return "gone";
  return written === undefined || written === now ? "own" : "foreign";
}

type Parcel = Unfinished["unsent"][number];

/** @param proved whether a marker has proved that the place can be written, so that only a 422 is final. */
async function send(
  { target, value }: Parcel,
  proved: boolean,
  { store, clock, onWait }: FinishTools,
): Promise<RotationError | undefined> {
  const again: RetryContext = {
    clock,
    onWait: (error, milliseconds) => {
      onWait(error.message, milliseconds);
    },
  };
  const repeats = (error: RotationError): boolean =>
    proved ? error.code !== "GITHUB_REJECTED" : error.transient;
  try {
    await retry(() => store.write(target.place, target.secretName, value), again, { ...policy, repeats });
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
