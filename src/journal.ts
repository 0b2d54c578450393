import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { RotationError } from "./errors.ts";
import type { SecretBody } from "./github/seal.ts";
import { type Place, placeKey, type Target } from "./github/target.ts";

/**
 * What a run has done so far, on disk before the step it names, so that the post step can finish what a killed main
 * step began. Holds no secret: values are sealed for GitHub, and nobody else can open them.
 *
 * Lines are only ever appended, so that a kill in the middle of one costs no more than that line. They are not
 * forced to the disk: a kill of the process leaves them in the system's cache, and a machine that dies takes the
 * post step with it.
 */
export interface Journal {
  /** The markers of a rotation are about to be written. `found`: some stood there before. */
  markers(rotation: string, name: string, places: readonly Place[], found: boolean): void;
  /** GitHub's time of a marker that this run has written, in milliseconds since 1970. */
  stamped(rotation: string, place: Place, time: number): void;
  /** The rotate call is about to be handed to the socket. */
  rotating(rotation: string): void;
  /** The new secret is sealed for a target. Said again if it had to be sealed anew. */
  sealed(rotation: string, target: Target, value: SecretBody): void;
  /** The target holds its sealed value. */
  written(rotation: string, target: Target): void;
  /** Nothing is left to do for this rotation; what was said of it is void. */
  settled(rotation: string): void;
}

/** What a journal says of one rotation that has not been settled. */
export interface Unfinished {
  readonly rotation: string;
  readonly marker:
    | {
        readonly name: string;
        readonly places: readonly Place[];
        readonly found: boolean;
        /** When GitHub has them written, by {@link placeKey}, as far as is known; in milliseconds since 1970. */
        readonly times: ReadonlyMap<string, number>;
      }
    | undefined;
  readonly rotating: boolean;
  /** Sealed, but not written as far as is known. */
  readonly unsent: readonly { readonly target: Target; readonly value: SecretBody }[];
  readonly sealed: number;
}

type Entry = { readonly rotation: string } & (
  | {
      readonly did: "markers";
      readonly name: string;
      readonly places: readonly Place[];
      readonly found: boolean;
    }
  | { readonly did: "stamped"; readonly place: Place; readonly time: number }
  | { readonly did: "rotating" | "settled" }
  | { readonly did: "sealed"; readonly target: Target; readonly value: SecretBody }
  | { readonly did: "written"; readonly target: Target }
);

/**
 * A journal at `path`, mode 0600, which comes into being with its first line: a run that is not due needs none.
 * Its methods throw {@link RotationError} JOURNAL_UNWRITABLE.
 *
 * @param onFirst called before the file is made, to tell the post step where it will be.
 */
export function createJournal(path: string, onFirst: () => void): Journal {
  let begun = false;
  /** The file may be gone already when the time of a marker comes, which then no longer matters. */
  const settled = new Set<string>();
  const say = (entry: Entry): void => {
    unwritable(() => {
      if (!begun) {
        onFirst();
        writeFileSync(path, "", { mode: 0o600, flag: "wx" });
        begun = true;
      }
      // The newline in front ends what a full disk may have cut short.
      appendFileSync(path, `\n${JSON.stringify(entry)}\n`);
    });
  };
  return {
    markers: (rotation, name, places, found) => {
      say({ rotation, did: "markers", name, places, found });
    },
    stamped: (rotation, place, time) => {
      if (!settled.has(rotation)) say({ rotation, did: "stamped", place, time });
    },
    rotating: (rotation) => {
      say({ rotation, did: "rotating" });
    },
    sealed: (rotation, target, value) => {
      say({ rotation, did: "sealed", target, value });
    },
    written: (rotation, target) => {
      say({ rotation, did: "written", target });
    },
    settled: (rotation) => {
      settled.add(rotation);
      if (begun) say({ rotation, did: "settled" });
    },
  };
}

/** Reads what is unfinished. A file that is not there has nothing unfinished. */
export function readJournal(path: string): readonly Unfinished[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const rotations = new Map<string, Entry[]>();
  for (const line of text.split("\n")) {
    const entry = parseEntry(line);
    if (entry === undefined) continue;
    rotations.set(entry.rotation, [...(rotations.get(entry.rotation) ?? []), entry]);
  }
  return [...rotations].flatMap(([rotation, entries]) =>
    entries.at(-1)?.did === "settled" ? [] : [summarize(rotation, entries)],
  );
}

export function deleteJournal(path: string): void {
  rmSync(path, { force: true });
}

function summarize(rotation: string, entries: readonly Entry[]): Unfinished {
  const unsent = new Map<string, { target: Target; value: SecretBody }>();
  const times = new Map<string, number>();
  let marker: Unfinished["marker"];
  let rotating = false;
  let sealed = 0;
  for (const entry of entries) {
    switch (entry.did) {
      case "markers":
        marker = { ...entry, times };
        break;
      case "stamped":
        times.set(placeKey(entry.place), entry.time);
        break;
      case "rotating":
        rotating = true;
        break;
      case "sealed":
        sealed += 1;
        unsent.set(JSON.stringify(entry.target), entry);
        break;
      case "written":
        unsent.delete(JSON.stringify(entry.target));
        break;
      case "settled":
        [marker, rotating, sealed] = [undefined, false, 0];
        unsent.clear();
        times.clear();
        break;
    }
  }
  return { rotation, marker, rotating, unsent: [...unsent.values()], sealed };
}

function unwritable(act: () => void): void {
  try {
    act();
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw RotationError.of("JOURNAL_UNWRITABLE", { reason }, { cause });
  }
}

/** A line that was cut off by a kill is no JSON, and says nothing; nor does what is no entry. */
function parseEntry(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
    if (typeof entry?.["rotation"] !== "string" || !KINDS.includes(String(entry["did"]))) return undefined;
    const isWhole = entry["did"] !== "sealed" || (isObject(entry["target"]) && isObject(entry["value"]));
    return isWhole ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

const KINDS: readonly string[] = [
  "markers",
  "stamped",
  "rotating",
  "settled",
  "sealed",
  "written",
] satisfies Entry["did"][];

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
