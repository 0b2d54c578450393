import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Masker } from "../../src/secret.ts";
import { createRunnerMasker, type RunnerMasker } from "../support/runner/masker.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 150 });

const SHORTEST = 6;

/** Characters that encodings treat differently, and any others. */
const special = fc.constantFrom(
  ...Array.from(" \t/+=&%\"'\\<>!()*~:;,[]{}#$^`|-_."),
  ...Array.from("abcXYZ019"),
  ...Array.from("é密钥"),
  "🔑",
  "\u0000",
  "\u001b",
  "\u007f",
  "\u00a0",
  "\u2028",
  "\ufeff",
);
const unit = fc.oneof(special, special, fc.string({ unit: "binary", minLength: 1, maxLength: 1 }));
const texts = fc.string({ unit, maxLength: 30 });
const breaks = fc.constantFrom("\n", "\r\n", "\r");
const several = fc
  .tuple(fc.array(texts, { minLength: 2, maxLength: 4 }), breaks)
  .map(([lines, between]) => lines.join(between));
const padded = fc
  .tuple(fc.constantFrom("", " ", "\t  "), texts, fc.constantFrom("", " ", "\n"))
  .map((all) => all.join(""));
const json = fc
  .tuple(fc.jsonValue({ stringUnit: "binary", maxDepth: 2 }), fc.constantFrom(undefined, 2, "\t"))
  .map(([value, indent]) => JSON.stringify(value, null, indent));
/** Fields as secrets have them. */
const fields = fc
  .tuple(
    fc.dictionary(texts, fc.oneof(texts, several, fc.array(texts, { maxLength: 3 })), { maxKeys: 4 }),
    fc.constantFrom(undefined, 2),
  )
  .map(([value, indent]) => JSON.stringify(value, null, indent));
const secrets = fc.oneof(texts, several, padded, json, fields);

/** With halves of characters, which no UTF-8 has, but JavaScript's strings do. */
const halves = fc.string({
  unit: fc.oneof(
    special,
    fc.integer({ min: 0xd800, max: 0xdfff }).map((half) => String.fromCharCode(half)),
  ),
  maxLength: 20,
});

/** What a log can hold of a secret: its lines, and the lines of every string inside it. */
function partsOf(secret: string): readonly string[] {
  const found: string[] = [secret];
  try {
    JSON.parse(secret, (_key, value: unknown) => {
      if (typeof value === "string") found.push(value);
      return value;
    });
  } catch {
    // No JSON: nothing inside.
  }
  return found.flatMap((text) => text.split(/\r\n|\r|\n/)).filter((line) => line.trim().length >= SHORTEST);
}

