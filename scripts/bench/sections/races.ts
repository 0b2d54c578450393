import type { Series } from "../charts/frame.ts";
import { timelineChart } from "../charts/timeline.ts";
import type { Lap, Race } from "../races.ts";
import { NEXT_DOOR } from "../scene.ts";
import { image, seconds, table, times } from "../words.ts";
import type { Section } from "./section.ts";

export function racesSection(races: readonly Race[]): Section {
  return {
    paragraphs: [
      "## One rotation",
      "No limits. Both services are next door, or a network away whose round trip takes 100 ms: connecting takes one, and every answer another. The last case of one environment has them near, and slow: connecting is free, and every answer comes 100 ms late. TLS is left out, which would cost one more for each connection; the script opens three of them in a row, the action one. The action does more: it reads every place, proves it writable by a marker, has the provider confirm the new secret, and removes the markers. What counts is the time in which the provider and the places differ, and whatever uses the secret fails.",
      table(HEAD, races.map(rowOf)),
      image(
        "Time lines of the action and of the script for each case, with the time in which places and provider differ in full colour; the figures are those of the table",
        "races.svg",
      ),
    ],
    charts: { "races.svg": chartOf(races) },
  };
}

const HEAD = [
  "Places",
  "Latency",
  "Wall: action",
  "script",
  "Ratio",
  "Differ: action",
  "script",
  "Ratio",
  "In all places after: action",
  "script",
  "Requests in a row: action, script",
];

function rowOf({ title, distance, ours, script, compared }: Race): readonly string[] {
  const chains = [ours, script].map((lap) => (lap === undefined ? "–" : String(lap.roundTrips)));
  return [
    title,
    distance.name,
    seconds(ours.wall),
    seconds(script?.wall),
    times(compared?.wall),
    seconds(ours.differed),
    seconds(script?.differed),
    times(compared?.differed),
    seconds(ours.agreedAt),
    seconds(script?.agreedAt),
    // Without latency, what was sent together may be answered one by one.
    distance === NEXT_DOOR ? "" : chains.join(", "),
  ];
}

function chartOf(races: readonly Race[]): string {
  const row = (label: string, series: Series, lap: Lap) => ({
    label,
    series,
    end: lap.wall,
    part: [lap.changedAt, lap.agreedAt] as const,
  });
  return timelineChart({
    title: "One rotation, start to end",
    legend: "full colour: provider and places differ",
    format: seconds,
    groups: races.map(({ title, distance, ours, script }) => ({
      label: `${title}, ${distance.name}`,
      rows: [
        row("the action", "ours", ours),
        ...(script === undefined ? [] : [row("the script", "script", script)]),
      ],
    })),
  });
}
