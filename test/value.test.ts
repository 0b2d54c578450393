import { describe, expect, test } from "vitest";
import { parseTarget } from "../src/github/target.ts";
import { Masker } from "../src/secret.ts";
import { valueFor } from "../src/value.ts";

const JSON_SECRET = JSON.stringify({
  user: "login",
  password: "s3cr3tValueXYZ",
  port: 5432,
  enabled: false,
  nothing: null,
  empty: "",
  "a/b": "slash value",
  "m~n": "tilde value",
  "~1": "tilde and digit",
  "": "empty key",
  hosts: ["one.example", "two.example"],
  nested: { deep: { token: "deep value" } },
});

function cut(options: string, secret: string): { value: string; announced: ReadonlySet<string> } {
  const announced = new Set<string>();
  const masker = new Masker((form) => announced.add(form));
  const value = valueFor(parseTarget(`repo:acme/web${options}#NAME`), masker.secret(secret), masker);
  return { value: value.expose(), announced };
}

describe("a pointer", () => {
  test.each([
    ["/password", "s3cr3tValueXYZ"],
    ["/port", "5432"],
    ["/enabled", "false"],
    ["/empty", ""],
    ["/a~1b", "slash value"],
    ["/m~0n", "tilde value"],
    ["/~01", "tilde and digit"],
    ["/", "empty key"],
    ["/hosts/1", "two.example"],
    ["/nested/deep/token", "deep value"],
  ])("%s finds %j", (pointer, value) => {
    expect(cut(`?pointer=${pointer}`, JSON_SECRET).value).toBe(value);
  });

  test.each([
    ["a long one", "12345678901234567890"],
    ["one with its zeros", "1.500"],
    ["one with an exponent", "1E400"],
    ["minus zero", "-0"],
  ])("keeps a number as it was written: %s", (_, number) => {
    expect(cut("?pointer=/n", `{"n": ${number}}`).value).toBe(number);
  });

  test.each([
    ["/missing", "nothing"],
    ["/nothing", "null"],
    ["/hosts", "a list"],
    ["/nested", "an object"],
    ["/nested/missing/token", "nothing"],
    ["/hosts/2", "nothing"],
    ["/hosts/01", "nothing"],
    ["/hosts/-", "nothing"],
    ["/user/0", "nothing"],
    ["/constructor", "nothing"],
    ["/__proto__", "nothing"],
    ["/hosts/length", "nothing"],
    // Our own way of keeping a number must not look like a part of the secret.
    ["/port/source", "nothing"],
  ])("%s finds %s, and says so without the secret", (pointer, found) => {
    const announced = new Set<string>();
    const masker = new Masker((form) => announced.add(form));
    const target = parseTarget(`repo:acme/web?pointer=${pointer}#NAME`);
    const secret = masker.secret(JSON_SECRET);
    const act = (): unknown => valueFor(target, secret, masker);
    expect(act).toThrowWithCode("POINTER_UNRESOLVED");
    expect(act).toThrow(
      `The pointer "${pointer}" of target "repo:acme/web?pointer=${pointer}#NAME" finds ${found}; expected a string, number or boolean.`,
    );
    try {
      act();
    } catch (thrown) {
      expect(thrown).toHide(["s3cr3tValueXYZ", JSON_SECRET]);
    }
  });

  test.each([
    ["a word", "s3cr3tValueXYZ"],
    ["broken JSON", "{ s3cr3tValueXYZ"],
    ["nothing", ""],
    ["lists nested without end", "[".repeat(100_000)],
  ])("finds no JSON in %s", (_, secret) => {
    expect(() => cut("?pointer=/a", secret)).toThrow("finds no JSON");
    try {
      cut("?pointer=/a", secret);
    } catch (thrown) {
      expect(thrown).toHide(["s3cr3tValueXYZ"]);
    }
  });

  test("masks what it cuts, though it stood in the secret as something else", () => {
    const { announced } = cut("?pointer=/n", '{"n": 1234567890}');
    expect(announced).toContain("1234567890");
  });

  test("says where a cut is too short to be masked", () => {
    const masker = new Masker(() => undefined);
    const part = valueFor(parseTarget("repo:a/b?pointer=/port#N"), masker.secret(JSON_SECRET), masker);
    expect(part.maskable).toBe(false);
  });
});

describe("a format", () => {
  test.each([
    ["", "密钥é🔑ab", "密钥é🔑ab"],
    ["?format=md5", "密钥é🔑ab", "1181ad2e3598a4f7f6f00cda2ff9cdff"],
    ["?format=md5", "Abcdefgh12345678ijkl", "75d36c61dfc5e2ac326919be31108f9f"],
    ["?format=base64", "密钥é🔑ab", "5a+G6ZKlw6nwn5SRYWI="],
    ["?format=base64", "Abcdefgh12345678ijkl", "QWJjZGVmZ2gxMjM0NTY3OGlqa2w="],
    ["?pointer=/a&format=md5", '{"a":"Abcdefgh12345678ijkl"}', "75d36c61dfc5e2ac326919be31108f9f"],
  ])("%j of %j is %j, and masked", (options, secret, value) => {
    const made = cut(options, secret);
    expect(made.value).toBe(value);
    expect(made.announced).toContain(value);
  });

  test("is announced in every form of its own", () => {
    const { announced } = cut("?format=md5", "Abcdefgh12345678ijkl");
    expect(announced).toContain("75D36C61DFC5E2AC326919BE31108F9F".toLowerCase());
    expect(announced).toContain(Buffer.from("75d36c61dfc5e2ac326919be31108f9f").toString("base64url"));
  });
});
