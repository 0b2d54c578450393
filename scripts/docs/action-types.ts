import type { ActionFile } from "./action-file.ts";
import { choicesOf, statuses } from "./choices.ts";

/** Lists have a value on each line. */
const LISTS: readonly string[] = ["only", "targets"];

/** Outputs that are `true` or `false`. The others hold JSON, for which there is no type, but for the status. */
const FLAGS: readonly string[] = ["changed", "due"];

/** The text of action-types.yml. */
export function actionTypes({ inputs, outputs, groups }: ActionFile): string {
  const typeOfInput = (name: string): readonly string[] => {
    const choices = choicesOf(name);
    if (choices !== undefined) return typeOfChoice(choices);
    if (LISTS.includes(name)) return ["type: list", `separator: "\\n"`, "list-item:", "  type: string"];
    return [/^(?:true|false)$/.test(String(inputs[name]?.default)) ? "type: boolean" : "type: string"];
  };
  const typeOfOutput = (name: string): readonly string[] =>
    name === "status" ? typeOfChoice(statuses) : [FLAGS.includes(name) ? "type: boolean" : "type: string"];
  const entry = (name: string, type: readonly string[]): readonly string[] => [
    `  ${name}:`,
    ...type.map((line) => `    ${line}`),
  ];
  return [
    "# Written by scripts/docs.ts from action.yml and the sources. Change it there.",
    "#",
    "# The types of inputs and outputs, for programs that write workflows and for editors:",
    "# https://github.com/typesafegithub/github-actions-typing",
    "# Durations, addresses and ids are strings there, and so is JSON.",
    "",
    "inputs:",
    ...[...groups].flatMap(([title, names], index) => [
      ...(index === 0 ? [] : [""]),
      ...(title === "" ? [] : [`  # ${title}`]),
      ...names.flatMap((name) => entry(name, typeOfInput(name))),
    ]),
    "",
    "outputs:",
    ...Object.keys(outputs).flatMap((name) => entry(name, typeOfOutput(name))),
    "",
  ].join("\n");
}

function typeOfChoice(choices: readonly string[]): readonly string[] {
  // Without quotes, older parsers read a boolean.
  const words = choices.map((word) => (word === "off" ? `"off"` : word));
  return ["type: enum", `allowed-values: [${words.join(", ")}]`];
}
