import { lineChart } from "../charts/lines.ts";
import type { Series } from "../charts/frame.ts";
import { differed } from "../effort.ts";
import { HUNDRED_PLACES, leastTime, type LimitedRun, type Who } from "../limits.ts";
import { FAR } from "../scene.ts";
import { count, image, seconds, table, times } from "../words.ts";
import type { Section } from "./section.ts";

export function limitsSection(runs: readonly LimitedRun[]): Section {
  const shown = runs.filter(({ distance }) => distance === FAR);
  return {
    paragraphs: [
      "## 100 places under GitHub's limits",
      "The emulator enforces GitHub's [secondary limits](https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits) in real time: 80 writes in any minute, 500 in any hour, 900 points a minute. The action writes three times for each place: the marker, the secret, and the end of the marker. It waits for room before the secret changes, not after.",
      table(HEAD, runs.map(rowOf)),
      image(`Places that hold the secret in force, second by second: ${inWords(shown)}`, "limits.svg"),
      "`gh` gives up at a refusal. The loop then ends, as GitHub runs a step with `bash -e`; the patient one tries the same place again after a minute; with eight at once, by `xargs -P`, the others go on and are refused as well. The least is what the limits allow for the writes that were made.",
    ],
    charts: { "limits.svg": chartOf(shown) },
  };
}

const HEAD = [
  "Who",
  "Latency",
  "Writes",
  "Refused writes",
  "Sent while told to wait",
  "Wall time",
  "Least by the limits",
  "Ratio",
  "Places and provider differ",
  "Places left with a dead secret",
];

function rowOf({ who, distance, effort }: LimitedRun): readonly string[] {
  const least = leastTime(effort.writes);
  return [
    who,
    distance.name,
    count(effort.writes),
    count(effort.refusedWrites),
    count(effort.whileLimited),
    seconds(effort.wall),
    seconds(least),
    times(least === 0 ? undefined : effort.wall / least),
    effort.stale === 0 ? seconds(differed(effort)) : "**for good**",
    count(effort.stale),
  ];
}

function inWords(runs: readonly LimitedRun[]): string {
  return runs
    .map(({ who, effort }) =>
      effort.stale === 0
        ? `with ${who} they differ from the provider for ${seconds(differed(effort))}`
        : `with ${who} ${count(effort.stale)} never get it`,
    )
    .join("; ");
}

const SERIES: Readonly<Record<Who, Series>> = {
  "the action": "ours",
  "the loop": "script",
  "the patient loop": "patient",
  "eight at once": "hasty",
};

function chartOf(runs: readonly LimitedRun[]): string {
  const places = HUNDRED_PLACES.places.length;
  const longest = Math.max(...runs.map(({ effort }) => effort.wall)) / 1_000;
  const end = Math.ceil(longest / 30) * 30;
  return lineChart({
    title: `Places that hold the secret in force, of ${String(places)}`,
    steps: true,
    x: { label: "seconds from the start", ticks: range(0, end, 30), format: String },
    y: {
      label: `a round trip takes ${FAR.name}`,
      ticks: range(0, places, 20),
      format: String,
    },
    lines: runs.map(({ who, effort }) => ({
      label: who,
      series: SERIES[who],
      points: [
        [0, places],
        [effort.changedAt / 1_000, 0],
        ...effort.arrivals.map((time, index) => [time / 1_000, index + 1] as const),
        [end, places - effort.stale],
      ],
    })),
  });
}

function range(from: number, to: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}
