import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import {
  checkSecretName,
  formatTarget,
  parseTarget,
  placeKey,
  type Target,
  targetKey,
} from "../../src/github/target.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 500 });

const CODES = ["TARGET_INVALID", "SECRET_NAME_INVALID", "INPUT_MISSING"];

const words = fc
  .string({ unit: fc.constantFrom(...Array.from("abzAZ019-_.")), minLength: 1, maxLength: 20 })
  .filter((word) => !/^\.+$/.test(word));

/** Any characters, and those that mean something in a target, in a URL or in a log more often than others. */
const anything = (minLength: number): fc.Arbitrary<string> => {
  const special = fc.constantFrom(
    ...Array.from("%?#&=~/+:; \n\t'\"\\"),
    "%2F",
    "%zz",
    "..",
    "生产",
    "é",
    "\u202e",
    "\ufeff",
  );
  return fc.string({
    unit: fc.oneof(special, fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
    minLength,
  });
};

const environments = anything(1).filter((name) => name !== "." && name !== "..");

const names = fc
  .tuple(
    fc.constantFrom(...Array.from("AbZ_")),
    fc.string({ unit: fc.constantFrom(...Array.from("aZ09_")), maxLength: 12 }),
  )
  .map((parts) => parts.join(""))
  .filter((name) => {
    try {
      checkSecretName(name);
      return true;
    } catch {
      return false;
    }
  });

const pointers = fc
  .array(anything(0), { minLength: 1, maxLength: 4 })
  .map((keys) => keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""));

const places: fc.Arbitrary<Target["place"]> = fc.oneof(
  fc.record({ kind: fc.constant("repo" as const), owner: words, repo: words }),
  fc.record({ kind: fc.constant("dependabot" as const), owner: words, repo: words }),
  fc.record({ kind: fc.constant("org" as const), org: words }),
  fc.record({ kind: fc.constant("env" as const), owner: words, repo: words, environment: environments }),
);

const targets: fc.Arbitrary<Target> = fc
  .record(
    {
      place: places,
      secretName: names,
      pointer: pointers,
      format: fc.constantFrom("md5" as const, "base64" as const),
      visibility: fc.constantFrom("all" as const, "private" as const),
    },
    { requiredKeys: ["place", "secretName"] },
  )
  .map(({ visibility, ...target }) => ({
    ...target,
    // Only an organization has one.
    ...(target.place.kind === "org" && visibility !== undefined ? { visibility } : {}),
  }));

/** What a place is called, before the percent-encoding of an environment. */
function pathOf(place: Target["place"]): string {
  return place.kind === "org" ? place.org : `${place.owner}/${place.repo}`;
}

/** A target, and one of the many ways to write it. */
const spellings = fc
  .tuple(targets, fc.boolean(), fc.infiniteStream(fc.integer({ min: 0, max: 3 })))
  .map(([target, pointerFirst, dice]) => {
    const spell = (text: string, ambiguous: string): string =>
      Array.from(text, (character) => {
        const die = dice.next().value as number;
        const encoded = Array.from(
          Buffer.from(character),
          (byte) => `%${byte.toString(16).padStart(2, "0")}`,
        ).join("");
        if (die === 0) return encoded;
        return ambiguous.includes(character) ? encoded.toUpperCase() : character;
      }).join("");
    const { place, pointer, format, visibility } = target;
    const options = [
      ...(visibility === undefined ? [] : [`visibility=${spell(visibility, "")}`]),
      ...(pointer === undefined ? [] : [`pointer=${spell(pointer, "%#&")}`]),
      ...(format === undefined ? [] : [`format=${spell(format, "")}`]),
    ];
    const written = pointerFirst ? options : options.reverse();
    const query = written.length === 0 ? "" : `?${written.join("&")}`;
    const environment = place.kind === "env" ? `/${spell(place.environment, "%?#")}` : "";
    const text = `${place.kind}:${pathOf(place)}${environment}${query}#${spell(target.secretName, "%")}`;
    return { target, text };
  });

describe("any legal target", () => {
  test("is read as what it was written from, however it is spelt", () => {
    fc.assert(
      fc.property(spellings, ({ target, text }) => {
        expect(parseTarget(text)).toEqual(target);
      }),
    );
  });

  test("has one canonical text, which stays as it is", () => {
    fc.assert(
      fc.property(spellings, ({ target, text }) => {
        const canonical = formatTarget(parseTarget(text));
        expect(canonical).toBe(formatTarget(target));
        expect(formatTarget(parseTarget(canonical))).toBe(canonical);
      }),
    );
  });

  test("has a text without blanks, line breaks and characters that nobody sees", () => {
    fc.assert(
      fc.property(targets, (target) => {
        expect(formatTarget(target)).not.toMatch(/[\s\p{C}]/u);
      }),
    );
  });

  test("takes the step's name where it has none of its own, and its own where it has one", () => {
    fc.assert(
      fc.property(targets, names, (target, fallback) => {
        const text = formatTarget(target);
        expect(parseTarget(text, fallback)).toEqual(target);
        const nameless = text.slice(0, text.lastIndexOf("#"));
        expect(parseTarget(nameless, fallback)).toEqual({ ...target, secretName: fallback });
      }),
    );
  });
});

