import type { Findings, Machine } from "./findings.ts";
import { goalsOf } from "./goals.ts";
import { growthSection } from "./sections/growth.ts";
import { limitsSection } from "./sections/limits.ts";
import { racesSection } from "./sections/races.ts";
import type { Section } from "./sections/section.ts";
import { startUpSection } from "./sections/start-up.ts";
import { list, table } from "./words.ts";

export interface Page {
  readonly markdown: string;
  /** SVG by file name. */
  readonly charts: Readonly<Record<string, string>>;
}

export function pageOf(findings: Findings): Page {
  const { startUp, races, growth, limits } = findings;
  const sections: readonly Section[] = [
    ...(limits.length === 0 ? [] : [limitsSection(limits)]),
    ...(races.length === 0 ? [] : [racesSection(races)]),
    ...(startUp === undefined ? [] : [startUpSection(startUp)]),
    ...(growth.length === 0 ? [] : [growthSection(growth)]),
  ];
  const markdown = [
    "<!-- Written by scripts/bench.ts. Change it there. -->",
    "# Benchmarks",
    "`npm run bench` measures the built action and, in the same run, what people write by hand instead: [a shell script](../scripts/bench/rotate.sh) with `curl`, `jq` and `gh secret set`. Both talk to the same emulators of Authing and GitHub on the loopback interface. It takes a quarter of an hour, most of it spent on GitHub's limits.",
    machineText(findings.machine),
    "## Goals",
    table(
      ["Goal", "Measured", ""],
      goalsOf(findings).map(({ text, measured, met }) => [text, measured, met ? "met" : "**missed**"]),
    ),
    ...sections.flatMap(({ paragraphs }) => paragraphs),
    "## How it is measured",
    list(METHOD),
  ].join("\n\n");
  const charts = sections.flatMap((section) => Object.entries(section.charts));
  return { markdown, charts: Object.fromEntries(charts) };
}

function machineText({ date, cores, processor, platform, node, programs, load }: Machine): string {
  const [begin, end] = load;
  const found = programs.map(({ name, version }) => `${name} ${version ?? "(missing)"}`);
  const machine = `${String(cores)} cores (${processor}, ${platform})`;
  return `Measured on ${date} with ${machine}, Node ${node}, ${found.join(", ")}; load average ${begin.toFixed(1)} at the start and ${end.toFixed(1)} at the end.`;
}

const METHOD: readonly string[] = [
  "The action is `dist/` as it was at the start, run as the runner would run it, on the Node that runs the script. Its wall time is that of the main step and of the post step, each from spawn to exit.",
  "The emulators run in the process of the benchmark, the action and the script in processes of their own.",
  "The script runs in bash, with the `gh` of the machine. `gh` reaches the emulator through a socket in the file system, as it would speak TLS to any other host.",
  "Contenders and an empty Node take turns in one run, after a round that does not count. A ratio is the median of the ratios of pairs. Under the limits each runs once, and none beside another.",
  "Places and provider differ from the request that changes the provider's secret until the last place has the new one, as the emulators see it.",
  "The first request counts when the emulator has it, connection and body included.",
  "CPU time is that of the process, the system's for it included, on all cores together. Peak memory is `VmHWM` (elsewhere than on Linux, `maxRSS`). Both are read at its exit, in runs of their own. A MB is a million bytes.",
];
