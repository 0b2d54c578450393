/**
 * Writes what the sources know: the tables of README.md and docs/interface.md, docs/troubleshooting.md, the JSON Schema
 * of rotations files, action-types.yml, and the lists of the issue form. The Chinese pages get the texts that stand in
 * scripts/docs/zh-CN; one that is missing, or a translation of an older text, is an error.
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
import { staleTranslations } from "./docs/translation.ts";
import * as chinese from "./docs/zh-CN/action.ts";
import { errors as chineseErrors } from "./docs/zh-CN/errors.ts";

/** Files by path, and what they are to be, made of what they are. */
const FILES: Readonly<Record<string, (text: string, action: ActionFile) => string>> = {
  "README.md": readme,
  "README.zh-CN.md": chineseReadme,
  "docs/interface.md": interfacePage,
  "docs/troubleshooting.md": troubleshooting,
  "docs/troubleshooting.zh-CN.md": chineseTroubleshooting,
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
for (const stale of staleTranslations(action)) {
  console.error(stale);
  process.exitCode = 1;
}
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
  return replacePart(
    replacePart(
      text,
      "inputs",
      inputTables(action, ["Input", "Default", "Meaning"], (name) => name),
    ),
    "outputs",
    outputTable(action),
  );
}

function chineseReadme(text: string, action: ActionFile): string {
  const inputs = mapTexts(action.inputs, (name) => chinese.inputs[name]?.text);
  const outputs = mapTexts(action.outputs, (name) => chinese.outputs[name]?.text);
  const tables = inputTables(
    { ...action, inputs },
    ["输入", "默认值", "含义"],
    (title) => chinese.groups[title] ?? title,
  );
  return replacePart(
    replacePart(text, "inputs", tables.replaceAll("(required)", "（必需）")),
    "outputs",
    outputTable({ ...action, outputs }, ["输出", "值"]),
  );
}

/** The same with other descriptions, where there are any. */
function mapTexts<Item extends { readonly description: string }>(
  items: Readonly<Record<string, Item>>,
  text: (name: string) => string | undefined,
): Readonly<Record<string, Item>> {
  return Object.fromEntries(
    Object.entries(items).map(([name, item]) => [
      name,
      { ...item, description: text(name) ?? item.description },
    ]),
  );
}

function inputTables(
  { inputs, groups }: ActionFile,
  head: readonly string[],
  titled: (title: string) => string,
): string {
  return [...groups]
    .map(([title, names]) => {
      const rows = names.flatMap((name) => {
        const input = inputs[name];
        return input === undefined ? [] : [[code(name), defaultOf(input), input.description]];
      });
      return [...(title === "" ? [] : [`### ${titled(title)}`]), table(head, rows)].join("\n\n");
    })
    .join("\n\n");
}

function troubleshooting(): string {
  return [
    "<!-- Written by scripts/docs.ts from src/errors.ts. Change it there. -->",
    "# Troubleshooting",
    "**English** | [简体中文](troubleshooting.zh-CN.md)",
    "Every error has a code which stays the same from version to version. The log, the job summary and the `results` output show it; what the provider or GitHub said stands in the log beside it.",
    ...errorCodes.map((error) => {
      const { title, meaning, fix } = describeError(error);
      return `## ${error}\n\n**${title}.** ${meaning}\n\n**What to do:** ${fix}`;
    }),
  ].join("\n\n");
}

function chineseTroubleshooting(): string {
  return [
    "<!-- Written by scripts/docs.ts from scripts/docs/zh-CN/errors.ts. Change it there. -->",
    "# 故障排除",
    "[English](troubleshooting.md) | **简体中文**",
    "每个错误都有一个错误码，在各版本之间保持不变。日志、作业摘要和输出 `results` 都会显示它；提供商或 GitHub 所说的内容在日志中，就在它旁边。日志中的信息是英文。",
    ...errorCodes.map((error) => {
      const { title, meaning, fix } = chineseErrors[error];
      return `## ${error}\n\n**${title}**。${meaning}\n\n**该做什么**：${fix}`;
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
