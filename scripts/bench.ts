/**
 * Measures the built action, and a shell script with curl, jq and gh beside it, against the emulators. Prints the
 * figures, and writes docs/benchmarks.md with its charts. Takes a quarter of an hour, most of it spent on GitHub's
 * limits, and needs a machine with nothing else to do.
 *
 *     npm run bench
 *     npm run bench -- --quick              a few rounds, without the limits
 *     npm run bench -- --only races,growth  some parts: start-up, races, growth, limits
 *     npm run bench -- --runs 3             so many rounds of each race (default 9), three times as many of the start
 *
 * With options it writes nothing. Exit status 0 if every goal was met.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { copyAction } from "./bench/action.ts";
import { missingPrograms, theAction, theScript } from "./bench/contenders.ts";
import type { Findings } from "./bench/findings.ts";
import { goalsOf } from "./bench/goals.ts";
import { measureGrowth } from "./bench/growth.ts";
import { measureLimits } from "./bench/limits.ts";
import { currentLoad, describeMachine } from "./bench/machine.ts";
import { type Page, pageOf } from "./bench/page.ts";
import { ONE_ENVIRONMENT, race, type Race, TWENTY_REPOSITORIES } from "./bench/races.ts";
import { measureStartUp } from "./bench/start-up.ts";

const docs = join(import.meta.dirname, "..", "docs");
const PARTS = ["start-up", "races", "growth", "limits"] as const;
type Part = (typeof PARTS)[number];

/** Above this, others work on the machine too. */
const IDLE = 0.5;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<0 | 1> {
  const { parts, rounds, whole } = readOptions();
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major !== 24) {
    throw new Error(`This is Node ${process.versions.node}; action.yml has the action run on Node 24.`);
  }
  const begin = currentLoad();
  if (begin > IDLE) say(`others are at work here: load average ${begin.toFixed(1)}`);
  const missing = missingPrograms();
  if (missing.length > 0) {
    say(
      `without the script, as ${missing.join(", ")} cannot be found; apt-get install --no-install-recommends gh jq curl`,
    );
  }

  const measured = await measure(parts, rounds, missing.length === 0);
  const findings: Findings = { ...measured, machine: describeMachine(begin) };
  const page = pageOf(findings);
  const path = join(docs, "benchmarks.md");
  const markdown = await format(page.markdown, { ...(await resolveConfig(path)), filepath: path });
  console.log(`\n${markdown}`);
  if (whole && missing.length === 0) await write(path, { ...page, markdown });
  const missed = goalsOf(findings).filter(({ met }) => !met);
  for (const { text, measured: found } of missed) console.log(`Missed: ${text}; measured: ${found}.`);
  return missed.length === 0 ? 0 : 1;
}

/** @param withScript whether the script can run. */
async function measure(
  parts: ReadonlySet<Part>,
  rounds: number,
  withScript: boolean,
): Promise<Omit<Findings, "machine">> {
  await using action = await copyAction();
  const ours = theAction(action.folder);
  const script = withScript ? theScript() : undefined;

  if (parts.has("start-up")) say("start-up and memory");
  const startUp = parts.has("start-up") ? await measureStartUp(action.folder, 3 * rounds) : undefined;
  const races: Race[] = [];
  for (const course of parts.has("races") ? [ONE_ENVIRONMENT, TWENTY_REPOSITORIES] : []) {
    for (const distance of course.distances) {
      say(`${course.title}, ${distance.name}`);
      races.push(await race(course, { distance, ours, script, rounds }));
    }
  }
  const growth = parts.has("growth") ? await measureGrowth(action.folder, Math.min(rounds, 3), say) : [];
  const limits = parts.has("limits") ? await measureLimits(ours, withScript, say) : [];
  return { startUp, races, growth, limits };
}

async function write(path: string, { markdown, charts }: Page): Promise<void> {
  const folder = join(docs, "benchmarks");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [name, svg] of Object.entries(charts)) await writeFile(join(folder, name), svg);
  await writeFile(path, markdown);
}

function readOptions(): {
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  /** Whether nothing is left out. */
  readonly whole: boolean;
} {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      runs: { type: "string" },
    },
  });
  const rounds = Number(values.runs ?? (values.quick ? 2 : 9));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--runs is "${values.runs ?? ""}"; expected a whole number above 0.`);
  }
  const names = values.only?.split(",") ?? PARTS.filter((part) => !values.quick || part !== "limits");
  const parts = PARTS.filter((part) => names.includes(part));
  const unknown = names.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw new Error(`--only names "${unknown}"; expected some of ${PARTS.join(", ")}.`);
  }
  const whole = !values.quick && values.only === undefined && values.runs === undefined;
  return { parts: new Set(parts), rounds, whole };
}

function say(what: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);
}
