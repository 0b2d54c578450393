import { afterAll, describe, expect, it } from "vitest";
import { allGood, describeVerdict, totalsOf } from "./report.ts";
import { SABOTAGES, sabotage } from "./sabotage.ts";
import { subjectIds } from "./subjects/index.ts";
import { copyAction, enumerate, runCases } from "./suite.ts";

// The requests are those of the action as it is: a sabotaged one need not get through a clean run.
const original = await copyAction();
afterAll(() => original[Symbol.asyncDispose]());
const ids = SABOTAGES.flatMap(({ noticedBy }) => Object.keys(noticedBy));
const cases = await enumerate(
  original,
  subjectIds.filter((subject) => ids.some((id) => id.startsWith(`${subject}/`))),
);

describe("the chaos suite", () => {
  it.each(SABOTAGES)("notices when $name", { timeout: 60_000 }, async (broken) => {
    await using copy = await copyAction(original.action);
    await sabotage(copy.action, broken);
    const chosen = cases.filter(({ id }) => Object.hasOwn(broken.noticedBy, id));
    const verdicts = await runCases(chosen, copy, { jobs: 2 });
    const noticed = verdicts.flatMap(({ id, complaints }) => complaints.map(({ kind }) => [id, kind]));
    for (const expected of Object.entries(broken.noticedBy)) expect(noticed).toContainEqual(expected);
  });

  it("has nothing against the same cases of the action as it is", { timeout: 60_000 }, async () => {
    const verdicts = await runCases(
      cases.filter(({ id }) => ids.includes(id)),
      original,
      { jobs: 2 },
    );
    expect(verdicts.filter(({ complaints }) => complaints.length > 0).map(describeVerdict)).toEqual([]);
    expect(allGood(totalsOf(verdicts))).toBe(true);
  });
});
