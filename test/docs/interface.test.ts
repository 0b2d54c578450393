import { describe, expect, test } from "vitest";
import { ofProviders } from "../../scripts/docs/choices.ts";
import { formatTarget, parseTarget } from "../../src/github/target.ts";
import { providers } from "../../src/providers/index.ts";
import { action, markdownFiles, read } from "./files.ts";

/** `http` is described in a rotations file, and has no inputs of a step. */
const withInputs = Object.keys(providers).filter((id) => id !== "http");

describe("action.yml", () => {
  test("has every input that a provider reads", () => {
    expect([...ofProviders.keys()].filter((name) => !Object.hasOwn(action.inputs, name))).toEqual([]);
  });

  test.each([...ofProviders])("says who uses %s, and nobody else", (name, { usedBy }) => {
    const { description = "" } = action.inputs[name] ?? {};
    if (usedBy.length === withInputs.length) {
      expect(description).toMatch(/^Used by all\./);
      return;
    }
    // Before the first sentence's end, what is in code and names a provider.
    const [said = ""] = description.split(/\. (?=[A-Z])/);
    const named = [...said.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
    expect(said).toMatch(/^Used by /);
    expect(named.filter((word) => Object.hasOwn(providers, word)).sort()).toEqual([...usedBy].sort());
  });

  test("names every provider for its input `provider`, in the order of the registry", () => {
    const { description = "" } = action.inputs["provider"] ?? {};
    const named = [...description.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
    expect(named.filter((word) => word !== "config")).toEqual(Object.keys(providers));
  });
});

describe("targets in the documentation", () => {
  const targets = markdownFiles
    .filter((file) => /^(?:README|docs\/)/.test(file))
    .flatMap((file) =>
      [...read(file).matchAll(/`((?:repo|env|org|dependabot):[^`\s…*:]+)`/g)].map(
        ([, text = ""]) => [file, text] as const,
      ),
    );

  test("are there", () => {
    expect(targets.length).toBeGreaterThan(10);
  });

  test.each(targets)("can be read, and are written as the action writes them: %s: %s", (_, text) => {
    const target = parseTarget(text, "DEFAULT_NAME");
    expect(formatTarget(target).replace(/#DEFAULT_NAME$/, "")).toBe(text);
  });
});