/** Promise 3 of the protocol, form by form, with nothing taken from the code that keeps it. */
function encodingsOf(line: string): Readonly<Record<string, string>> {
  const bytes = new TextEncoder().encode(line);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const base64 = btoa(String.fromCharCode(...bytes));
  const unpadded = base64.replace(/=/g, "");
  const percent = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-_.!~*'()]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
  const form = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (character === " ") return "+";
    return /[A-Za-z0-9\-_.*]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
  const escaped = JSON.stringify(line).slice(1, -1);
  const lower = (text: string): string => text.replace(/%../g, (escape) => escape.toLowerCase());
  return {
    "the value": line,
    base64,
    "unpadded base64": unpadded,
    // The last character changes with what follows the value.
    "trimmed base64": base64.endsWith("=") ? unpadded.slice(0, -1) : base64,
    base64url: unpadded.replace(/\+/g, "-").replace(/\//g, "_"),
    "lower-case hex": hex,
    "upper-case hex": hex.toUpperCase(),
    encodeURIComponent: percent,
    "encodeURIComponent in lower case": lower(percent),
    "form encoding": form,
    "form encoding in lower case": lower(form),
    "JSON escape": escaped,
    "JSON escape of /": escaped.replace(/\//g, "\\/"),
  };
}

interface Bench {
  readonly masker: Masker;
  readonly runner: RunnerMasker;
  readonly announced: readonly string[];
}

function bench(...all: readonly string[]): Bench {
  const runner = createRunnerMasker();
  const announced: string[] = [];
  const masker = new Masker((form) => {
    announced.push(form);
    // Through a pipe: halves of characters become U+FFFD, in commands as in the rest of the log.
    runner.add(form.toWellFormed());
  });
  for (const secret of all) masker.mask(secret);
  return { masker, runner, announced };
}

/** Shorter than any form, so that nothing but the form itself can be left over. */
const inBrackets = (form: string): string => `[${form}]`;
const HIDDEN = /^\[?\*\*\*\]?$/;

describe("any secret", () => {
  test("is hidden by the runner and by redact in every form of promise 3", () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const { masker, runner } = bench(secret);
        const texts = new Set(partsOf(secret).flatMap((line) => [line, line.trim()]));
        const shown = [...texts].flatMap((text) =>
          Object.entries(encodingsOf(text))
            .filter(([, form]) => {
              const line = inBrackets(form);
              return !HIDDEN.test(runner.mask(line)) || !HIDDEN.test(masker.redact(line));
            })
            .map(([name]) => `${name} of ${JSON.stringify(text)}`),
        );
        expect(shown).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("is hidden wherever its forms stand in a text, and however many secrets there are", () => {
    fc.assert(
      fc.property(
        fc.array(secrets, { minLength: 1, maxLength: 3 }),
        fc.array(texts, { minLength: 2, maxLength: 2 }),
        (all, [before = "", after = ""]) => {
          const { masker, runner } = bench(...all);
          for (const line of all.flatMap(partsOf)) {
            for (const form of Object.values(encodingsOf(line))) {
              // Asterisks beside asterisks can look like a secret that is made of them.
              if (form.includes("*") || before.includes("*") || after.includes("*")) continue;
              expect(runner.mask(before + form + after)).not.toContain(form);
              expect(masker.redact(before + form + after)).not.toContain(form);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("does not show in what redact leaves, so that nothing is left to redact", () => {
    // Asterisks beside asterisks can look like a secret that is made of them.
    const plain = secrets.filter((secret) => !secret.includes("*"));
    fc.assert(
      fc.property(
        fc.array(plain, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        texts,
        (all, picks, between) => {
          const { masker, announced } = bench(...all);
          const text = picks.map((pick) => announced[pick % announced.length] ?? "").join(between);
          const clean = masker.redact(text);
          expect(masker.redact(clean)).toBe(clean);
          for (const form of announced) expect(clean).not.toContain(form);
        },
      ),
    );
  });

  test("leaves texts alone that have nothing of it", () => {
    fc.assert(
      fc.property(
        secrets,
        fc.string({ unit: fc.constantFrom(...Array.from("∀∃∄∅∆∇")), maxLength: 30 }),
        (secret, text) => {
          expect(bench(secret.replace(/[∀-∇]/g, "")).masker.redact(text)).toBe(text);
        },
      ),
    );
  });
});

describe("masking any secret", () => {
  test("never throws, and gives the value back as it was", () => {
    fc.assert(
      fc.property(fc.oneof(secrets, halves), (secret) => {
        expect(bench().masker.secret(secret).expose()).toBe(secret);
      }),
    );
  });

  test("announces nothing under six characters, and nothing of several lines", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(secrets, halves), { maxLength: 3 }), (all) => {
        for (const form of bench(...all).announced) {
          expect(form.trim().length).toBeGreaterThan(0);
          expect(form.length).toBeGreaterThanOrEqual(SHORTEST);
          expect(form).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });

  test("announces nothing twice", () => {
    fc.assert(
      fc.property(fc.array(secrets, { maxLength: 3 }), (all) => {
        const { announced } = bench(...all, ...all);
        expect(announced).toHaveLength(new Set(announced).size);
      }),
    );
  });

  test("announces what is short in no way that would hide a brace or a quote of the log", () => {
    const short = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",: abc')), maxLength: SHORTEST - 1 });
    fc.assert(
      fc.property(fc.array(short), breaks, (lines, between) => {
        const { runner } = bench(lines.join(between));
        expect(runner.mask('{"results":[{"a":1}], "b": "c"}')).toBe('{"results":[{"a":1}], "b": "c"}');
      }),
    );
  });

  test("says that it can be masked only where some line of it is hidden", () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const { masker, announced } = bench();
        expect(masker.secret(secret).maskable).toBe(
          secret.split(/\r\n|\r|\n/).some((line) => line.trim().length >= SHORTEST),
        );
        if (announced.length === 0) expect(masker.secret(secret).maskable).toBe(false);
      }),
    );
  });
});

test("a secret with half a character is hidden as UTF-8 shows it", () => {
  fc.assert(
    fc.property(halves, (secret) => {
      const { runner, masker } = bench(secret);
      fc.pre(secret.trim().length >= SHORTEST);
      for (const [name, form] of Object.entries(encodingsOf(secret.toWellFormed()))) {
        expect(runner.mask(inBrackets(form)), name).toMatch(HIDDEN);
      }
      expect(masker.redact(inBrackets(secret))).toMatch(HIDDEN);
    }),
  );
});

test("a secret with half a character is hidden as JSON escapes it", () => {
  const { runner } = bench("\ud83dabcdefgh");
  expect(runner.mask(JSON.stringify("\ud83dabcdefgh"))).toBe('"***"');
});
