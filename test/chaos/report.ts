import type { Case } from "./cases.ts";
import { FAULTS } from "./faults.ts";
import type { Kind, Verdict } from "./run-case.ts";
import { subjectIds } from "./subjects/index.ts";

/** The totals, as the closing lines have them. */
export interface Totals {
  readonly cases: number;
  readonly lost: number;
  readonly leaks: number;
  readonly notHealed: number;
  readonly wrongOutcomes: number;
  /** Good at a second, slower try. */
  readonly unsteady: number;
}

/** Counts cases, not complaints: one with two leaks is one. */
export function totalsOf(verdicts: readonly Verdict[]): Totals {
  const count = (kind: Kind): number =>
    verdicts.filter(({ complaints }) => complaints.some((complaint) => complaint.kind === kind)).length;
  return {
    cases: verdicts.length,
    lost: count("lost"),
    leaks: count("leak"),
    notHealed: count("not healed"),
    wrongOutcomes: count("wrong outcome"),
    unsteady: verdicts.filter(({ unsteady }) => unsteady.length > 0).length,
  };
}

export function allGood({ lost, leaks, notHealed, wrongOutcomes }: Totals): boolean {
  return lost + leaks + notHealed + wrongOutcomes === 0;
}

/** A failing case, with how to run just that one. */
export function describeVerdict({ id, complaints, unsteady }: Verdict): string {
  return [
    complaints.length > 0 ? `✗ ${id}` : `~ ${id} (good at a slower try)`,
    ...[...complaints, ...unsteady].map(({ kind, text }) => `    ${kind}: ${text}`),
    `    npm run chaos -- --only ${id}`,
  ].join("\n");
}

/** Cases by fault and provider; a cell with failures says how many of them. */
export function table(cases: readonly Case[], verdicts: readonly Verdict[]): string {
  const bad = new Set(verdicts.filter(({ complaints }) => complaints.length > 0).map(({ id }) => id));
  const cell = (mine: readonly Case[]): string => {
    const failures = mine.filter(({ id }) => bad.has(id)).length;
    return mine.length === 0
      ? "-"
      : `${String(mine.length)}${failures === 0 ? "" : ` (${String(failures)} bad)`}`;
  };
  const rows = FAULTS.map(({ name }) => cases.filter(({ fault }) => fault.name === name))
    .filter((mine) => mine.length > 0)
    .map((mine) => [
      mine[0]?.fault.name ?? "",
      ...subjectIds.map((id) => cell(mine.filter(({ spot }) => spot.subject === id))),
      cell(mine),
    ]);
  const sums = [
    "all",
    ...subjectIds.map((id) => cell(cases.filter(({ spot }) => spot.subject === id))),
    cell(cases),
  ];
  return columns([["fault", ...subjectIds, "all"], ...rows, sums]);
}

export function closing({ cases, lost, leaks, notHealed, wrongOutcomes, unsteady }: Totals): string {
  return columns([
    ["cases", String(cases)],
    ["secrets lost", String(lost)],
    ["leaks", String(leaks)],
    ["not healed", String(notHealed)],
    ["wrong outcomes", String(wrongOutcomes)],
    ...(unsteady === 0 ? [] : [["good at a slower try only", String(unsteady)]]),
  ]);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
