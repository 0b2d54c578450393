import { succeeded } from "./effort.ts";
import type { Findings } from "./findings.ts";
import type { Growth, Load } from "./growth.ts";
import { HUNDRED_PLACES, leastTime, type LimitedRun } from "./limits.ts";
import { ONE_ENVIRONMENT, type Race } from "./races.ts";
import type { StartUp } from "./start-up.ts";
import { FAR } from "./scene.ts";
import { count, megabytes, milliseconds, times } from "./words.ts";

/** What must not be exceeded. */
export interface Goal {
  readonly text: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The goals that something was measured for. */
export function goalsOf({ startUp, races, growth, limits }: Findings): readonly Goal[] {
  return [
    ...(startUp === undefined ? [] : startUpGoals(startUp)),
    ...races.flatMap(raceGoals),
    ...limits.filter(({ who }) => who === "the action").flatMap(limitGoals),
    ...growthGoals(growth),
  ];
}

/** Times an empty Node. */
export const LONGEST_START = 4;

function startUpGoals({ firstRequest, unchanged, memory }: StartUp): readonly Goal[] {
  return [
    {
      text: "The provider has its first request within 4 times an empty Node (aim: 2.5)",
      measured: times(firstRequest.ratio),
      met: firstRequest.ratio <= LONGEST_START,
    },
    {
      text: "`unchanged` takes at most 4 times an empty Node, start to end",
      measured: times(unchanged.ratio),
      met: unchanged.ratio <= LONGEST_START,
    },
    {
      text: "One rotation takes at most 100 MB",
      measured: megabytes(memory.rotated),
      met: memory.rotated <= 100e6,
    },
  ];
}

function raceGoals({ title, distance, compared }: Race): readonly Goal[] {
  if (title !== ONE_ENVIRONMENT.title || distance !== FAR || compared === undefined) return [];
  const { wall, lead } = compared;
  return [
    {
      text: "One rotation at 100 ms takes at most 1.5 times the script that proves nothing",
      measured: times(wall),
      met: wall <= 1.5,
    },
    {
      text: "And the secret is in GitHub no later than the script's",
      measured: `${milliseconds(Math.abs(lead))} ${lead < 0 ? "later" : "earlier"}`,
      met: lead >= 0,
    },
  ];
}

function limitGoals({ distance, effort }: LimitedRun): readonly Goal[] {
  const where = `${HUNDRED_PLACES.title} under GitHub's limits, ${distance.name}`;
  const share = effort.wall / leastTime(effort.writes);
  return [
    {
      text: `${where}: all written, and no write refused`,
      measured: `${count(effort.refusedWrites)} refused, ${count(effort.stale)} not written, exit ${String(effort.exitCode)}`,
      met: effort.refusedWrites === 0 && succeeded(effort),
    },
    {
      text: `${where}: at most 1.1 times the least that they allow`,
      measured: times(share),
      met: share <= 1.1,
    },
  ];
}

/** How much more a rotation may cost among a thousand than among a hundred: the noise of a measurement. */
const STEEPEST = 1.25;

function growthGoals(growth: readonly Growth[]): readonly Goal[] {
  const [few, some, many] = growth;
  if (few === undefined || some === undefined || many === undefined) return [];
  const kinds = [
    ["none is due", ({ unchanged }: Growth): Load => unchanged],
    ["all are due", ({ rotated }: Growth): Load => rotated],
  ] as const;
  return kinds.flatMap(([when, of]): readonly Goal[] => {
    const slope = (from: Growth, to: Growth): number =>
      (of(to).cpu - of(from).cpu) / (to.rotations - from.rotations);
    const bend = slope(some, many) / slope(few, some);
    const { memory } = of(many);
    const where = `${count(many.rotations)} rotations in one file, ${when}`;
    return [
      {
        text: `${where}: time grows linearly, so one more costs what it costs up to ${count(some.rotations)} (1.25 times at most)`,
        measured: times(bend),
        met: bend <= STEEPEST,
      },
      { text: `${where}: at most 200 MB`, measured: megabytes(memory), met: memory <= 200e6 },
    ];
  });
}
