import { describe, expect, test } from "vitest";
import { RotationError } from "../src/errors.ts";
import { parseTarget } from "../src/github/target.ts";
import {
  bySeverity,
  isRed,
  type RotationOutcome,
  type Status,
  type TargetOutcome,
  wasWritten,
  worstStatus,
} from "../src/outcome.ts";

/** The worst first, as the output `status` has it. */
const ORDER: readonly Status[] = [
  "unknown",
  "incomplete",
  "failed",
  "rotated",
  "synced",
  "requested",
  "planned",
  "unchanged",
];

/** An outcome of this status, with one target of each of these. */
function outcome(status: Status, ...targets: readonly TargetOutcome["status"][]): RotationOutcome {
  const common = {
    targets: targets.map((each) => ({ target: parseTarget("repo:acme/web#ONE"), status: each })),
    warnings: [],
  };
  switch (status) {
    case "rotated":
    case "synced":
    case "requested":
      return { ...common, status };
    case "unchanged":
      return { ...common, status, reason: "" };
    case "planned":
      return { ...common, status, reason: "", due: false };
    case "failed":
    case "incomplete":
    case "unknown":
      return {
        ...common,
        status,
        error: RotationError.of("CANCELLED", { signal: "SIGINT" }),
        provider: "unknown",
      };
  }
}

describe("the worst status", () => {
  test.each(ORDER)("is %s where all that is worse is absent", (status) => {
    const rest = ORDER.slice(ORDER.indexOf(status));
    expect(worstStatus(rest)).toBe(status);
    expect(worstStatus(rest.toReversed())).toBe(status);
  });

  test("of no rotation at all is failed, as nothing was changed", () => {
    expect(worstStatus([])).toBe("failed");
  });

  test("comes first when outcomes are sorted", () => {
    const sorted = ORDER.map((status) => outcome(status))
      .toReversed()
      .toSorted(bySeverity);
    expect(sorted.map(({ status }) => status)).toEqual(ORDER);
  });
});

test.each(ORDER)("%s is red if somebody has to act, and else not", (status) => {
  expect(isRed(outcome(status))).toBe(["failed", "incomplete", "unknown"].includes(status));
});

test.each([
  [["written", "written"], true],
  [["failed", "written"], true],
  [["written", "unknown"], true],
  [["failed", "unknown", "skipped"], false],
  [[], false],
] as const)("of targets that are %j something was written: %s", (targets, written) => {
  expect(wasWritten(outcome("incomplete", ...targets))).toBe(written);
});
