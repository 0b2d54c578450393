import { Refusal } from "./reply.ts";

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a body as a JSON object that has all the fields of `required`, and none beside those and `optional`, unless
 * that is left out: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#problems-parsing-json.
 * The words for fields: https://github.com/github/rest-api-description/issues/419 and
 * https://github.com/langfuse/langfuse-docs/issues/1967.
 */
export function readFields(body: string, required: readonly string[], optional?: readonly string[]): Fields {
  let json: unknown;
  try {
    json = body === "" ? {} : JSON.parse(body);
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
  if (!isObject(json)) throw new Refusal(400, "Body should be a JSON object");
  const strangers =
    optional === undefined
      ? []
      : Object.keys(json).filter((name) => ![...required, ...optional].includes(name));
  const missing = required.filter((name) => json[name] === undefined);
  const problems = [
    ...(strangers.length > 0
      ? [
          `${quote(strangers)} ${strangers.length === 1 ? "is not a permitted key" : "are not permitted keys"}.`,
        ]
      : []),
    ...(missing.length > 0
      ? [`${quote(missing)} ${missing.length === 1 ? "wasn't" : "weren't"} supplied.`]
      : []),
  ];
  if (problems.length > 0) throw invalid(problems.join("\n"));
  return json;
}

export function readString(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw notOfType(name, value, "a string");
  return value;
}

/** An object that may be left out, and is empty then: https://github.com/Doist/todoist-mcp/pull/512 has the words. */
export function readObject(fields: Fields, name: string): Fields {
  const { [name]: value = {} } = fields;
  if (!isObject(value)) throw notOfType(name, value, "an object");
  return value;
}

export function readBoolean(fields: Fields, name: string): boolean {
  const { [name]: value = false } = fields;
  if (typeof value !== "boolean") throw notOfType(name, value, "a boolean");
  return value;
}

export function invalid(why: string): Refusal {
  return new Refusal(422, `Invalid request.\n\n${why}`);
}

function notOfType(name: string, value: unknown, type: string): Refusal {
  return invalid(`For 'properties/${name}', ${JSON.stringify(value)} is not ${type}.`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
