import { createHash } from "node:crypto";
import { format, inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { maskedForms, Masker, Secret } from "../src/secret.ts";
import { createRunnerMasker } from "./support/runner/masker.ts";

const VALUE = "Abcdefgh12345678ijkl";

function bench(): { masker: Masker; announced: string[] } {
  const announced: string[] = [];
  return { masker: new Masker((form) => announced.push(form)), announced };
}

describe("a secret", () => {
  test("gives its value to who asks for it by name", () => {
    expect(bench().masker.secret(VALUE).expose()).toBe(VALUE);
  });

  test("is masked before it exists", () => {
    const announced: string[] = [];
    const failing = new Masker((form) => {
      announced.push(form);
      throw new Error("the log is gone");
    });
    expect(() => new Secret(VALUE, failing)).toThrow("the log is gone");
    expect(announced).toEqual([VALUE]);
  });

  test("equals another one of the same value only", () => {
    const { masker } = bench();
    expect(masker.secret("one one").equals(masker.secret("one one"))).toBe(true);
    expect(masker.secret("one one").equals(masker.secret("one two"))).toBe(false);
    expect(masker.secret("one one")).toEqual(masker.secret("one one"));
    expect({ value: masker.secret("one one") }).not.toEqual({ value: masker.secret("one two") });
  });

  const cause = (secret: Secret): Error =>
    new Error("outer", { cause: new Error("inner", { cause: secret }) });
  test.each<[string, (secret: Secret) => unknown]>([
    ["String()", (secret) => String(secret)],
    ["a template", (secret) => `${String(secret)}!`],
    ["toLocaleString()", (secret) => secret.toLocaleString()],
    ["JSON", (secret) => JSON.stringify({ deep: [{ secret }] })],
    ["JSON with indents", (secret) => JSON.stringify(secret, null, 2)],
    ["inspect", (secret) => inspect(secret)],
    [
      "inspect of everything hidden",
      (secret) => inspect([{ secret }], { showHidden: true, depth: Infinity }),
    ],
    [
      "inspect without custom functions",
      (secret) => inspect(secret, { customInspect: false, showHidden: true }),
    ],
    ["inspect with getters", (secret) => inspect(secret, { getters: true, customInspect: false })],
    ["%s", (secret) => format("%s", secret)],
    ["%j", (secret) => format("%j", { secret })],
    ["%o", (secret) => format("%o", { secret })],
    ["%O", (secret) => format("%O", { secret })],
    ["%d", (secret) => format("%d", secret)],
    ["console.log's way with several values", (secret) => format("a", secret, { secret })],
    ["an error's cause", (secret) => inspect(cause(secret), { depth: Infinity, showHidden: true })],
    // That a spread loses everything is the point.
    // eslint-disable-next-line @typescript-eslint/no-misused-spread
    ["a spread", (secret) => inspect({ ...secret }, { showHidden: true })],
    ["its entries", (secret) => inspect(Object.entries(Object.getOwnPropertyDescriptors(secret)))],
    ["structuredClone", (secret) => inspect(structuredClone(secret), { showHidden: true })],
    ["join", (secret) => [secret, secret].join(",")],
    ["a Map", (secret) => inspect(new Map([[secret, secret]]), { showHidden: true })],
    ["a Set", (secret) => inspect(new Set([secret]), { customInspect: false })],
    ["concat", (secret) => "a".concat(String(secret))],
    ["Object.assign", (secret) => JSON.stringify(Object.assign({}, secret))],
  ])("shows nothing of its value to %s", (_, show) => {
    const shown = show(bench().masker.secret(VALUE));
    expect(shown).toBeTypeOf("string");
    for (const form of maskedForms(VALUE)) expect(shown).not.toContain(form);
  });

  test("stands as three asterisks wherever it is printed on purpose", () => {
    const secret = bench().masker.secret(VALUE);
    expect([String(secret), JSON.stringify(secret), inspect(secret), inspect([secret])]).toEqual([
      "***",
      '"***"',
      "***",
      "[ *** ]",
    ]);
  });
});

describe("every form of promise 3 is announced", () => {
  // Worked out with other programs, or by hand.
  test.each([
    ["the value", VALUE, VALUE],
    ["base64", VALUE, "QWJjZGVmZ2gxMjM0NTY3OGlqa2w="],
    ["base64url", VALUE, "QWJjZGVmZ2gxMjM0NTY3OGlqa2w"],
    ["base64 without the character that what follows would change", VALUE, "QWJjZGVmZ2gxMjM0NTY3OGlqa2"],
    ["lower-case hex", VALUE, "41626364656667683132333435363738696a6b6c"],
    ["upper-case hex", VALUE, "41626364656667683132333435363738696A6B6C"],
    ["base64url where it differs", "a???b>>>c", "YT8_P2I-Pj5j"],
    ["base64 where it differs", "a???b>>>c", "YT8/P2I+Pj5j"],
    ["percent-encoding", "ab+/cd==EF", "ab%2B%2Fcd%3D%3DEF"],
    ["percent-encoding in lower case", "ab+/cd==EF", "ab%2b%2fcd%3d%3dEF"],
    ["percent-encoding in lower case of what forms write otherwise", "a b+/cd", "a%20b%2b%2fcd"],
    ["percent-encoding as JavaScript does it", "pass word(1)!", "pass%20word(1)!"],
    ["form encoding", "pass word1", "pass+word1"],
    ["form encoding in lower case", "pass word/1", "pass+word%2f1"],
    ["form encoding of what it alone encodes", "pass'word~", "pass%27word%7E"],
    ["a JSON string", 'say "hi"\t\\', 'say \\"hi\\"\\t\\\\'],
    ["a JSON string with its slashes escaped", "a/b<c>d", "a\\/b<c>d"],
    ["a JSON string with its slashes escaped, and the rest as it is", "密/钥 abcd", "密\\/钥 abcd"],
    ["a JSON string with its slashes escaped, and the rest too", "密/钥 abcd", "\\u5bc6\\/\\u94a5 abcd"],
    ["a JSON string in ASCII", "密钥é🔑ab", "\\u5bc6\\u94a5\\u00e9\\ud83d\\udd11ab"],
    ["hex of UTF-8", "密钥é🔑ab", "e5af86e992a5c3a9f09f94916162"],
    ["base64 of UTF-8", "密钥é🔑ab", "5a+G6ZKlw6nwn5SRYWI="],
    ["each line", "first line\nsecond line", "second line"],
    ["each line of another system", "first line\r\nsecond line", "first line"],
    ["each line of an old system", "first line\rsecond line", "first line"],
    ["base64 of each line", "first line\nsecond line", "c2Vjb25kIGxpbmU="],
    ["a line without its blanks", "  indented\n", "indented"],
    ["the value without its blanks", " blanks around ", "blanks around"],
    ["base64 of the value without its blanks", " blanks around ", "YmxhbmtzIGFyb3VuZA=="],
    ["a string inside JSON", '{"app_id":"cli_a1","app_secret":"s3cr3tValueXYZ"}', "s3cr3tValueXYZ"],
    ["base64 of a string inside JSON", '{"app_secret":"s3cr3tValueXYZ"}', "czNjcjN0VmFsdWVYWVo="],
    ["a string deep inside JSON", '[{"a":[["s3cr3tValueXYZ"]]}]', "s3cr3tValueXYZ"],
    ["an escaped string inside JSON", '{"a":"line one\\nline two \\u5bc6"}', "line two 密"],
    ["the string that JSON is", '"s3cr3tValueXYZ"', "s3cr3tValueXYZ"],
    [
      "a line of JSON printed over several",
      '{\n  "app_secret": "s3cr3tValueXYZ"\n}',
      '"app_secret": "s3cr3tValueXYZ"',
    ],
  ])("%s", (_, value, form) => {
    const { masker, announced } = bench();
    masker.secret(value);
    expect(announced).toContain(form);
  });

  test("and no form twice, though many are equal", () => {
    const { masker, announced } = bench();
    masker.secret("abcdef");
    masker.secret('["abcdef","abcdef"]');
    masker.mask("abcdef");
    expect(announced).toHaveLength(new Set(announced).size);
    expect(announced.length).toBeGreaterThan(5);
  });

  test("and nothing whole that has several lines", () => {
    for (const form of maskedForms("first line\nsecond line\r\n\r\nthird line"))
      expect(form).not.toMatch(/[\r\n]/);
    expect(maskedForms("first line\nsecond line")).not.toContain("Zmlyc3QgbGluZQpzZWNvbmQgbGluZQ==");
  });
});

describe("nothing short is announced", () => {
  test.each([
    ["an empty value", ""],
    ["five characters", "abcde"],
    ["five characters and many blanks", "   abcde      "],
    ["blanks", "          "],
    ["short lines", "{\n[\n]\n}\nabc"],
    ["short strings inside JSON", '{"a":"b"}'.slice(0, 5)],
  ])("%s", (_, value) => {
    expect([...maskedForms(value)]).toEqual([]);
  });

  test("such as the braces and the short strings of JSON", () => {
    const forms = maskedForms('{\n  "id": "cli_a",\n  "app_secret": "s3cr3tValueXYZ"\n}');
    for (const short of ["{", "}", "cli_a", '"id"', "id"]) expect(forms).not.toContain(short);
    for (const form of forms) expect(form.length).toBeGreaterThanOrEqual(6);
  });

  test.each([
    ["", false],
    ["abcde", false],
    ["  abcde  ", false],
    ["abcdef", true],
    ["abcdef\nabcdefg", true],
  ])("and a secret says whether it can be masked: %j %s", (value, maskable) => {
    expect(bench().masker.secret(value).maskable).toBe(maskable);
  });

  test("and a secret whose every line is short says that it cannot be masked", () => {
    const { masker, announced } = bench();
    const secret = masker.secret("abc\ndef\nghi");
    expect(announced).toEqual([]);
    expect(secret.maskable).toBe(false);
  });
});

describe("masking never throws", () => {
  test.each([
    ["half a surrogate pair", "\ud83dabcdefgh"],
    ["the other half", "abcdefgh\udd11"],
    ["half a surrogate pair inside JSON", '{"a":"\\ud83dabcdefgh"}'],
    ["broken JSON", '{"a":"abcdefgh"'],
    ["JSON nested deeper than the stack", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
    ["JSON with objects nested deeper than the stack", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["an array of more strings than a call takes", `[${'"",'.repeat(150_000)}"abcdefgh"]`],
    ["a key that is a prototype", '{"__proto__":"abcdefgh","constructor":{"prototype":"abcdefgi"}}'],
    ["NUL and other controls", "\u0000\u0001\u001b[31mabcdef\u2028\u0085"],
    ["a percent sign that encodes nothing", "100%abcdef"],
    ["48 KB", "x".repeat(49_152)],
    ["many lines", "abcdefgh\n".repeat(5_000)],
  ])("at %s", (_, value) => {
    const { masker, announced } = bench();
    expect(masker.secret(value).expose()).toBe(value);
    expect(announced.every((form) => form.length >= 6)).toBe(true);
  });

  test("and half a surrogate pair is announced as it is and as UTF-8 shows it", () => {
    expect([...maskedForms("\ud83dabcdefgh")]).toEqual(
      expect.arrayContaining(["\ud83dabcdefgh", "%EF%BF%BDabcdefgh", "efbfbd6162636465666768"]),
    );
  });
});

describe("the runner's log hides", () => {
  // Each leaks where only the value itself is registered: the runner derives other forms.
  test.each([
    ["base64url", VALUE, "QWJjZGVmZ2gxMjM0NTY3OGlqa2w", "***"],
    ["base64 with a newline behind the value", VALUE, "QWJjZGVmZ2gxMjM0NTY3OGlqa2wK", "***K"],
    ["hex", VALUE, "41626364656667683132333435363738696a6b6c", "***"],
    ["form encoding", "pass word1", "a=pass+word1", "a=***"],
    ["JavaScript's percent-encoding", "pass word(1)!", "pass%20word(1)!", "***"],
    ["percent-encoding in lower case", "ab+/cd==EF", "ab%2b%2fcd%3d%3dEF", "***"],
    ["JSON of other libraries", "a/b<c>d", "a\\/b<c>d", "***"],
    ["JSON in ASCII", "密钥é🔑ab", '"\\u5bc6\\u94a5\\u00e9\\ud83d\\udd11ab"', '"***"'],
    ["a part of JSON", '{"app_id":"cli_a1","app_secret":"s3cr3tValueXYZ"}', "s3cr3tValueXYZ", "***"],
  ])("%s", (_, value, text, masked) => {
    const alone = createRunnerMasker();
    alone.add(value);
    expect(alone.mask(text)).not.toBe(masked);

    const runner = createRunnerMasker();
    new Masker((form) => {
      runner.add(form);
    }).secret(value);
    expect(runner.mask(text)).toBe(masked);
  });

  test("no brace, though the secret is JSON over several lines", () => {
    const runner = createRunnerMasker();
    new Masker((form) => {
      runner.add(form);
    }).secret('{\n  "app_secret": "s3cr3tValueXYZ"\n}');
    expect(runner.mask('{"results":[{}]}')).toBe('{"results":[{}]}');
    expect(runner.mask("s3cr3tValueXYZ")).toBe("***");
  });
});

describe("redact", () => {
  test("replaces every form, wherever it stands", () => {
    const { masker } = bench();
    masker.secret(VALUE);
    const hex = Buffer.from(VALUE).toString("hex");
    expect(masker.redact(`${VALUE}, ${hex} and again ${VALUE}.`)).toBe("***, *** and again ***.");
  });

  test("replaces the longest form first, so that no tail stays behind", () => {
    const { masker } = bench();
    masker.secret("abcdef");
    masker.secret("abcdefghi");
    expect(masker.redact("abcdefghi abcdef")).toBe("*** ***");
  });

  test("takes the characters of a secret as they are, and none of them as a pattern", () => {
    const { masker } = bench();
    masker.secret("a.c(e$&f");
    expect(masker.redact("a.c(e$&f abcde$&f")).toBe("*** abcde$&f");
  });

  test("leaves a text alone that holds no secret", () => {
    const { masker } = bench();
    masker.secret(createHash("sha256").update("x").digest("hex"));
    expect(masker.redact("nothing here: {} *** abc")).toBe("nothing here: {} *** abc");
  });
});
