import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import {
  checkSecretName,
  formatPlace,
  formatTarget,
  parseTarget,
  placeKey,
  placesOf,
  targetKey,
} from "../../src/github/target.ts";

const repo = { kind: "repo", owner: "acme", repo: "web" } as const;
const env = (environment: string) => ({ kind: "env", owner: "acme", repo: "web", environment }) as const;

describe("a target is read", () => {
  test.each([
    ["repo:acme/web", { place: repo, secretName: "DEFAULT" }],
    ["repo:acme/web#OWN", { place: repo, secretName: "OWN" }],
    ["repo:acme/web#%4FWN", { place: repo, secretName: "OWN" }],
    [
      "repo:a-c.m_e/.github#OWN",
      { place: { ...repo, owner: "a-c.m_e", repo: ".github" }, secretName: "OWN" },
    ],
    ["env:acme/web/production", { place: env("production"), secretName: "DEFAULT" }],
    ["env:acme/web/eu/staging", { place: env("eu/staging"), secretName: "DEFAULT" }],
    ["env:acme/web/eu%2Fstaging", { place: env("eu/staging"), secretName: "DEFAULT" }],
    ["env:acme/web/blue%20green", { place: env("blue green"), secretName: "DEFAULT" }],
    ["env:acme/web/blue green", { place: env("blue green"), secretName: "DEFAULT" }],
    ["env:acme/web/a:b", { place: env("a:b"), secretName: "DEFAULT" }],
    ["env:acme/web/生产", { place: env("生产"), secretName: "DEFAULT" }],
    ["env:acme/web/100%25%23%3F", { place: env("100%#?"), secretName: "DEFAULT" }],
    ["env:acme/web/...", { place: env("..."), secretName: "DEFAULT" }],
    ["repo:acme/web?pointer=/password", { place: repo, secretName: "DEFAULT", pointer: "/password" }],
    ["repo:acme/web?pointer=/a~1b/m~0n/", { place: repo, secretName: "DEFAULT", pointer: "/a~1b/m~0n/" }],
    ["repo:acme/web?pointer=/a%26b%3D%23", { place: repo, secretName: "DEFAULT", pointer: "/a&b=#" }],
    ["repo:acme/web?pointer=/a=b?c", { place: repo, secretName: "DEFAULT", pointer: "/a=b?c" }],
    ["repo:acme/web?format=md5#OWN", { place: repo, secretName: "OWN", format: "md5" }],
    ["repo:acme/web?format=base64", { place: repo, secretName: "DEFAULT", format: "base64" }],
    [
      "env:acme/web/eu?format=md5&pointer=/p#OWN",
      { place: env("eu"), secretName: "OWN", pointer: "/p", format: "md5" },
    ],
    ["org:acme", { place: { kind: "org", org: "acme" }, secretName: "DEFAULT" }],
    [
      "org:acme?visibility=all&format=md5#OWN",
      { place: { kind: "org", org: "acme" }, secretName: "OWN", visibility: "all", format: "md5" },
    ],
    [
      "org:acme?visibility=private#OWN",
      { place: { kind: "org", org: "acme" }, secretName: "OWN", visibility: "private" },
    ],
    ["dependabot:acme/web#OWN", { place: { ...repo, kind: "dependabot" }, secretName: "OWN" }],
  ])("%s", (text, target) => {
    expect(parseTarget(text, "DEFAULT")).toEqual(target);
  });
});

