/** What stands in GitHub about one rotation. Times in milliseconds since 1970. */
export interface State {
  /** Per target: when it was last written; undefined if it does not exist. */
  readonly targets: readonly (number | undefined)[];
  /** Per marker found: when it was last written. */
  readonly markers: readonly number[];
  /** When the secret in force was made, where the provider tells. */
  readonly madeAt?: number | undefined;
}

export interface Wish {
  readonly mode: "rotate" | "sync" | "plan";
  readonly force: boolean;
  /** Milliseconds; undefined: always due. */
  readonly rotateAfter: number | undefined;
  /** Whether the provider can show the secret in force. */
  readonly readable: boolean;
  /** Whether the new secret has come with the run's event. */
  readonly arrived?: boolean | undefined;
}

/** What a run is to do: make a new secret, publish the one in force, remove left markers, or nothing. */
export interface Decision {
  readonly action: "rotate" | "publish" | "tidy" | "leave";
  /** Why, as a sentence without its end. */
  readonly reason: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Decides what is due: the first rule that fits. */
export function decide(
  { targets, markers, madeAt }: State,
  { mode, force, rotateAfter, readable, arrived = false }: Wish,
  now: number,
): Decision {
  if (mode === "sync") return { action: "publish", reason: "mode is sync" };
  if (arrived) return { action: "rotate", reason: "a new secret was delivered" };
  if (force) return { action: "rotate", reason: "force is set" };
  if (rotateAfter === undefined) return { action: "rotate", reason: "no rotate-after is set" };

  const written = targets.filter((time) => time !== undefined);
  if (written.length === 0) return { action: "rotate", reason: "no target has the secret yet" };

  const age = now - (madeAt ?? Math.min(...written));
  const since = `${madeAt === undefined ? "the oldest target was written" : "the secret in force was made"} ${inWords(age)} ago`;
  // Schedules drift, and a weekly run with 7d must not become fortnightly.
  const enough = rotateAfter >= DAY ? rotateAfter - HOUR : rotateAfter;
  if (age >= enough) {
    return { action: "rotate", reason: since };
  }

  const heal = readable ? "publish" : "rotate";
  if (written.length < targets.length) return { action: heal, reason: "some targets lack the secret" };
  if (wasCutOff({ targets, markers })) {
    return { action: heal, reason: "a marker tells of a rotation that was cut off" };
  }
  return { action: markers.length > 0 ? "tidy" : "leave", reason: since };
}

/**
 * Whether markers tell of a rotation that did not reach every target. GitHub's times are whole seconds: a target
 * of the marker's own second counts as not newer.
 */
export function wasCutOff({ targets, markers }: State): boolean {
  const newest = Math.max(...markers);
  return markers.length > 0 && targets.some((time) => time === undefined || time <= newest);
}

/** A duration for people: `45 s`, `12 min`, `5 h`, `30 d`. */
export function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 120) return `${String(seconds)} s`;
  if (seconds < 120 * 60) return `${String(Math.round(seconds / 60))} min`;
  if (seconds < 48 * 3_600) return `${String(Math.round(seconds / 3_600))} h`;
  return `${String(Math.round(seconds / 86_400))} d`;
}
