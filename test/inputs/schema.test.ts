import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { RotationErrors } from "../../src/errors.ts";
import { parseDuration } from "../../src/inputs/reader.ts";
import { parseRotationsFile, STEP_INPUTS } from "../../src/inputs/rotations-file.ts";
import { providers } from "../../src/providers/index.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Schema {
  readonly properties: {
    readonly defaults: { readonly properties: Inputs };
    readonly rotations: { readonly items: { readonly properties: Inputs } };
  };
}
type Inputs = Readonly<Record<string, { readonly enum?: readonly string[]; readonly pattern?: string }>>;

const schema = JSON.parse(read("rotations.schema.json")) as Schema;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const { defaults, rotations } = schema.properties;
const actionInputs = Object.keys((parse(read("action.yml")) as { inputs: object }).inputs);

/** Whether the action can read the file, apart from what its providers make of the values. */
function isRead(text: string): boolean {
  try {
    parseRotationsFile(text, "rotations.yml");
    return true;
  } catch (thrown) {
    if (thrown instanceof RotationErrors) return false;
    throw thrown;
  }
}

describe("the JSON Schema of rotations files", () => {
  test("knows the inputs of action.yml but those of the step, `name` and `http`", () => {
    const inputs = [...actionInputs.filter((name) => !STEP_INPUTS.includes(name)), "http"];
    expect(Object.keys(defaults.properties)).toEqual(inputs);
    expect(Object.keys(rotations.items.properties)).toEqual(["name", ...inputs]);
  });

  test("offers the providers that there are", () => {
    expect(defaults.properties["provider"]?.enum).toEqual(Object.keys(providers));
  });

  test.each([
    "90m",
    "12h",
    "30d",
    "8w",
    "180s",
    "1d",
    "999999s",
    "monthly",
    "30",
    "d",
    "1.5d",
    "30 d",
    "1000000s",
    "-1d",
  ])("takes %s for a duration if the action does", (text) => {
    const durations = Object.values(defaults.properties).filter(({ pattern }) => pattern !== undefined);
    expect(durations).toHaveLength(4);
    for (const { pattern = "" } of durations) {
      expect(new RegExp(pattern, "u").test(text)).toBe(parseDuration(text) !== undefined);
    }
  });

  test.each([
    ["one rotation", "rotations: [{name: a, provider: authing}]"],
    ["defaults", "defaults: {rotate-after: 30d}\nrotations: [{name: a}]"],
    ["a list of targets", 'rotations: [{name: a, targets: ["repo:acme/web#A", "repo:acme/api#A"]}]'],
    ["targets as a text", "rotations:\n  - name: a\n    targets: |\n      repo:acme/web#A\n"],
    [
      "numbers, booleans and nothing",
      "rotations: [{name: 1, comp-id: 12, secret-name: yes, app-id: true, region: }]",
    ],
    ["a name with blanks", "rotations: [{name: the login app}]"],
    ["a name in Chinese", "rotations: [{name: 登录}]"],
    ["a map for http", "rotations: [{name: a, http: {url: /x, read: {headers: {Accept: a/b}}, auth: {}}}]"],
    ["an empty map for http", "rotations: [{name: a, http: {}}]"],
    ["a schema of its own", "$schema: ./rotations.schema.json\nrotations: [{name: a}]"],
  ])("accepts what the action reads: %s", (_, text) => {
    expect(isRead(text)).toBe(true);
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["no rotations", "defaults: {}"],
    ["an empty list", "rotations: []"],
    ["a map of rotations", "rotations: {a: {provider: authing}}"],
    ["a rotation without name", "rotations: [{provider: authing}]"],
    ["a name with a slash", "rotations: [{name: a/b}]"],
    ["a name that ends with a blank", 'rotations: [{name: "a "}]'],
    ["a name of 101 letters", `rotations: [{name: ${"a".repeat(101)}}]`],
    ["a name in defaults", "defaults: {name: a}\nrotations: [{name: b}]"],
    ["a list for an app id", "rotations: [{name: a, app-id: [b]}]"],
    ["a map for targets", "rotations: [{name: a, targets: {b: c}}]"],
    ["a list in targets", "rotations: [{name: a, targets: [[b]]}]"],
    ["a text for http", "rotations: [{name: a, http: b}]"],
    ["nothing for http", "rotations: [{name: a, http: }]"],
    ["a list in http", "rotations: [{name: a, http: {url: [b]}}]"],
    ["a map below the headers", "rotations: [{name: a, http: {auth: {headers: {A: {b: c}}}}}]"],
    ["an input of the step", "rotations: [{name: a, mode: plan}]"],
    ["an input of the step in defaults", "defaults: {github-token: x}\nrotations: [{name: a}]"],
    ["another key beside rotations", "version: 1\nrotations: [{name: a}]"],
    ["a text for a rotation", "rotations: [a]"],
  ])("refuses what the action refuses: %s", (_, text) => {
    expect(isRead(text)).toBe(false);
    expect(validate(parse(text))).toBe(false);
  });

  test("refuses an input that there is not, of which the action warns", () => {
    const text = "rotations: [{name: a, rotate-afer: 30d}]";
    expect(isRead(text)).toBe(true);
    expect(validate(parse(text))).toBe(false);
  });
});
