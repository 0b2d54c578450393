import { afterAll, describe, expect, it } from "vitest";
import { sampleOfEach, type Case } from "./cases.ts";
import { describeVerdict } from "./report.ts";
import { copyAction, enumerate, runCases } from "./suite.ts";

const copy = await copyAction();
afterAll(() => copy[Symbol.asyncDispose]());
const cases = await enumerate(copy);

/** `npm run chaos` runs all of them. */
describe("the built action under faults", () => {
  it("keeps its promises at every boundary where it is killed", { timeout: 240_000 }, async () => {
    const kills = cases.filter(
      ({ spot, fault }) =>
        spot.subject === "authing" && spot.mode === "rotate" && fault.name.startsWith("sigkill"),
    );
    expect(await failuresOf(kills)).toEqual([]);
  });

  it(
    "keeps them with every fault, and with every kind of fault at every provider",
    { timeout: 240_000 },
    async () => {
      expect(await failuresOf(sampleOfEach(cases, 20_261_125))).toEqual([]);
    },
  );
});

async function failuresOf(chosen: readonly Case[]): Promise<readonly string[]> {
  const verdicts = await runCases(chosen, copy, { jobs: 3 });
  return verdicts.filter(({ complaints }) => complaints.length > 0).map(describeVerdict);
}
