import { expectationOf } from "./expectations.ts";
import type { CaseFacts, Expectation } from "./expectations/words.ts";
import { FAULTS } from "./faults.ts";
import { labelText, type Boundary } from "./record.ts";
import type { Fault, Lasting, Spot } from "./strike.ts";
import type { SubjectId } from "./subjects/index.ts";
import type { Mode } from "./subjects/subject.ts";

/** One fault at one request of one provider's clean run. */
export interface Case {
  /** `SUBJECT/MODE/REQUEST/FAULT/LASTING`, the same on every machine. */
  readonly id: string;
  readonly spot: Spot;
  readonly fault: Fault;
  readonly lasting: Lasting;
  readonly expectation: Expectation;
}

/** Every case that a clean run's requests give, in a stable order. */
export function casesOf(subject: SubjectId, mode: Mode, boundaries: readonly Boundary[]): readonly Case[] {
  return boundaries.flatMap((boundary) => {
    const spot: Spot = { subject, mode, boundary };
    return FAULTS.flatMap((fault) =>
      fault.lastings(spot).map((lasting): Case => {
        const facts: CaseFacts = {
          subject,
          mode,
          role: boundary.role,
          request: boundary.name,
          fault: fault.name,
          lasting,
        };
        return {
          id: [subject, mode, labelText(boundary), fault.name, lasting].join("/"),
          spot,
          fault,
          lasting,
          expectation: expectationOf(facts),
        };
      }),
    );
  });
}

/** So many of the cases, the same ones for the same seed. */
export function sample<T>(all: readonly T[], count: number, seed: number): readonly T[] {
  const random = createRandom(seed);
  const shuffled = all.map((value) => ({ value, at: random() })).sort((a, b) => a.at - b.at);
  return shuffled.slice(0, count).map(({ value }) => value);
}

/** Every fault once at least, and every kind of fault at every provider; the same cases for the same seed. */
export function sampleOfEach(all: readonly Case[], seed: number): readonly Case[] {
  const seen = new Set<string>();
  return sample(all, all.length, seed).filter(({ spot, fault }) => {
    const news = [fault.name, `${spot.subject}/${fault.group}`].filter((kind) => !seen.has(kind));
    for (const kind of news) seen.add(kind);
    return news.length > 0;
  });
}

/** Numbers from 0 to 1: https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