describe("any text at all", () => {
  const units = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  });
  /** What is nearly a target reaches further into the parser than noise does. */
  const bent = fc
    .tuple(spellings, fc.nat(), fc.nat(), fc.oneof(units, anything(0)))
    .map(([{ text }, from, length, filling]) => {
      const start = from % (text.length + 1);
      return text.slice(0, start) + filling + text.slice(start + (length % 4));
    });

  test("is read as a target that can be written down, or refused with a documented code", () => {
    fc.assert(
      fc.property(fc.oneof(bent, bent, units, anything(0)), (text) => {
        let target: Target;
        try {
          target = parseTarget(text, "FALLBACK");
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RotationError);
          expect(CODES).toContain((thrown as RotationError).code);
          return;
        }
        expect(parseTarget(formatTarget(target))).toEqual(target);
        expect(() => {
          checkSecretName(target.secretName);
        }).not.toThrow();
      }),
    );
  });

  test("is refused where a percent sign encodes nothing", () => {
    const broken = fc.constantFrom("%", "%z", "%2", "%2G", "%FF", "%C3", "%C3x", "%ED%A0%80", "%%41");
    const wheres = fc.constantFrom("environment", "pointer", "name", "format");
    fc.assert(
      fc.property(anything(0), broken, anything(0), wheres, (before, percent, after, where) => {
        const text = `${encodeURIComponent(before)}${percent}${encodeURIComponent(after)}`;
        const written = {
          environment: `env:acme/web/${text}#A`,
          pointer: `repo:acme/web?pointer=/${text}#A`,
          format: `repo:acme/web?format=${text}#A`,
          name: `repo:acme/web#${text}`,
        }[where];
        // What follows may make it whole.
        fc.pre(!/^(?:[0-9A-F]|%[89AB])/i.test(encodeURIComponent(after)));
        expect(() => parseTarget(written)).toThrowWithCode("TARGET_INVALID");
      }),
    );
  });

  test("is never read as a place that climbs in the API's path", () => {
    const climbing = fc.constantFrom("..", ".", "%2e%2e", "%2E", ".%2e", "a", "a/..", "%2F..");
    fc.assert(
      fc.property(
        fc.constantFrom("repo:", "env:", "org:", "dependabot:"),
        fc.array(climbing, { maxLength: 4 }),
        (kind, segments) => {
          try {
            const { place } = parseTarget(`${kind}${segments.join("/")}#A`);
            const whole = [...pathOf(place).split("/"), ...(place.kind === "env" ? [place.environment] : [])];
            expect(whole.filter((segment) => /^\.*$/.test(segment))).toEqual([]);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(RotationError);
          }
        },
      ),
    );
  });
});

describe("the key of a target", () => {
  /** Of letters whose two cases belong to each other in any surroundings: sigma has two small forms. */
  const flip = (text: string, dice: Iterator<boolean>): string =>
    Array.from(text, (letter) => {
      const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
      const simple = lower.toUpperCase() === upper && upper.toLowerCase() === lower && !/[σςΣ]/.test(letter);
      return simple && dice.next().value === true ? (letter === lower ? upper : lower) : letter;
    }).join("");

  test("is the same for two that differ only in case", () => {
    fc.assert(
      fc.property(targets, fc.infiniteStream(fc.boolean()), (target, dice) => {
        const { place } = target;
        const other: Target = {
          ...target,
          secretName: flip(target.secretName, dice),
          place:
            place.kind === "org"
              ? { ...place, org: flip(place.org, dice) }
              : {
                  ...place,
                  owner: flip(place.owner, dice),
                  repo: flip(place.repo, dice),
                  ...(place.kind === "env" ? { environment: flip(place.environment, dice) } : {}),
                },
        };
        expect(targetKey(other)).toBe(targetKey(target));
        expect(placeKey(other.place)).toBe(placeKey(place));
      }),
    );
  });

  test("is the same whatever part of the secret it gets", () => {
    fc.assert(
      fc.property(targets, ({ place, secretName, ...options }) => {
        expect(targetKey({ place, secretName, ...options })).toBe(targetKey({ place, secretName }));
      }),
    );
  });

  test("is another for a target that differs in more than case", () => {
    const folded = ({ place, secretName }: Target): string =>
      JSON.stringify([place, secretName]).toUpperCase().toLowerCase();
    const changed = fc
      .tuple(targets, targets, fc.constantFrom("owner", "repo", "environment", "name", "kind"))
      .map(([one, { place, secretName }, what]): readonly [Target, Target] => {
        if (what === "name") return [one, { ...one, secretName }];
        if (what === "kind" || one.place.kind === "org" || place.kind === "org")
          return [one, { ...one, place }];
        const { kind, owner, repo } = one.place;
        const parts = {
          owner: what === "owner" ? place.owner : owner,
          repo: what === "repo" ? place.repo : repo,
        };
        const own = one.place.kind === "env" ? one.place.environment : "";
        const environment = what === "environment" && place.kind === "env" ? place.environment : own;
        return [
          one,
          { ...one, place: kind === "env" ? { kind, ...parts, environment } : { kind, ...parts } },
        ];
      });
    fc.assert(
      fc.property(changed, ([one, other]) => {
        fc.pre(folded(one) !== folded(other));
        expect(targetKey(one)).not.toBe(targetKey(other));
      }),
    );
  });
});
