import { createHash, randomBytes } from "node:crypto";
import { RotationError } from "../errors.ts";
import { markerAccess } from "./access.ts";
import { retry, type RetryContext } from "../retry.ts";
import type { Seal } from "./seal.ts";
import type { OpenPlace, SecretStore } from "./secret-store.ts";
import { formatPlace, type Place } from "./target.ts";

/** What one rotation is about: the same app at the same provider always has the same marker. */
export interface AppIdentity {
  readonly provider: string;
  /** The base URL in effect. */
  readonly apiUrl: string;
  readonly appId: string;
}

/**
 * The secret that says "a rotation of this app is unfinished here": `ROTATING_` and the first 10 upper-case hex
 * digits of the SHA-256 of provider, API URL without a trailing slash, and app id, joined by newlines.
 */
export function markerName({ provider, apiUrl, appId }: AppIdentity): string {
  const identity = [provider, apiUrl.replace(/\/+$/, ""), appId].join("\n");
  const digest = createHash("sha256").update(identity, "utf8").digest("hex");
  return `ROTATING_${digest.slice(0, 10).toUpperCase()}`;
}

/** What became of the markers of a run that has ended. */
export type Removal =
  | { readonly overlap: Place }
  | {
      readonly overlap: undefined;
      /** What stayed behind, for the next run to tidy, in sentences. */
      readonly warnings: readonly string[];
    };

/** The markers of one run of one rotation, one per place. */
export interface Markers {
  /**
   * Writes the marker into a place, which also proves that the place can be written. When that was is asked beside
   * what comes next, and waited for in `remove`.
   *
   * @throws {RotationError} GITHUB_…
   */
  write(open: OpenPlace, seal: Seal): Promise<void>;
  /**
   * Deletes the markers that this run has written, but for those in places that had one before if `keepFound`.
   * Looks at them first: one that is gone or was written by another means that two runs overlapped; then all are
   * written again.
   */
  remove(options: { readonly keepFound: boolean }): Promise<Removal>;
  /**
   * Has the markers of this run stand, for the next one to heal by: if one is gone or was written by another, all are
   * written again.
   *
   * @returns where two runs overlapped; undefined if none did, or if that cannot be seen.
   */
  keep(): Promise<Place | undefined>;
  /** Deletes markers that a former run left, unless another run has written them meanwhile. */
  tidy(): Promise<readonly string[]>;
}

/** How long after its write a marker may still be missing from a read, in tries one second apart. */
const LATE_READS = 3;

/**
 * @param found when the marker that stood in a place before was written, by place, in milliseconds since 1970.
 */
export function createMarkers(
  {
    store,
    name,
    again,
    onTime,
  }: {
    readonly store: SecretStore;
    readonly name: string;
    readonly again: RetryContext;
    /** Told GitHub's time of each marker that was written, as soon as it is known. */
    readonly onTime?: (place: Place, time: number) => void;
  },
  found: ReadonlyMap<Place, number>,
): Markers {
  interface Written {
    readonly place: Place;
    readonly send: () => Promise<void>;
    /** Whether GitHub has said that it was written. */
    readonly sent: boolean;
    /** GitHub's time of our own write; undefined if it could not be read. */
    readonly time: Promise<number | undefined>;
  }
  const written: Written[] = [];

  /** What stands in a place now, in milliseconds since 1970; `read` is false if that could not be seen. */
  const look = async ({ place, sent, time }: Written) => {
    const own = await time;
    try {
      return { place, sent, own, now: await store.updatedAt(place, name), read: true };
    } catch {
      return { place, sent, own, now: undefined, read: false };
    }
  };

  /** The first place whose marker is gone or another's; then all are written again. */
  const overlapIn = async (
    looks: readonly Awaited<ReturnType<typeof look>>[],
  ): Promise<Place | undefined> => {
    const foreign = looks.find(
      ({ sent, own, now, read }) => read && (now === undefined ? sent : own !== undefined && own !== now),
    );
    if (foreign !== undefined) await Promise.allSettled(written.map(({ send }) => send()));
    return foreign?.place;
  };

  const readOwnTime = async (place: Place): Promise<number | undefined> => {
    for (let attempt = 1; ; attempt += 1) {
      const time = await store.updatedAt(place, name).catch(() => undefined);
      if (time !== undefined) onTime?.(place, time);
      if (time !== undefined || attempt >= LATE_READS) return time;
      await again.clock.sleep(1_000);
    }
  };

  const removeFrom = async (place: Place): Promise<readonly string[]> => {
    try {
      await store.remove(place, name);
      return [];
    } catch (thrown) {
      return [`The marker ${name} stays in ${formatPlace(place)}: ${RotationError.from(thrown).message}`];
    }
  };

  return {
    async write({ place, publicKey }, seal) {
      const value = { ...seal(publicKey, randomBytes(16)), ...markerAccess(place) };
      const send = (): Promise<void> => retry(() => store.write(place, name, value), again);
      let sent = false;
      try {
        await send();
        sent = true;
      } finally {
        // A write whose answer was lost may have happened all the same.
        written.push({ place, send, sent, time: sent ? readOwnTime(place) : Promise.resolve(undefined) });
      }
    },

    async remove({ keepFound }) {
      const mine = written.filter(({ place }) => !(keepFound && found.has(place)));
      const looks = await Promise.all(mine.map(look));
      const overlap = await overlapIn(looks);
      if (overlap !== undefined) return { overlap };
      const warnings = await Promise.all(
        looks.map(async ({ place, own, now, read }) => {
          // Never there: nothing to delete.
          if (read && now === undefined) return [];
          if (own !== undefined && read) return removeFrom(place);
          return [RotationError.of("MARKER_UNREADABLE", { place: formatPlace(place) }).message];
        }),
      );
      return { overlap: undefined, warnings: warnings.flat() };
    },

    keep: async () => overlapIn(await Promise.all(written.map(look))),

    async tidy() {
      const warnings = await Promise.all(
        [...found].map(async ([place, time]) => {
          const now = await store.updatedAt(place, name).catch(() => undefined);
          return now === time ? removeFrom(place) : [];
        }),
      );
      return warnings.flat();
    },
  };
}
