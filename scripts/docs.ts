/**
 * Writes the parts of the docs that the sources know: README.md's tables of inputs and outputs from action.yml,
 * docs/troubleshooting.md from the table of errors, and the JSON Schema of rotations files.
 *
 *     node scripts/docs.ts            writes them
 *     node scripts/docs.ts --check    only says which are out of date
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { isMap, isScalar, parseDocument } from "yaml";
import { describeError, errorCodes } from "../src/errors.ts";
import { rotationsSchema } from "./docs/rotations-schema.ts";

const root = join(import.meta.dirname, "..");

/** The parts of action.yml that a reader of the README needs. */
interface Action {
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

interface Input {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string | number | boolean;
}

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const outdated: string[] = [];
for (const [file, text] of [
  ["README.md", await readme()],
  ["docs/troubleshooting.md", troubleshooting()],
  ["rotations.schema.json", JSON.stringify(rotationsSchema((await readAction()).inputs))],
] as const) {
  const path = join(root, file);
  const wanted = await format(text, { ...(await resolveConfig(path)), filepath: path });
  if (wanted === (await readOrEmpty(path))) continue;
  outdated.push(file);
  if (!options.check) await writeFile(path, wanted);
}
if (outdated.length > 0) {
  console.log(`${options.check ? "Out of date" : "Written"}: ${outdated.join(", ")}.`);
  if (options.check) {
    console.error("Run `npm run docs` and commit what it changes.");
    process.exitCode = 1;
  }
}

async function readme(): Promise<string> {
  const text = await readFile(join(root, "README.md"), "utf8");
  const source = await readFile(join(root, "action.yml"), "utf8");
  const action = await readAction();
  return replacePart(
    replacePart(text, "inputs", inputTables(action, groupsOf(source))),
    "outputs",
    outputTable(action),
  );
}

async function readAction(): Promise<Action> {
  return parseDocument(await readFile(join(root, "action.yml"), "utf8")).toJS() as Action;
}

/** Replaces what stands between `<!-- NAME:start -->` and `<!-- NAME:end -->`. */
function replacePart(text: string, name: string, part: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [before, rest] = splitOnce(text, start);
  const [, after] = splitOnce(rest, end);
  return `${before}${start}\n\n${part}\n\n${end}${after}`;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  if (at < 0) throw new Error(`README.md has no ${separator} where one is expected.`);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

/** @returns the inputs in groups: a comment of one line above an input of action.yml begins one, and is its title. */
function groupsOf(source: string): ReadonlyMap<string, readonly string[]> {
  const inputs = parseDocument(source).get("inputs");
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
  return groups;
}

function inputTables({ inputs }: Action, groups: ReadonlyMap<string, readonly string[]>): string {
  return [...groups]
    .map(([title, names]) => {
      const rows = names.flatMap((name) => {
        const input = inputs[name];
        return input === undefined ? [] : [[`\`${name}\``, defaultOf(input), input.description]];
      });
      return [...(title === "" ? [] : [`### ${title}`]), table(["Input", "Default", "Meaning"], rows)].join(
        "\n\n",
      );
    })
    .join("\n\n");
}

function defaultOf({ required = false, default: value = "" }: Input): string {
  if (required) return "(required)";
  return value === "" ? "" : `\`${String(value)}\``;
}

function outputTable({ outputs }: Action): string {
  return table(
    ["Output", "Value"],
    Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A cell is one line: paragraphs are joined by a break, lines by a space. */
function cell(text: string): string {
  return text
    .trim()
    .replaceAll("|", "\\|")
    .replaceAll(/\n{2,}/g, "<br>")
    .replaceAll(/\s*\n\s*/g, " ");
}

function troubleshooting(): string {
  return [
    "<!-- Written by scripts/docs.ts from src/errors.ts. Change it there. -->",
    "# Troubleshooting",
    "Every error has a code which stays the same from version to version. The log, the job summary and the `results` output show it; what the provider or GitHub said stands in the log beside it.",
    ...errorCodes.map((code) => {
      const { title, meaning, fix } = describeError(code);
      return `## ${code}\n\n**${title}.** ${meaning}\n\n**What to do:** ${fix}`;
    }),
  ].join("\n\n");
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}
