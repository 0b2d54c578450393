import { type Contender, theScript } from "./contenders.ts";
import type { Effort } from "./effort.ts";
import type { Course } from "./races.ts";
import { appIn, type Distance, FAR, NEXT_DOOR, openScene } from "./scene.ts";

/** One rotation to many places while GitHub enforces its limits in real time. */
export interface LimitedRun {
  readonly who: Who;
  readonly distance: Distance;
  readonly effort: Effort;
}

export type Who = "the action" | "the loop" | "the patient loop" | "eight at once";

/** 50 repositories with an environment each. */
export const HUNDRED_PLACES: Course = {
  title: "100 places",
  places: Array.from({ length: 50 }, (_, index) => `acme/repository-${String(index)}`).flatMap(
    (repository) => [{ repository }, { repository, environment: "production" }],
  ),
  distances: [NEXT_DOOR, FAR],
};

/**
 * One contender after the other, as side by side they would take each other's time.
 *
 * @param script whether the script can run.
 */
export async function measureLimits(
  ours: Contender,
  script: boolean,
  say: (what: string) => void,
): Promise<readonly LimitedRun[]> {
  const contenders: readonly (readonly [Who, Contender])[] = [
    ["the action", ours],
    ...(script ? SCRIPTS : []),
  ];
  const runs: LimitedRun[] = [];
  for (const distance of HUNDRED_PLACES.distances) {
    for (const [who, contender] of contenders) {
      say(`${HUNDRED_PLACES.title} under GitHub's limits, ${distance.name}: ${who}`);
      await using scene = await openScene({ apps: [appIn(HUNDRED_PLACES.places)], distance, limited: true });
      runs.push({ who, distance, effort: await contender(scene) });
    }
  }
  return runs;
}

/** Milliseconds from the first to the last of so many writes, at the pace that GitHub allows. */
export function leastTime(writes: number): number {
  return Math.floor((writes - 1) / WRITES_PER_MINUTE) * 60_000;
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
const WRITES_PER_MINUTE = 80;

const SCRIPTS = [
  ["the loop", theScript("loop")],
  ["the patient loop", theScript("patient")],
  ["eight at once", theScript("parallel")],
] as const;
