import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import { formatTarget, parseTarget } from "../../src/github/target.ts";
import { Masker } from "../../src/secret.ts";
import { valueFor } from "../../src/value.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 300 });

/** A JSON value of which it is known how it was written. */
type Node =
  | { readonly kind: "leaf"; readonly text: string; readonly found: string }
  | { readonly kind: "null" }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Node])[] };

/** Keys that mean something in a pointer, in a target or in JavaScript, and any others. */
const keys = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "a/b",
    "m~n",
    "~0",
    "~1",
    "~01",
    "/",
    "%2F",
    "#",
    "&",
    "=",
    "?",
    "+",
    " ",
    "-",
    "0",
    "1",
    "01",
  ),
  fc.constantFrom("__proto__", "constructor", "length", "toString", "source", "hasOwnProperty", "密钥", "🔑"),
  fc.string({ unit: "binary", maxLength: 6 }),
);

const dice = fc.infiniteStream(fc.nat({ max: 9 }));

/** A string as JSON, some of its characters escaped though they need not be. */
const quoted = (text: string, die: Iterator<number>): string =>
  `"${Array.from({ length: text.length }, (_, at) => {
    const unit = text.charAt(at);
    const must = unit === '"' || unit === "\\" || unit < " ";
    if (unit === "/" && die.next().value === 1) return "\\/";
    return must || die.next().value === 0 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit;
  }).join("")}"`;

const leaf = (text: string, found = text): Node => ({ kind: "leaf", text, found });
const strings = fc
  .tuple(fc.string({ unit: "binary", maxLength: 12 }), dice)
  .map(([text, die]) => leaf(quoted(text, die), text));
const numbers = fc
  .oneof(
    fc.stringMatching(/^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,4})?$/),
    fc.constantFrom("-0", "1E400", "0.10", "12345678901234567890", "1e-999"),
  )
  .map((text) => leaf(text));
const scalars: fc.Arbitrary<Node> = fc.oneof(
  strings,
  numbers,
  fc.constantFrom(leaf("true"), leaf("false"), { kind: "null" as const }),
);

const { node } = fc.letrec<{ node: Node; list: Node; object: Node }>((tie) => ({
  node: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalars, tie("object"), tie("list")),
  list: fc.array(tie("node"), { maxLength: 4 }).map((items): Node => ({ kind: "list", items })),
  object: fc
    .uniqueArray(fc.tuple(keys, tie("node")), { maxLength: 5, selector: ([key]) => key })
    .map((members): Node => ({ kind: "object", members })),
}));

const blanks = fc.infiniteStream(fc.constantFrom("", "", " ", "\n", "\t", "\r\n"));

function write(value: Node, die: Iterator<number>, blank: Iterator<string>): string {
  const gap = (): string => blank.next().value as string;
  switch (value.kind) {
    case "leaf":
      return `${gap()}${value.text}${gap()}`;
    case "null":
      return `${gap()}null${gap()}`;
    case "list":
      return `${gap()}[${value.items.map((item) => write(item, die, blank)).join(",") || gap()}]${gap()}`;
    case "object": {
      const members = value.members.map(
        ([key, inner]) => `${gap()}${quoted(key, die)}${gap()}:${write(inner, die, blank)}`,
      );
      return `${gap()}{${members.join(",") || gap()}}${gap()}`;
    }
  }
}

/** Every value inside, and the keys that lead to it. */
function walk(value: Node, path: readonly string[] = []): readonly (readonly [readonly string[], Node])[] {
  const inner: readonly (readonly [string, Node])[] =
    value.kind === "object"
      ? value.members
      : value.kind === "list"
        ? value.items.map((item, at) => [String(at), item])
        : [];
  return [[path, value], ...inner.flatMap(([key, each]) => walk(each, [...path, key]))];
}

const pointerOf = (path: readonly string[]): string =>
  path.map((key) => `/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");

const bench = fc
  .tuple(node, dice, blanks)
  .map(([value, die, blank]) => ({ value, text: write(value, die, blank) }));

function cut(
  secret: string,
  pointer: string,
  format?: "md5" | "base64",
): { value: string; announced: ReadonlySet<string> } {
  const announced = new Set<string>();
  const masker = new Masker((form) => announced.add(form));
  const target = parseTarget(
    formatTarget({
      place: { kind: "repo", owner: "acme", repo: "web" },
      secretName: "A",
      pointer,
      ...(format === undefined ? {} : { format }),
    }),
  );
  return { value: valueFor(target, masker.secret(secret), masker).expose(), announced };
}

/** What a pointer finds; undefined if nothing that can be written. */
function attempt(secret: string, pointer: string): string | undefined {
  try {
    return cut(secret, pointer).value;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RotationError);
    expect((thrown as RotationError).code).toBe("POINTER_UNRESOLVED");
    return undefined;
  }
}

describe("a pointer into any JSON", () => {
  test("finds every string, number and boolean as it was written, and nothing else", () => {
    fc.assert(
      fc.property(bench, ({ value, text }) => {
        // What we built is JSON, or the test itself is wrong.
        JSON.parse(text);
        for (const [path, inner] of walk(value)) {
          // The pointer to the whole is not to be written: a target without one means that.
          if (path.length === 0) continue;
          expect(attempt(text, pointerOf(path)), pointerOf(path)).toBe(
            inner.kind === "leaf" ? inner.found : undefined,
          );
        }
      }),
    );
  });

  test("finds nothing where there is nothing, whatever JavaScript has there", () => {
    const strange = fc.oneof(
      keys,
      fc.constantFrom("-", "-1", "+0", "1e0", "0x0", " 0", "٠", "00", "valueOf"),
    );
    fc.assert(
      fc.property(
        bench,
        fc.array(strange, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        ({ value, text }, more, pick) => {
          const all = walk(value);
          const [start = []] = all[pick % all.length] ?? [];
          const path = [...start, ...more];
          const there = all.find(([other]) => JSON.stringify(other) === JSON.stringify(path))?.[1];
          expect(attempt(text, pointerOf(path)), pointerOf(path)).toBe(
            there?.kind === "leaf" ? there.found : undefined,
          );
        },
      ),
    );
  });

  test("masks what it finds, in whatever form it is wanted", () => {
    const formats = fc.constantFrom(undefined, "md5" as const, "base64" as const);
    fc.assert(
      fc.property(bench, fc.nat(), formats, ({ value, text }, pick, format) => {
        const leaves = walk(value).filter(([path, { kind }]) => path.length > 0 && kind === "leaf");
        fc.pre(leaves.length > 0);
        const [path, inner] = leaves[pick % leaves.length] ?? [];
        if (path === undefined || inner?.kind !== "leaf") throw new Error("no leaf");
        const { value: got, announced } = cut(text, pointerOf(path), format);
        const bytes = Buffer.from(inner.found, "utf8");
        const wanted = {
          plain: inner.found,
          md5: createHash("md5").update(bytes).digest("hex"),
          base64: btoa(String.fromCharCode(...bytes)),
        }[format ?? "plain"];
        expect(got).toBe(wanted);
        for (const line of got.split(/\r\n|\r|\n/))
          if (line.trim().length >= 6) expect(announced).toContain(line);
      }),
    );
  });

  test("into any text at all finds something or is refused with its code", () => {
    const torn = fc.tuple(bench, fc.nat()).map(([{ text }, end]) => text.slice(0, end % (text.length + 1)));
    const noise = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    fc.assert(
      fc.property(fc.oneof(torn, noise), fc.array(keys, { minLength: 1, maxLength: 3 }), (text, path) => {
        attempt(text, pointerOf(path));
      }),
    );
  });
});
