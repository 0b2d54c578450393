import { describeError, errorCodes } from "../../src/errors.ts";
import { providers } from "../../src/providers/index.ts";
import type { ActionFile } from "./action-file.ts";
import { bySeverity, choicesOf, isDuration, isOfStep, isRedStatus, ofProviders } from "./choices.ts";
import { code, replacePart, table } from "./tables.ts";

/** docs/interface.md with the tables that the sources know. */
export function interfacePage(page: string, action: ActionFile): string {
  const parts = {
    "input-types": inputTypes(action),
    "inputs-by-provider": inputsByProvider(action),
    "step-inputs": Object.keys(action.inputs).filter(isOfStep).map(code).join(", "),
    outcomes: outcomes(),
    outputs: outputTable(action),
    "error-codes": errors(),
  };
  return Object.entries(parts).reduce((text, [name, part]) => replacePart(text, name, part), page);
}

export function outputTable({ outputs }: ActionFile, head: readonly string[] = ["Output", "Value"]): string {
  return table(
    head,
    Object.entries(outputs).map(([name, { description }]) => [code(name), description]),
  );
}

/** What a reader of a table takes for the default of an input. */
export function defaultOf({ required = false, default: value = "" }: ActionFile["inputs"][string]): string {
  if (required) return "(required)";
  return value === "" ? "" : code(String(value));
}

function inputTypes({ inputs }: ActionFile): string {
  return table(
    ["Input", "Type", "Default"],
    Object.entries(inputs).map(([name, input]) => [code(name), typeOf(name, input), defaultOf(input)]),
  );
}

function typeOf(name: string, { default: standard }: ActionFile["inputs"][string]): string {
  const choices = choicesOf(name);
  if (choices !== undefined) return choices.map(code).join(", ");
  if (isDuration(name)) return "duration";
  if (/^(?:true|false)$/.test(String(standard))) return "`true`, `false`";
  if (/(?:^|-)url$/.test(name)) return "web address";
  if (name === "targets") return "[targets](#targets), one per line";
  if (name === "only") return "names, separated by commas or newlines";
  return "text";
}

function inputsByProvider({ inputs }: ActionFile): string {
  // One that is described in a rotations file alone has none to show.
  const used = [...ofProviders.values()].flatMap(({ usedBy }) => usedBy);
  const ids = Object.keys(providers).filter((id) => used.includes(id));
  return table(
    ["Input", ...ids.map(code)],
    Object.keys(inputs).flatMap((name) => {
      const input = ofProviders.get(name);
      return input === undefined
        ? []
        : [[code(name), ...ids.map((id) => (input.usedBy.includes(id) ? "x" : ""))]];
    }),
  );
}

function outcomes(): string {
  return table(
    ["Rank", "Status", "Step"],
    bySeverity().map((status, index) => [
      String(index + 1),
      code(status),
      isRedStatus(status) ? "red" : "green",
    ]),
  );
}

function errors(): string {
  return table(
    ["Code", "Is"],
    errorCodes.map((error) => [
      `[\`${error}\`](troubleshooting.md#${error.toLowerCase()})`,
      `${describeError(error).title}.`,
    ]),
  );
}
