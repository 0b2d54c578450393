import { NAME } from "../../src/inputs/rotations-file.ts";
import { choicesOf, isDuration, isOfStep } from "./choices.ts";

/** The inputs of action.yml, as far as the schema of a rotations file needs them. */
type Inputs = Readonly<Record<string, { readonly description: string }>>;

/** Editors give their completion and checks for YAML by this draft. */
const DRAFT = "http://json-schema.org/draft-07/schema#";

/** What YAML makes of an input that is written without quotes; the action takes the text as it stands there. */
const TEXT = { type: ["string", "number", "boolean", "null"] } as const;

/** Notes on inputs that only matter to a step. */
const OF_A_STEP = / Required, unless `config` is set\./;

/**
 * The JSON Schema of a rotations file. It names every input there is; what is right for one provider only the action
 * knows, and an unknown name, which is an error here, is a warning there.
 */
export function rotationsSchema(inputs: Inputs): object {
  const properties = Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => !isOfStep(name))
      .map(([name, { description }]) => [
        name,
        { description: description.replace(OF_A_STEP, ""), ...formOf(name) },
      ]),
  );
  return {
    $schema: DRAFT,
    title: "A rotations file of rotate-app-secret",
    description: "Many rotations for one step: https://github.com/OWNER/rotate-app-secret#many-rotations",
    type: "object",
    properties: {
      $schema: { type: "string" },
      defaults: {
        description: "Inputs of all rotations that do not set them. What a provider does not use it ignores.",
        type: "object",
        properties,
        additionalProperties: false,
      },
      rotations: {
        description: "One entry for each app.",
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          properties: {
            name: {
              description:
                "What the rotation is called in the log, in results and in `only`. Each has its own.",
              type: ["string", "number"],
              pattern: NAME.source,
            },
            ...properties,
          },
          required: ["name"],
          additionalProperties: false,
        },
      },
    },
    required: ["rotations"],
    additionalProperties: false,
  };
}

function formOf(name: string): object {
  const choices = choicesOf(name);
  if (choices !== undefined) return { enum: choices };
  if (isDuration(name)) return { type: "string", pattern: "^[0-9]{1,6}[smhdw]$" };
  if (name === "targets") return { anyOf: [TEXT, { type: "array", items: TEXT }] };
  return TEXT;
}
