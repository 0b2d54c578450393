import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { providers } from "../../src/providers/index.ts";
import { action, read } from "./files.ts";

type Typing = Readonly<Record<string, unknown>>;
type Typings = Readonly<Record<string, Typing>>;

const types = parse(read("action-types.yml")) as Readonly<Record<"inputs" | "outputs", Typings>>;

/** What a type has beside its name: https://github.com/typesafegithub/github-actions-typing#available-types */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  string: ["type"],
  boolean: ["type"],
  integer: ["type"],
  float: ["type"],
  enum: ["type", "allowed-values"],
  list: ["type", "separator", "list-item"],
};

describe.each(["inputs", "outputs"] as const)("the types of the %s", (part) => {
  const described: Readonly<Record<string, { readonly description: string }>> = action[part];

  test("are those of action.yml, in its order", () => {
    expect(Object.keys(types[part])).toEqual(Object.keys(described));
  });

  test.each(Object.entries(types[part]))("say of %s what the typing standard knows", (_, typing) => {
    expect(Object.keys(typing)).toEqual(KEYS[String(typing["type"])]);
    if (typing["type"] === "list") expect(typing["list-item"]).toEqual({ type: "string" });
  });

  const enums = Object.entries(types[part]).filter(([, typing]) => typing["type"] === "enum");
  test.each(enums)("list the values of %s that its description names", (name, typing) => {
    const named = [...(described[name]?.description ?? "").matchAll(/`([a-z-]+)`/g)].map(
      ([, value]) => value,
    );
    expect(named).toEqual(expect.arrayContaining([...(typing["allowed-values"] as readonly string[])]));
  });
});

test("the types know every provider", () => {
  expect(types.inputs["provider"]?.["allowed-values"]).toEqual(Object.keys(providers));
});

test("the types call boolean what is true or false by default", () => {
  const flags = Object.entries(action.inputs).filter(([, { default: value }]) =>
    /^(?:true|false)$/.test(value ?? ""),
  );
  expect(flags.map(([name]) => types.inputs[name])).toEqual(flags.map(() => ({ type: "boolean" })));
});

test.each(["provider", "status"])("the bug report offers every %s", (id) => {
  const { body } = parse(read(".github/ISSUE_TEMPLATE/bug.yml")) as {
    body: { id?: string; attributes: { options?: string[] } }[];
  };
  const offered = body.find((field) => field.id === id)?.attributes.options ?? [];
  const known = (types.inputs[id] ?? types.outputs[id])?.["allowed-values"] as string[];
  // The last one is for what none of these fits.
  expect(offered.slice(0, -1)).toEqual(known);
});
