/**
 * GitHub's own language service, which checks workflows and action.yml in its editors: their schema, `cron`, and that
 * every context and input which is named exists.
 */
import { registerHooks } from "node:module";
import { TextDocument } from "vscode-languageserver-textdocument";
import { action } from "./files.ts";
import { isThisAction } from "./this-action.ts";

// The packages import JSON without saying so, as bundlers let them; Node asks for an attribute.
registerHooks({
  load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    return next(url, { ...context, importAttributes: { ...context.importAttributes, type: "json" } });
  },
});
const { validate } = await import("@actions/languageservice");

// None is required here: with `config` others are needed than without, which the action's own code knows better.
const inputs = Object.fromEntries([
  ...Object.entries(action.inputs).map(([name, { description }]) => [name, { description }] as const),
]);

let count = 0;

/** @returns what GitHub would find fault with in a workflow, or in action.yml: one line each. */
export async function faultsOf(text: string, kind: "workflow" | "action"): Promise<readonly string[]> {
  // It remembers files by their name, so each text gets one of its own.
  count += 1;
  const uri =
    kind === "action"
      ? `file:///${String(count)}/action.yml`
      : `file:///${String(count)}/.github/workflows/some.yml`;
  const found = await validate(TextDocument.create(uri, "yaml", 1, text), {
    actionsMetadataProvider: {
      fetchActionMetadata: ({ owner, name }) =>
        Promise.resolve(
          isThisAction(`${owner}/${name}@`)
            ? { name: action.name, description: action.description, inputs }
            : // Nothing is fetched here, so the inputs of others are not known.
              { name, description: "" },
        ),
    },
  });
  return found.map(({ range, message }) => {
    const text = typeof message === "string" ? message : message.value;
    return `line ${String(range.start.line + 1)}: ${text}`;
  });
}
