import { providers } from "../../src/providers/index.ts";
import type { ProviderInputs } from "../../src/providers/provider.ts";
import { Masker } from "../../src/secret.ts";
import { readingContext } from "../../test/support/reading-context.ts";

/** What the providers themselves say of an input by how they read it. */
export interface ProviderInput {
  /** The ids of those that read it. */
  readonly usedBy: readonly string[];
  /** The words that it takes, if it takes only some. The first is the default. */
  readonly choices?: readonly string[];
  readonly isDuration: boolean;
  /** Whether it is masked. */
  readonly isSecret: boolean;
}

/**
 * Makes every provider with made-up inputs, in every way that their choices allow, and notes what is read.
 *
 * @returns by name of the input, in no order.
 */
export function inputsOfProviders(): ReadonlyMap<string, ProviderInput> {
  const found = new Map<
    string,
    { usedBy: Set<string>; choices?: readonly string[]; isDuration: boolean; isSecret: boolean }
  >();
  for (const id of Object.keys(providers)) {
    for (const read of readBy(id)) {
      const input = found.get(read.name) ?? { usedBy: new Set(), isDuration: false, isSecret: false };
      input.usedBy.add(id);
      if (read.choices !== undefined) input.choices = read.choices;
      if (read.isDuration) input.isDuration = true;
      if (read.isSecret) input.isSecret = true;
      found.set(read.name, input);
    }
  }
  return new Map([...found].map(([name, input]) => [name, { ...input, usedBy: [...input.usedBy] }]));
}

interface Read {
  readonly name: string;
  readonly choices?: readonly string[];
  readonly isDuration?: boolean;
  readonly isSecret?: boolean;
}

function readBy(id: string): readonly Read[] {
  const factory = providers[id];
  if (factory === undefined) throw new Error(`There is no provider ${id}.`);
  const reads: Read[] = [];
  // Which inputs are read can depend on a choice, on the mode, and on whether others are set.
  const open: Readonly<Record<string, string>>[] = [{}];
  for (let chosen = open.pop(); chosen !== undefined; chosen = open.pop()) {
    for (const isSet of [true, false]) {
      for (const mode of ["rotate", "sync", "plan"] as const) {
        const masker = new Masker(() => undefined);
        const optional = (name: string): string | undefined => {
          reads.push({ name });
          return isSet ? "1" : undefined;
        };
        const secret = (name: string): ReturnType<Masker["secret"]> => {
          reads.push({ name, isSecret: true });
          return masker.secret(`a made-up ${name}`);
        };
        const choose = (name: string, choices: readonly string[]): string => {
          const isNew = reads.every((read) => read.name !== name || read.choices === undefined);
          if (isNew) open.push(...choices.slice(1).map((choice) => ({ ...chosen, [name]: choice })));
          reads.push({ name, choices });
          return chosen[name] ?? choices[0] ?? "";
        };
        const inputs: ProviderInputs = {
          appId: "app",
          mode,
          verifies: true,
          event: { name: "schedule", payload: () => ({}) },
          idTokens: undefined,
          below: () => [],
          optional,
          credential: optional,
          required: (name) => optional(name) ?? "1",
          secret,
          optionalSecret: (name) => (isSet ? secret(name) : void optional(name)),
          choice: choose as ProviderInputs["choice"],
          duration: (name) => {
            reads.push({ name, isDuration: true });
            return isSet ? 60_000 : undefined;
          },
          url: ((name: string, standard?: string) =>
            optional(name) === undefined ? standard : "https://example.com") as ProviderInputs["url"],
          address: (name) => (optional(name) === undefined ? undefined : "https://example.com"),
          problem: () => undefined,
        };
        factory(inputs, readingContext(masker));
      }
    }
  }
  return reads;
}
