import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SealedValue } from "../../src/github/seal.ts";
import type { Place, Target } from "../../src/github/target.ts";
import { createJournal, readJournal, type Unfinished } from "../../src/journal.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 100 });

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-properties-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Step =
  | {
      readonly did: "markers";
      readonly rotation: string;
      readonly places: readonly Place[];
      readonly found: boolean;
    }
  | { readonly did: "rotating" | "settled"; readonly rotation: string }
  | {
      readonly did: "sealed";
      readonly rotation: string;
      readonly target: Target;
      readonly value: SealedValue;
    }
  | { readonly did: "written"; readonly rotation: string; readonly target: Target };

const strange = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...Array.from('ab/\n\r"\\{}密\u2028')),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 8,
});
const rotations = fc.constantFrom("login", "pay", "密\n钥", "__proto__", "");
const places: fc.Arbitrary<Place> = fc.oneof(
  fc.constant({ kind: "repo", owner: "acme", repo: "web" } as const),
  fc.record({
    kind: fc.constant("env" as const),
    owner: fc.constant("acme"),
    repo: fc.constant("web"),
    environment: strange,
  }),
);
/** Few names, so that a target is met again. */
const targets: fc.Arbitrary<Target> = fc.record(
  {
    place: fc.constantFrom<Place>(
      { kind: "repo", owner: "acme", repo: "web" },
      { kind: "env", owner: "acme", repo: "web", environment: "生 产\n" },
    ),
    secretName: fc.constantFrom("ONE", "TWO"),
    format: fc.constant("md5" as const),
  },
  { requiredKeys: ["place", "secretName"] },
);
const values: fc.Arbitrary<SealedValue> = fc.record({
  encrypted_value: fc.base64String({ maxLength: 16 }),
  key_id: strange,
});

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      did: fc.constant("markers" as const),
      rotation: rotations,
      places: fc.array(places, { maxLength: 2 }),
      found: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ did: fc.constant("rotating" as const), rotation: rotations }) },
  { weight: 1, arbitrary: fc.record({ did: fc.constant("settled" as const), rotation: rotations }) },
  {
    weight: 4,
    arbitrary: fc.record({
      did: fc.constant("sealed" as const),
      rotation: rotations,
      target: targets,
      value: values,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ did: fc.constant("written" as const), rotation: rotations, target: targets }),
  },
);
const histories = fc.array(steps, { maxLength: 12 });

function record(history: readonly Step[]): string {
  files += 1;
  const path = join(folder, `${String(files)}.jsonl`);
  const journal = createJournal(path, () => undefined);
  // Until the first line there is no file, and nothing to settle.
  journal.rotating("first");
  journal.settled("first");
  for (const step of history) {
    switch (step.did) {
      case "markers":
        journal.markers(step.rotation, "ROTATING_0123456789", step.places, step.found);
        break;
      case "rotating":
        journal.rotating(step.rotation);
        break;
      case "settled":
        journal.settled(step.rotation);
        break;
      case "sealed":
        journal.sealed(step.rotation, step.target, step.value);
        break;
      case "written":
        journal.written(step.rotation, step.target);
        break;
    }
  }
  return path;
}

interface Left {
  readonly rotation: string;
  readonly marker: { readonly places: readonly Place[]; readonly found: boolean } | undefined;
  readonly rotating: boolean;
  readonly unsent: readonly string[];
  readonly sealed: number;
}

/** What is left to do, told from the steps themselves. */
function leftOf(history: readonly Step[]): readonly Left[] {
  return [...new Set(history.map(({ rotation }) => rotation))].flatMap((rotation) => {
    const own = history.filter((step) => step.rotation === rotation);
    const open = own.slice(own.findLastIndex(({ did }) => did === "settled") + 1);
    if (open.length === 0) return [];
    const markers = open.findLast((step) => step.did === "markers");
    const last = new Map<string, Step>();
    for (const step of open) {
      if (step.did === "sealed" || step.did === "written") last.set(JSON.stringify(step.target), step);
    }
    const unsent = [...last.values()].flatMap((step) =>
      step.did === "sealed" ? [JSON.stringify([step.target, step.value])] : [],
    );
    return [
      {
        rotation,
        marker: markers && { places: markers.places, found: markers.found },
        rotating: open.some(({ did }) => did === "rotating"),
        unsent: unsent.sort(),
        sealed: open.filter(({ did }) => did === "sealed").length,
      },
    ];
  });
}

