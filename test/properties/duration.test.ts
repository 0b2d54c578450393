import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "../../src/inputs/reader.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 500 });

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
const units = fc.constantFrom(...(Object.keys(SECONDS) as (keyof typeof SECONDS)[]));

describe("a duration", () => {
  test("is its number of its unit, whatever zeros stand in front", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), units, fc.nat({ max: 6 }), (count, unit, width) => {
        const text = String(count).padStart(width, "0");
        expect(parseDuration(`${text}${unit}`)).toBe(count * SECONDS[unit] * 1_000);
      }),
    );
  });

  test("is longer the greater its number is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_998 }), units, (count, unit) => {
        expect(parseDuration(`${String(count + 1)}${unit}`)).toBeGreaterThan(
          parseDuration(`${String(count)}${unit}`) ?? Infinity,
        );
      }),
    );
  });

  test("is nothing else: any other text is refused", () => {
    const digits = fc.constantFrom(...Array.from("0123456789"), "٣", "１", "²");
    const other = fc.constantFrom(...Array.from("smhdwSMHDWyn .,-+eE_"), "min", "\n", "µs", "ｄ");
    const near = fc
      .tuple(
        fc.string({ unit: digits, maxLength: 8 }),
        fc.string({ unit: fc.oneof(digits, other), maxLength: 4 }),
      )
      .map((parts) => parts.join(""));
    const tooLong = fc.tuple(fc.string({ unit: digits, maxLength: 9 }), units).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(near, tooLong, fc.string({ unit: "binary" })), (text) => {
        const count = Number(text.slice(0, -1));
        const legal = /^[0-9]{1,6}[smhdw]$/.test(text) && !text.includes("\n") && count > 0;
        expect(parseDuration(text) !== undefined).toBe(legal);
      }),
    );
  });

  test("never begins with nothing: zero is refused in every unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), units, (width, unit) => {
        expect(parseDuration(`${"0".repeat(width)}${unit}`)).toBeUndefined();
      }),
    );
  });
});
