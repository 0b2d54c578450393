import { type Line, lineChart } from "../charts/lines.ts";
import type { Series } from "../charts/frame.ts";
import type { Growth, Load } from "../growth.ts";
import { count, image, megabytes, milliseconds, seconds, table } from "../words.ts";
import type { Section } from "./section.ts";

export function growthSection(growth: readonly Growth[]): Section {
  return {
    paragraphs: [
      "## Many rotations in one file",
      "One step, ten apps to a repository, without limits and delay. Where all are due, a copy of the action runs that keeps to no pace, so that only its own work shows: GitHub takes 500 writes an hour, and a step that would have to wait for more than 45 minutes [refuses](troubleshooting.md#too_many_writes) what is too much before anything of it has changed.",
      table(
        ["Rotations", "Due", "Wall time", "CPU time", "CPU time per rotation", "Peak memory"],
        growth.flatMap(({ rotations, unchanged, rotated }) => [
          [count(rotations), "none", ...figures(unchanged, rotations)],
          [count(rotations), "all", ...figures(rotated, rotations)],
        ]),
      ),
      image(
        "CPU time for the rotations of one file, both axes logarithmic; the figures are those of the table",
        "growth.svg",
      ),
      "In the wall time the emulators do their part too, on one core of their own.",
    ],
    charts: { "growth.svg": chartOf(growth) },
  };
}

function figures({ wall, cpu, memory }: Load, rotations: number): readonly string[] {
  return [seconds(wall), seconds(cpu), milliseconds(cpu / rotations), megabytes(memory)];
}

function chartOf(growth: readonly Growth[]): string {
  const line = (label: string, series: Series, side: "above" | "below", of: (one: Growth) => Load): Line => ({
    label,
    series,
    points: growth.map((one) => [one.rotations, of(one).cpu / 1_000]),
    values: { texts: growth.map((one) => seconds(of(one).cpu)), side },
  });
  return lineChart({
    title: "CPU time for many rotations in one file",
    x: {
      label: "rotations",
      ticks: growth.map(({ rotations }) => rotations),
      range: [8, 1_400],
      format: count,
      logarithmic: true,
    },
    y: { label: "seconds", ticks: [0.1, 1, 10], range: [0.05, 12], format: String, logarithmic: true },
    lines: [
      line("none is due", "neutral", "below", ({ unchanged }) => unchanged),
      line("all are due", "ours", "above", ({ rotated }) => rotated),
    ],
  });
}
