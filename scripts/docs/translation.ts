import { createHash } from "node:crypto";
import { describeError, errorCodes } from "../../src/errors.ts";
import type { ActionFile } from "./action-file.ts";
import { groups, inputs, outputs } from "./zh-CN/action.ts";
import { errors } from "./zh-CN/errors.ts";

/** A translation, and which text it is one of: when that changes, the translation has to be read again. */
export type Translated<Texts> = Texts & {
  /** {@link digest} of the original. */
  readonly of: string;
};

/**
 * What is wrong with the Chinese texts in scripts/docs/zh-CN, a line each: what is missing, what has nothing to be a
 * translation of, and what is one of a text that has changed.
 */
export function staleTranslations(action: ActionFile): readonly string[] {
  return [
    ...compare(
      "scripts/docs/zh-CN/errors.ts",
      errors,
      errorCodes.map((code) => {
        const { title, meaning, fix } = describeError(code);
        return [code, digest(title, meaning, fix)];
      }),
    ),
    ...compare("scripts/docs/zh-CN/action.ts, inputs", inputs, descriptions(action.inputs)),
    ...compare("scripts/docs/zh-CN/action.ts, outputs", outputs, descriptions(action.outputs)),
    ...[...action.groups.keys()]
      .filter((title) => title !== "" && groups[title] === undefined)
      .map((title) => `scripts/docs/zh-CN/action.ts, groups: "${title}" is missing.`),
  ];
}

function descriptions(
  of: Readonly<Record<string, { readonly description: string }>>,
): readonly (readonly [string, string])[] {
  return Object.entries(of).map(([name, { description }]) => [name, digest(description)]);
}

function compare(
  file: string,
  translations: Readonly<Record<string, { readonly of: string }>>,
  originals: readonly (readonly [string, string])[],
): readonly string[] {
  const known = new Set(originals.map(([name]) => name));
  return [
    ...originals.flatMap(([name, of]) => {
      const found = translations[name];
      if (found === undefined) return [`${file}: ${name} is missing; its \`of\` is "${of}".`];
      return found.of === of
        ? []
        : [
            `${file}: ${name} is a translation of an older text. Read it again, then set its \`of\` to "${of}".`,
          ];
    }),
    ...Object.keys(translations)
      .filter((name) => !known.has(name))
      .map((name) => `${file}: ${name} translates nothing that there is.`),
  ];
}

/** Six hex digits that change when a text does. */
function digest(...texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 6);
}
