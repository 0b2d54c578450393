/**
 * Writes what the sources know: the tables of README.md and docs/interface.md, docs/troubleshooting.md, the JSON Schema
 * of rotations files, action-types.yml, and the lists of the issue form.
 *
 *     node scripts/docs.ts            writes them
 *     node scripts/docs.ts --check    only says which are out of date
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { describeError, errorCodes } from "../src/errors.ts";
import { type ActionFile, readActionFile, root } from "./docs/action-file.ts";
import { actionTypes } from "./docs/action-types.ts";
import { defaultOf, interfacePage, outputTable } from "./docs/interface.ts";
import { drawings } from "./docs/drawings.ts";
import { bugForm } from "./docs/issue-form.ts";
import { rotationsSchema } from "./docs/rotations-schema.ts";
import { code, replacePart, table } from "./docs/tables.ts";

/** Files by path, and what they are to be, made of what they are. */
const FILES: Readonly<Record<string, (text: string, action: ActionFile) => string>> = {
  "README.md": readme,
  "docs/interface.md": interfacePage,
  "docs/troubleshooting.md": troubleshooting,
  "rotations.schema.json": (_, { inputs }) => JSON.stringify(rotationsSchema(inputs)),
  "action-types.yml": (_, action) => actionTypes(action),
  ".github/ISSUE_TEMPLATE/bug.yml": bugForm,
};

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const action = await readActionFile();
const outdated: string[] = [];
for (const [file, make] of Object.entries(FILES)) {
  const path = join(root, file);
  const text = make(await readOrEmpty(path), action);
  await update(file, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
for (const [file, text] of drawings()) await update(file, text);
if (outdated.length > 0) {
  console.log(`${options.check ? "Out of date" : "Written"}: ${outdated.join(", ")}.`);
  if (options.check) {
    console.error("Run `npm run docs` and commit what it changes.");
    process.exitCode = 1;
  }
}

async function update(file: string, wanted: string): Promise<void> {
  const path = join(root, file);
  if (wanted === (await readOrEmpty(path))) return;
  outdated.push(file);
  if (!options.check) await writeFile(path, wanted);
}

function readme(text: string, action: ActionFile): string {
  return replacePart(replacePart(text, "inputs", inputTables(action)), "outputs", outputTable(action));
}

function inputTables({ inputs, groups }: ActionFile): string {
  return [...groups]
    .map(([title, names]) => {
      const rows = names.flatMap((name) => {
        const input = inputs[name];
        return input === undefined ? [] : [[code(name), defaultOf(input), input.description]];
      });
      return [...(title === "" ? [] : [`### ${title}`]), table(["Input", "Default", "Meaning"], rows)].join(
        "\n\n",
      );
    })
    .join("\n\n");
}

function troubleshooting(): string {
  return [
    "<!-- Written by scripts/docs.ts from src/errors.ts. Change it there. -->",
    "# Troubleshooting",
    "Every error has a code which stays the same from version to version. The log, the job summary and the `results` output show it; what the provider or GitHub said stands in the log beside it.",
    ...errorCodes.map((error) => {
      const { title, meaning, fix } = describeError(error);
      return `## ${error}\n\n**${title}.** ${meaning}\n\n**What to do:** ${fix}`;
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