const told = (unfinished: readonly Unfinished[]): readonly Left[] =>
  unfinished.map(({ rotation, marker, rotating, unsent, sealed }) => ({
    rotation,
    marker: marker && { places: marker.places, found: marker.found },
    rotating,
    unsent: unsent.map(({ target, value }) => JSON.stringify([target, value])).sort(),
    sealed,
  }));

const sorted = (all: readonly Left[]): readonly Left[] =>
  [...all].sort((a, b) => (a.rotation < b.rotation ? -1 : 1));

describe("the journal of any run", () => {
  test("tells what is left to do: what was sealed and not written above all", () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(sorted(told(readJournal(record(history))))).toEqual(sorted(leftOf(history)));
      }),
    );
  });

  test("that was cut off anywhere tells what its whole lines say, and calls nothing sent that was not", () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (history, cuts) => {
        const path = record(history);
        const whole = readFileSync(path);
        for (const at of cuts.take(8)) {
          const end = at % (whole.length + 1);
          writeFileSync(path, whole.subarray(0, end));
          const left = told(readJournal(path));
          // The two lines of `record` come first. A line is whole without the newline at its end, too.
          const parts = whole.subarray(0, end).toString("latin1").split("\n");
          const lines = parts.slice(0, -1).filter((line) => line !== "").length;
          const next = parts.at(-1) !== "" && whole[end] === 0x0a ? 1 : 0;
          const past = history.slice(0, Math.max(0, lines + next - 2));
          const first = lines + next === 1 ? [{ did: "rotating" as const, rotation: "first" }] : [];
          expect(sorted(left)).toEqual(sorted(leftOf([...first, ...past])));
        }
      }),
    );
  });

  test("is read past lines that are no JSON", () => {
    const noise = fc
      .string({
        unit: fc.oneof(
          fc.constantFrom(...Array.from('{}[]",:\\\u0000')),
          fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
        ),
      })
      .map((text) => text.replace(/\n/g, " "))
      .filter((text) => {
        try {
          JSON.parse(text);
          return false;
        } catch {
          return true;
        }
      });
    fc.assert(
      fc.property(histories, fc.array(fc.tuple(fc.nat(), noise), { maxLength: 4 }), (history, added) => {
        const path = record(history);
        const lines = readFileSync(path, "utf8").split("\n");
        for (const [at, text] of added) lines.splice(at % lines.length, 0, text);
        writeFileSync(path, lines.join("\n"));
        expect(sorted(told(readJournal(path)))).toEqual(sorted(leftOf(history)));
      }),
    );
  });

  test("is read whatever bytes are in it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), histories, (bytes, at, history) => {
        const path = record(history);
        const whole = readFileSync(path);
        const start = at % (whole.length + 1);
        writeFileSync(path, Buffer.concat([whole.subarray(0, start), bytes, whole.subarray(start)]));
        expect(() => readJournal(path)).not.toThrow();
      }),
    );
  });

  test.each(["null", "0", "{}", '{"rotation":"login","did":"sealed"}'])(
    "is read past a line of JSON that is no entry, such as %s",
    (line) => {
      const history: readonly Step[] = [{ did: "rotating", rotation: "login" }];
      const path = record(history);
      appendFileSync(path, `${line}\n`);
      expect(told(readJournal(path))).toEqual(leftOf(history));
    },
  );

  test("loses to a full disk no more than the line that it cut short", () => {
    const path = join(folder, "full-disk.jsonl");
    const journal = createJournal(path, () => undefined);
    const target: Target = { place: { kind: "repo", owner: "acme", repo: "web" }, secretName: "A" };
    journal.sealed("login", target, { encrypted_value: "YQ==", key_id: "1" });
    // What a write leaves that ends in the middle with ENOSPC. Then there is room again.
    appendFileSync(path, '{"rotation":"login","did":"sealed","target":{"pla');
    journal.settled("login");
    expect(readJournal(path)).toEqual([]);
  });
});
