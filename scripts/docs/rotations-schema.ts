import { NAME } from "../../src/inputs/rotations-file.ts";
import { choicesOf, isDuration, isOfStep } from "./choices.ts";
import { HTTP_KEYS } from "../../src/providers/http/declaration.ts";

/** The inputs of action.yml, as far as the schema of a rotations file needs them. */
type Inputs = Readonly<Record<string, { readonly description: string }>>;

/** Editors give their completion and checks for YAML by this draft. */
const DRAFT = "http://json-schema.org/draft-07/schema#";

/** What YAML makes of an input that is written without quotes; the action takes the text as it stands there. */
const TEXT = { type: ["string", "number", "boolean", "null"] } as const;

/** What stands in the map `http`, which is no input of a step. */
const HTTP_DESCRIPTIONS: Readonly<Record<string, string>> = {
  http: "Only for the provider `http`: the service in its own words. `{app-id}` stands for the app's id, encoded for its place.",
  "http.url":
    "Address of the request that makes a new secret. Beginning with `/` it is below `api-url`. `{app-id}` may stand in its path and query.",
  "http.method": "Method of that request. Default POST.",
  "http.headers":
    "Headers of that request; credentials stand in `auth`. Default: `Accept`, and `Content-Type` with a body, both `application/json`.",
  "http.body": "Body of that request. `{app-id}` may stand in the texts of JSON and in a form.",
  "http.pointer": "JSON Pointer (RFC 6901) to the new secret in the answer.",
  "http.success": "What has to stand in the answer, besides a status of 2xx.",
  "http.success.pointer": "JSON Pointer to what is compared.",
  "http.success.value": "The text, number or boolean that has to stand there.",
  "http.read":
    "How the secret in force is read, with GET. Allows `sync` and confirming, and settles lost answers.",
  "http.read.url": "As `url`.",
  "http.read.headers": "Headers of the reading; credentials stand in `auth`.",
  "http.read.pointer": "JSON Pointer to the secret in force.",
  "http.auth":
    "The credential of all requests: either `headers`, or a client of OAuth 2.0 (RFC 6749, section 4.4).",
  "http.auth.headers": "Headers that hold credentials, such as `Authorization: Bearer ${TOKEN}`.",
  "http.auth.token-url": "Where the client gets a token. As `url`, without `{app-id}`.",
  "http.auth.client-id": "The client's id.",
  "http.auth.client-secret": "The client's secret, as `${NAME}`.",
  "http.auth.scope": "What the token is asked for, with blanks between. No default.",
  "http.auth.client-auth":
    "Whether id and secret go in a header (`basic`) or in the form (`post`). Default basic.",
};

const HTTP_CHOICES: Readonly<Record<string, readonly string[]>> = {
  "http.method": ["POST", "PUT", "PATCH"],
  "http.auth.client-auth": ["basic", "post"],
};

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
        properties: { ...properties, http: httpPart("http") },
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
            http: httpPart("http"),
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

/** The schema of a map in `http`, or of what stands in one. Nothing is required that `defaults` may hold. */
function httpPart(name: string): object {
  const description = HTTP_DESCRIPTIONS[name];
  const keys = Object.entries(HTTP_KEYS).find(([map]) => map === name)?.[1];
  if (keys !== undefined) {
    return {
      description,
      type: "object",
      properties: Object.fromEntries(keys.map((key) => [key, httpPart(`${name}.${key}`)])),
      additionalProperties: false,
    };
  }
  if (name.endsWith(".headers")) return { description, type: "object", additionalProperties: TEXT };
  const choices = HTTP_CHOICES[name];
  return { description, ...(choices === undefined ? TEXT : { enum: choices }) };
}

function formOf(name: string): object {
  const choices = choicesOf(name);
  if (choices !== undefined) return { enum: choices };
  if (isDuration(name)) return { type: "string", pattern: "^[0-9]{1,6}[smhdw]$" };
  if (name === "targets") return { anyOf: [TEXT, { type: "array", items: TEXT }] };
  return TEXT;
}
