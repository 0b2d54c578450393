import { describe, expect, test } from "vitest";
import { decide, type Decision, inWords, type State, wasCutOff, type Wish } from "../src/due.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse("2026-11-22T03:00:00Z");
const ago = (milliseconds: number): number => NOW - milliseconds;

const wish: Wish = { mode: "rotate", force: false, rotateAfter: 30 * DAY, readable: true };
const blind: Wish = { ...wish, readable: false };
const fresh: State = { targets: [ago(DAY), ago(2 * DAY)], markers: [] };
/** One of two targets is older than the marker: a run was cut off between the two. */
const wreck: State = { targets: [ago(5 * DAY), ago(DAY)], markers: [ago(DAY + 60_000)] };
/** Both targets are newer than the marker: a run was cut off before it could tidy up. */
const untidy: State = { targets: [ago(DAY), ago(DAY)], markers: [ago(DAY + 60_000)] };

describe("the first rule that fits decides", () => {
  test.each<[string, State, Wish, Decision["action"], string]>([
    ["sync publishes", fresh, { ...wish, mode: "sync" }, "publish", "mode is sync"],
    [
      "sync publishes, even by force",
      fresh,
      { ...wish, mode: "sync", force: true },
      "publish",
      "mode is sync",
    ],
    [
      "what has arrived is taken, however young the former",
      fresh,
      { ...blind, arrived: true },
      "rotate",
      "a new secret was delivered",
    ],
    [
      "what has arrived is taken, whatever is wrecked",
      wreck,
      { ...blind, arrived: true },
      "rotate",
      "a new secret was delivered",
    ],
    ["force rotates", fresh, { ...wish, force: true }, "rotate", "force is set"],
    ["force rotates, whatever is wrecked", wreck, { ...wish, force: true }, "rotate", "force is set"],
    [
      "no rotate-after rotates",
      fresh,
      { ...wish, rotateAfter: undefined },
      "rotate",
      "no rotate-after is set",
    ],
    [
      "no target with the secret rotates",
      { targets: [undefined, undefined], markers: [] },
      wish,
      "rotate",
      "no target has the secret yet",
    ],
    [
      "an old target rotates",
      { targets: [ago(DAY), ago(30 * DAY)], markers: [] },
      wish,
      "rotate",
      "the oldest target was written 30 d ago",
    ],
    [
      "an old target rotates, though another lacks the secret",
      { targets: [undefined, ago(30 * DAY)], markers: [] },
      wish,
      "rotate",
      "the oldest target was written 30 d ago",
    ],
    [
      "a target that lacks the secret gets the one in force",
      { targets: [undefined, ago(DAY)], markers: [] },
      wish,
      "publish",
      "some targets lack the secret",
    ],
    [
      "a target that lacks the secret rotates, where the one in force cannot be read",
      { targets: [undefined, ago(DAY)], markers: [] },
      blind,
      "rotate",
      "some targets lack the secret",
    ],
    [
      "a wreck gets the secret in force",
      wreck,
      wish,
      "publish",
      "a marker tells of a rotation that was cut off",
    ],
    [
      "a wreck rotates, where the secret in force cannot be read",
      wreck,
      blind,
      "rotate",
      "a marker tells of a rotation that was cut off",
    ],
    [
      "a marker older than all targets is tidied",
      untidy,
      wish,
      "tidy",
      "the oldest target was written 24 h ago",
    ],
    ["else nothing is done", fresh, wish, "leave", "the oldest target was written 2 d ago"],
    [
      "plan decides as rotate does",
      { targets: [ago(40 * DAY)], markers: [] },
      { ...wish, mode: "plan" },
      "rotate",
      "the oldest target was written 40 d ago",
    ],
  ])("%s", (_, state, wished, action, reason) => {
    expect(decide(state, wished, NOW)).toEqual({ action, reason });
  });
});

describe("a duration of a day or more is one hour shorter, as schedules drift", () => {
  test.each([
    [7 * DAY, 7 * DAY - HOUR, true],
    [7 * DAY, 7 * DAY - HOUR - 1, false],
    [DAY, DAY - HOUR, true],
    [DAY, DAY - HOUR - 1, false],
    [DAY - 1, DAY - 1, true],
    [DAY - 1, DAY - 2, false],
    [90 * 60_000, 90 * 60_000, true],
    [90 * 60_000, 90 * 60_000 - 1, false],
  ])("after %d ms, at an age of %d ms, it is due: %s", (rotateAfter, age, due) => {
    const { action } = decide({ targets: [ago(age)], markers: [] }, { ...wish, rotateAfter }, NOW);
    expect(action).toBe(due ? "rotate" : "leave");
  });
});

describe("where the provider tells when the secret in force was made, that is its age", () => {
  test.each<[string, number, Decision["action"]]>([
    ["an old secret rotates, though the targets are fresh", ago(30 * DAY), "rotate"],
    ["a fresh secret stays, though the targets are old", ago(DAY), "leave"],
  ])("%s", (_, madeAt, action) => {
    const targets = action === "rotate" ? [ago(DAY)] : [ago(40 * DAY)];
    expect(decide({ targets, markers: [], madeAt }, wish, NOW)).toEqual({
      action,
      reason: `the secret in force was made ${inWords(NOW - madeAt)} ago`,
    });
  });
});

describe("a rotation was cut off", () => {
  test.each<[string, State, boolean]>([
    ["not without a marker", { targets: [undefined, ago(DAY)], markers: [] }, false],
    ["if a target is older than the marker", wreck, true],
    ["if a target is missing", { targets: [undefined, ago(0)], markers: [ago(HOUR)] }, true],
    ["if a target is of the marker's own second", { targets: [ago(HOUR)], markers: [ago(HOUR)] }, true],
    ["not if every target is newer", untidy, false],
    [
      "if a target is older than one of two markers",
      { targets: [ago(HOUR)], markers: [ago(DAY), ago(0)] },
      true,
    ],
  ])("%s", (_, state, expected) => {
    expect(wasCutOff(state)).toBe(expected);
  });
});

test.each([
  [0, "0 s"],
  [45_400, "45 s"],
  [119_000, "119 s"],
  [119_600, "2 min"],
  [12 * 60_000, "12 min"],
  [119 * 60_000, "119 min"],
  [120 * 60_000, "2 h"],
  [47 * HOUR, "47 h"],
  [48 * HOUR, "2 d"],
  [30 * DAY, "30 d"],
])("%d ms are %s", (milliseconds, words) => {
  expect(inWords(milliseconds)).toBe(words);
});
