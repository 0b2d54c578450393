import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, parseDocument } from "yaml";

/** action.yml, as far as its readers need it. */
export interface ActionFile {
  readonly inputs: Readonly<Record<string, ActionInput>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  /**
   * The names of the inputs in groups, by title: a comment of one line above an input begins one, and is its title.
   */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

export interface ActionInput {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string | number | boolean;
}

export const root = join(import.meta.dirname, "../..");

export async function readActionFile(): Promise<ActionFile> {
  const document = parseDocument(await readFile(join(root, "action.yml"), "utf8"));
  const inputs = document.get("inputs");
  if (!isMap(inputs)) throw new Error("action.yml has no inputs.");
  const groups = new Map<string, string[]>();
  let title = "";
  for (const [index, { key }] of inputs.items.entries()) {
    if (!isScalar(key)) throw new Error("An input of action.yml has no plain name.");
    // The parser gives a comment above the first input to the map.
    const comment = (index === 0 ? inputs.commentBefore : key.commentBefore)?.trim() ?? "";
    if (comment !== "" && !comment.includes("\n")) title = comment;
    groups.set(title, [...(groups.get(title) ?? []), String(key.value)]);
  }
  return { ...(document.toJS() as Omit<ActionFile, "groups">), groups };
}