describe("a target is refused", () => {
  test.each<[string, ErrorCode, RegExp]>([
    ["", "TARGET_INVALID", /repo:OWNER\/REPO or env:OWNER\/REPO\/ENVIRONMENT/],
    ["acme/web", "TARGET_INVALID", /repo:OWNER\/REPO or env:OWNER\/REPO\/ENVIRONMENT/],
    ["REPO:acme/web", "TARGET_INVALID", /repo:OWNER\/REPO or env:OWNER\/REPO\/ENVIRONMENT/],
    [" repo:acme/web", "TARGET_INVALID", /repo:OWNER\/REPO or env:OWNER\/REPO\/ENVIRONMENT/],
    ["team:acme/web", "TARGET_INVALID", /the kind "repo", "env", "org" or "dependabot"/],
    ["org:", "TARGET_INVALID", /org:ORGANIZATION/],
    ["org:acme/web", "TARGET_INVALID", /org:ORGANIZATION/],
    ["org:..", "TARGET_INVALID", /org:ORGANIZATION/],
    ["org:acme?visibility=selected", "TARGET_INVALID", /visibility=all or visibility=private/],
    ["org:acme?mode=x", "TARGET_INVALID", /"visibility", "pointer" and "format" only/],
    ["repo:acme/web?visibility=all", "TARGET_INVALID", /"pointer" and "format" only/],
    ["dependabot:acme", "TARGET_INVALID", /OWNER\/REPO/],
    ["dependabot:acme/web/production", "TARGET_INVALID", /without anything behind the repository/],
    ["repo:acme", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:acme/", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:/web", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:acme/web/", "TARGET_INVALID", /without anything behind the repository/],
    ["repo:acme/web/production", "TARGET_INVALID", /without anything behind the repository/],
    ["repo:acme/..", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:./web", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:ac me/web", "TARGET_INVALID", /OWNER\/REPO/],
    ["repo:acme/we%62", "TARGET_INVALID", /OWNER\/REPO/],
    ["env:acme/web", "TARGET_INVALID", /with the environment's name/],
    ["env:acme/web/", "TARGET_INVALID", /with the environment's name/],
    ["env:acme/web/.", "TARGET_INVALID", /with the environment's name/],
    ["env:acme/web/..", "TARGET_INVALID", /with the environment's name/],
    ["env:acme/web/%2E%2E", "TARGET_INVALID", /with the environment's name/],
    ["env:acme/web/100%", "TARGET_INVALID", /percent-encoding/],
    ["env:acme/web/%FF", "TARGET_INVALID", /percent-encoding/],
    ["repo:acme/web?", "TARGET_INVALID", /"pointer" and "format" only/],
    ["repo:acme/web?mode=x", "TARGET_INVALID", /"pointer" and "format" only/],
    ["repo:acme/web?toString=x", "TARGET_INVALID", /"pointer" and "format" only/],
    ["repo:acme/web?format=sha256", "TARGET_INVALID", /format=md5 or format=base64/],
    ["repo:acme/web?format", "TARGET_INVALID", /format=md5 or format=base64/],
    ["repo:acme/web?format=md5&format=md5", "TARGET_INVALID", /"format" once/],
    ["repo:acme/web?pointer=password", "TARGET_INVALID", /JSON Pointer/],
    ["repo:acme/web?pointer=", "TARGET_INVALID", /JSON Pointer/],
    ["repo:acme/web?pointer=/a~2", "TARGET_INVALID", /JSON Pointer/],
    ["repo:acme/web?pointer=/a~", "TARGET_INVALID", /JSON Pointer/],
    ["repo:acme/web#", "INPUT_MISSING", /has no name of its own/],
    ["repo:acme/web#1ST", "SECRET_NAME_INVALID", /no digit in front/],
    ["repo:acme/web#MY-SECRET", "SECRET_NAME_INVALID", /letters, digits and underscores/],
    ["repo:acme/web#A#B", "SECRET_NAME_INVALID", /letters, digits and underscores/],
  ])("%j as %s", (text, code, message) => {
    const act = (): unknown => parseTarget(text, "DEFAULT");
    expect(act).toThrowWithCode(code);
    expect(act).toThrow(message);
  });

  test("if neither it nor the step names a secret", () => {
    expect(() => parseTarget("repo:acme/web")).toThrowWithCode("INPUT_MISSING");
  });

  test("if the step's name is none that GitHub takes", () => {
    expect(() => parseTarget("repo:acme/web", "GITHUB_X")).toThrowWithCode("SECRET_NAME_INVALID");
  });

  test("if it holds half a character, which no path can carry", () => {
    expect(() => parseTarget("env:acme/web/\ud83d#A")).toThrowWithCode("TARGET_INVALID");
  });
});

describe("the text of a target", () => {
  test.each([
    ["repo:acme/web#A", "repo:acme/web#A"],
    ["repo:acme/web#%41", "repo:acme/web#A"],
    ["env:acme/web/eu%2Fstaging#A", "env:acme/web/eu/staging#A"],
    ["env:acme/web/blue green#A", "env:acme/web/blue%20green#A"],
    ["org:acme?format=md5&visibility=all#A", "org:acme?visibility=all&format=md5#A"],
    ["dependabot:acme/web#A", "dependabot:acme/web#A"],
    ["env:acme/web/%E7%94%9F%E4%BA%A7#A", "env:acme/web/生产#A"],
    ["env:acme/web/100%25%23%3F#A", "env:acme/web/100%25%23%3F#A"],
    ["env:acme/web/a%0Ab%E2%80%8F#A", "env:acme/web/a%0Ab%E2%80%8F#A"],
    ["env:acme/web/%2F/x#A", "env:acme/web///x#A"],
    ["repo:acme/web?format=md5&pointer=/p#A", "repo:acme/web?pointer=/p&format=md5#A"],
    ["repo:acme/web?pointer=/a%26b%3Dc%20d#A", "repo:acme/web?pointer=/a%26b=c%20d#A"],
  ])("%s is %s, and stays so", (text, canonical) => {
    expect(formatTarget(parseTarget(text))).toBe(canonical);
    expect(formatTarget(parseTarget(canonical))).toBe(canonical);
  });

  test("says all that the target is, whatever characters there are in it", () => {
    const pieces = [
      "a",
      "Z",
      "/",
      "%",
      "#",
      "?",
      "&",
      "=",
      "~",
      " ",
      "+",
      "\n",
      ":",
      "生",
      "🔑",
      "\u200f",
      "'",
      "é",
    ];
    let seed = 1;
    const pick = (): string => {
      // A generator with a fixed seed: the same texts in every run.
      seed = (seed * 48_271) % 2_147_483_647;
      return pieces[seed % pieces.length] ?? "";
    };
    const word = (length: number): string => Array.from({ length }, pick).join("");
    for (let round = 0; round < 2_000; round += 1) {
      const pointer = `/${word(round % 5).replaceAll("~", "~0")}`;
      const target = { place: env(`x${word(round % 7)}`), secretName: "A", pointer, format: "md5" as const };
      const text = formatTarget(target);
      expect(parseTarget(text)).toEqual(target);
      expect(text).not.toMatch(/[\s\p{C}]/u);
    }
  });
});

describe("GitHub takes", () => {
  test.each([
    "A",
    "_",
    "a1_B2",
    "_1",
    "GITHUB",
    "GITHUBX_A",
    "ROTATING",
    "ROTATING_0123456789A",
    "ROTATING_012345678G",
  ])("the name %s", (name) => {
    expect(() => {
      checkSecretName(name);
    }).not.toThrow();
  });

  test.each([
    ["", /letters/],
    ["1A", /no digit in front/],
    ["A-B", /letters/],
    ["A B", /letters/],
    ["Ä", /letters/],
    ["A\n", /letters/],
    ["ſ", /letters/],
    ["GITHUB_TOKEN", /GITHUB_/],
    ["github_token", /GITHUB_/],
    ["ROTATING_0123456789", /own markers/],
    ["rotating_abcdefABCD", /own markers/],
  ])("not the name %j", (name, expected) => {
    const act = (): void => {
      checkSecretName(name);
    };
    expect(act).toThrowWithCode("SECRET_NAME_INVALID");
    expect(act).toThrow(expected);
  });
});

describe("two targets are the same secret", () => {
  test.each([
    ["repo:acme/web#A", "repo:ACME/Web#a", true],
    ["repo:acme/web?pointer=/a#A", "repo:acme/web?format=md5#A", true],
    ["env:acme/web/Prod#A", "env:acme/web/prod#A", true],
    ["env:acme/web/a%2Fb#A", "env:acme/web/a/b#A", true],
    ["repo:acme/web#A", "repo:acme/web#B", false],
    ["repo:acme/web#A", "env:acme/web/web#A", false],
    ["env:acme/web/a b#A", "env:acme/web/a%2520b#A", false],
  ])("%s and %s: %s", (one, other, same) => {
    expect(targetKey(parseTarget(one)) === targetKey(parseTarget(other))).toBe(same);
  });
});

test("a place is written as its targets are, without options and name", () => {
  expect(formatPlace(parseTarget("env:acme/web/blue green?format=md5#A").place)).toBe(
    "env:acme/web/blue%20green",
  );
});

test("the places of some targets are told once each, in their order", () => {
  const targets = ["repo:acme/web#A", "env:acme/web/x#A", "repo:ACME/web#B", "env:acme/web/X#C"].map((text) =>
    parseTarget(text),
  );
  expect(placesOf(targets).map(placeKey)).toEqual(["repo:acme/web", "env:acme/web/x"]);
});
