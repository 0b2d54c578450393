import { barChart } from "../charts/bars.ts";
import { LONGEST_START } from "../goals.ts";
import type { Start, StartUp } from "../start-up.ts";
import type { Spread } from "../statistics.ts";
import { image, megabytes, milliseconds, table, times } from "../words.ts";
import type { Section } from "./section.ts";

export function startUpSection(startUp: StartUp): Section {
  const { rounds, empty, firstRequest, unchanged, rotated, post, memory } = startUp;
  return {
    paragraphs: [
      "## Start-up and memory",
      `Whole processes, from spawn to exit, without network delay; ${String(rounds)} rounds in which all take turns.`,
      table(
        ["Process", "Median", "Middle half", "Times an empty Node", "Peak memory"],
        [
          ["empty (`node -e 0`)", ...spread(empty), times(1), megabytes(memory.empty)],
          ["a rotation, until the provider has its first request", ...start(firstRequest), ""],
          ["nothing due (`unchanged`)", ...start(unchanged), megabytes(memory.unchanged)],
          ["a rotation to one environment", ...start(rotated), megabytes(memory.rotated)],
          ["the post step, with nothing left to do", ...start(post), ""],
        ],
      ),
      image(
        `Times an empty Node process: first request ${times(firstRequest.ratio)}, nothing due ${times(unchanged.ratio)}, a rotation ${times(rotated.ratio)}, the post step ${times(post.ratio)}`,
        "start-up.svg",
      ),
      "Up to the first request only what it needs is loaded. What `unchanged` takes beyond is mostly spent on loading `@actions/core` and `@actions/github`: each brings an HTTP client and Node's TLS along, though the action sends its requests by a client of its own, and hides what it can of that behind the answers it waits for. Next door there is no wait to hide it behind.",
    ],
    charts: { "start-up.svg": chartOf(startUp) },
  };
}

function spread({ median, low, high }: Spread): readonly string[] {
  return [milliseconds(median), `${milliseconds(low)} to ${milliseconds(high)}`];
}

function start({ time, ratio }: Start): readonly string[] {
  return [...spread(time), times(ratio)];
}

function chartOf({ empty, firstRequest, unchanged, rotated, post }: StartUp): string {
  const row = (label: string, { ratio }: Start) => ({ label, value: ratio, series: "ours" as const });
  return barChart({
    title: `Times an empty Node process (${milliseconds(empty.median)})`,
    format: (value) => value.toFixed(1),
    limit: { value: LONGEST_START, label: "at most, for the first request and for nothing due" },
    rows: [
      { label: "empty Node", value: 1, series: "neutral" },
      row("first request to the provider", firstRequest),
      row("nothing due, to the end", unchanged),
      row("one rotation, to the end", rotated),
      row("post step, nothing left to do", post),
    ],
  });
}
