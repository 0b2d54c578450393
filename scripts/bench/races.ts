import type { Contender } from "./contenders.ts";
import { differed, type Effort, succeeded } from "./effort.ts";
import { appIn, type Distance, FAR, NEXT_DOOR, openScene, type Place, SLOW } from "./scene.ts";
import { median } from "./statistics.ts";

/** Where one secret is to be written, and how far away the services are in each of its races. */
export interface Course {
  readonly title: string;
  readonly places: readonly Place[];
  readonly distances: readonly Distance[];
}

export const ONE_ENVIRONMENT: Course = {
  title: "one environment",
  places: [{ repository: "acme/web", environment: "production" }],
  distances: [NEXT_DOOR, FAR, SLOW],
};

export const TWENTY_REPOSITORIES: Course = {
  title: "20 repositories",
  places: Array.from({ length: 20 }, (_, index) => ({ repository: `acme/repository-${String(index)}` })),
  distances: [NEXT_DOOR, FAR],
};

/** The action and the script on one course, in turns and without GitHub's limits. */
export interface Race {
  readonly title: string;
  readonly distance: Distance;
  readonly rounds: number;
  readonly ours: Lap;
  /** `undefined` where the script could not run. */
  readonly script: Lap | undefined;
  readonly compared: Comparison | undefined;
}

/** Medians of one contender, in milliseconds from the start. */
export interface Lap {
  readonly wall: number;
  /** Provider and places differ between these two. */
  readonly changedAt: number;
  readonly agreedAt: number;
  readonly differed: number;
  readonly roundTrips: number;
}

/** Medians of what the rounds came to, each a pair of runs. */
export interface Comparison {
  /** The action's time as a multiple of the script's. */
  readonly wall: number;
  readonly differed: number;
  /** By how many milliseconds the action had the secret in all places before the script; below 0 if after it. */
  readonly lead: number;
}

/** @throws if a contender does not get the secret everywhere: then there is nothing to compare. */
export async function race(
  { title, places }: Course,
  {
    distance,
    ours,
    script,
    rounds,
  }: {
    readonly distance: Distance;
    readonly ours: Contender;
    readonly script: Contender | undefined;
    readonly rounds: number;
  },
): Promise<Race> {
  const runOnce = async (contender: Contender): Promise<Effort> => {
    await using scene = await openScene({ apps: [appIn(places)], distance });
    const effort = await contender(scene);
    if (!succeeded(effort)) throw new Error(`Not rotated. The log:\n${effort.log}`);
    return effort;
  };
  const pairs: { readonly ours: Effort; readonly script: Effort | undefined }[] = [];
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const pair = {
      ours: await runOnce(ours),
      script: script === undefined ? undefined : await runOnce(script),
    };
    if (round > 0) pairs.push(pair);
  }
  const both = pairs.flatMap((pair) =>
    pair.script === undefined ? [] : [{ ours: pair.ours, script: pair.script }],
  );
  const compared = both.length === 0 ? undefined : compare(both);
  return {
    title,
    distance,
    rounds,
    ours: lapOf(pairs.map((pair) => pair.ours)),
    script: both.length === 0 ? undefined : lapOf(both.map((pair) => pair.script)),
    compared,
  };
}

function lapOf(efforts: readonly Effort[]): Lap {
  const of = (pick: (effort: Effort) => number): number => median(efforts.map(pick));
  return {
    wall: of(({ wall }) => wall),
    changedAt: of(({ changedAt }) => changedAt),
    agreedAt: of(agreedAt),
    differed: of(differed),
    roundTrips: of(({ roundTrips }) => roundTrips),
  };
}

function compare(pairs: readonly { readonly ours: Effort; readonly script: Effort }[]): Comparison {
  return {
    wall: median(pairs.map(({ ours, script }) => ours.wall / script.wall)),
    differed: median(pairs.map(({ ours, script }) => differed(ours) / differed(script))),
    lead: median(pairs.map(({ ours, script }) => agreedAt(script) - agreedAt(ours))),
  };
}

function agreedAt({ arrivals }: Effort): number {
  return Math.max(...arrivals);
}
