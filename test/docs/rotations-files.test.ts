import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readInputs } from "../../src/inputs.ts";
import { parseRotationsFile } from "../../src/inputs/rotations-file.ts";
import { Masker } from "../../src/secret.ts";
import { exampleWorkflows, filesLike, markdownFiles, read } from "./files.ts";
import { parseMarkdown } from "./markdown.ts";
import { readingContext } from "../support/reading-context.ts";

interface Sample {
  readonly name: string;
  readonly text: string;
}

const samples: readonly Sample[] = [
  ...filesLike(/^examples\/.*rotations\.ya?ml$/).map((file) => ({ name: file, text: read(file) })),
  ...markdownFiles.flatMap((file) =>
    parseMarkdown(read(file))
      .code.filter(({ language, text }) => /^ya?ml\b/.test(language) && isRotationsFile(text))
      .map(({ text, line }) => ({ name: `${file}:${String(line)}`, text })),
  ),
  ...exampleWorkflows.flatMap((file) => {
    const text = inComment(read(file));
    return text === undefined ? [] : [{ name: `${file}, in its comment`, text }];
  }),
];
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(read("rotations.schema.json")) as object,
);

function isRotationsFile(text: string): boolean {
  const values: unknown = parse(text);
  return typeof values === "object" && values !== null && "rotations" in values;
}

/** The rotations file that a workflow shows in the comment at its top: what is indented there. */
function inComment(workflow: string): string | undefined {
  const text = workflow
    .split("\n")
    .flatMap((line) => /^# {5}(.*)$/.exec(line)?.[1] ?? [])
    .join("\n");
  return text.includes("rotations:") ? text : undefined;
}

describe("the rotations files in docs and examples", () => {
  test("are found in all places", () => {
    expect(samples.map(({ name }) => name.replace(/:\d+$/, ""))).toEqual(
      expect.arrayContaining([
        "README.md",
        "examples/rotations.yml",
        "examples/workflows/estate.yml, in its comment",
      ]),
    );
  });

  test.each(samples)("are as the schema says: $name", ({ text }) => {
    validate(parse(text));
    expect(validate.errors).toBeNull();
  });

  test.each(samples)("are read without a problem or a warning: $name", ({ text }) => {
    const said: string[] = [];
    const masker = new Masker(() => true);
    const { rotations, warnings } = readInputs(
      { config: "rotations.yml", mode: "rotate", "github-token": "github_pat_of_a_test" },
      {
        event: { name: "schedule", payload: () => undefined },
        repository: "acme/web",
        // An id may have to be a number.
        variable: (name) => `1234567890${name.endsWith("_ID") ? "" : `-${name.toLowerCase()}`}`,
      },
      {
        masker,
        entries: parseRotationsFile(text, "rotations.yml"),
        contextFor: () => readingContext(masker, (warning) => said.push(warning)),
      },
    );
    expect(rotations.length).toBeGreaterThan(0);
    expect([...warnings, ...said]).toEqual([]);
  });
});
