/**
 * Holds the built action to its protocol under faults: every provider, every request of a clean run, every way in which
 * things go wrong. Takes a while; every case ends with one more run, which must heal.
 *
 *     npm run chaos
 *     npm run chaos -- --only authing/rotate/refresh-1/reset-after/once
 *
 * - `--only ID`: just the cases whose id begins so; may be given more than once. One case shows its logs.
 * - `--list`: the ids, without running them.
 * - `--sample N`: so many of them, chosen by `--seed S` (default 1).
 * - `--jobs N`: how many at once; default 4.
 *
 * Exit status 0 if nothing was lost, nothing leaked, all healed, and all ended as the protocol says.
 */
import { parseArgs } from "node:util";
import { sample } from "../test/chaos/cases.ts";
import { allGood, closing, describeVerdict, table, totalsOf } from "../test/chaos/report.ts";
import type { Verdict } from "../test/chaos/run-case.ts";
import { copyAction, enumerate, runCases } from "../test/chaos/suite.ts";
import { subjectIds } from "../test/chaos/subjects/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    sample: { type: "string" },
    jobs: { type: "string", default: "4" },
  },
});

process.exitCode = await main();

async function main(): Promise<0 | 1> {
  await using copy = await copyAction();
  const { only } = values;
  const subjects = subjectIds.filter(
    (id) => only.length === 0 || only.some((prefix) => prefix.startsWith(id) || id.startsWith(prefix)),
  );
  const all = await enumerate(copy, subjects);
  const asked =
    only.length === 0 ? all : all.filter(({ id }) => only.some((prefix) => id.startsWith(prefix)));
  const cases =
    values.sample === undefined ? asked : sample(asked, Number(values.sample), Number(values.seed));
  if (cases.length === 0) {
    console.error("No case has such an id; --list shows them all.");
    return 1;
  }
  if (values.list) {
    for (const { id, expectation } of cases) console.log(`${id}  ${expectation.ends.join(" or ")}`);
    return 0;
  }

  const startedAt = performance.now();
  const done: Verdict[] = [];
  const verdicts = await runCases(cases, copy, {
    jobs: Number(values.jobs),
    onVerdict: (verdict) => {
      done.push(verdict);
      if (verdict.complaints.length + verdict.unsteady.length > 0) console.log(describeVerdict(verdict));
      if (done.length % 100 === 0 || done.length === cases.length)
        console.log(progress(done, cases.length, startedAt));
    },
  });
  if (cases.length === 1)
    console.log(`\n${verdicts[0]?.id ?? ""}: ${verdicts[0]?.ending ?? ""}\n\n${verdicts[0]?.log ?? ""}`);
  const totals = totalsOf(verdicts);
  console.log(`\n${table(cases, verdicts)}\n\n${closing(totals)}`);
  return allGood(totals) ? 0 : 1;
}

function progress(done: readonly Verdict[], all: number, startedAt: number): string {
  const seconds = (performance.now() - startedAt) / 1_000;
  const bad = done.filter(({ complaints }) => complaints.length > 0).length;
  return `${String(done.length)}/${String(all)} cases, ${String(bad)} bad, ${(done.length / seconds).toFixed(1)} a second`;
}
