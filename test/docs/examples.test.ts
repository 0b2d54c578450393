import { describe, expect, test } from "vitest";
import { isAlias, parse, parseDocument, visit } from "yaml";
import { action, exampleWorkflows, filesLike, markdownFiles, read } from "./files.ts";
import { faultsOf } from "./language-service.ts";
import { parseMarkdown } from "./markdown.ts";
import { isThisAction, problemsOf, type SomeRun, type StepInputs } from "./this-action.ts";
import { brokenRules } from "./workflow-rules.ts";
import { parseWorkflow, valuesIn, type Workflow } from "./workflow.ts";

/** A piece of YAML for users. */
interface Sample {
  /** Where it stands. */
  readonly name: string;
  readonly text: string;
}

const samples: readonly Sample[] = markdownFiles.flatMap((file) =>
  parseMarkdown(read(file))
    .code.filter(({ language }) => /^ya?ml\b/.test(language))
    .map(({ text, line }) => ({ name: `${file}:${String(line)}`, text })),
);
const workflows = [
  ...samples.flatMap(({ name, text }) => {
    const workflow = asWorkflow(text);
    return workflow === undefined ? [] : [{ name, text: workflow }];
  }),
  ...exampleWorkflows.map((file) => ({ name: file, text: read(file) })),
];
const users = workflows.flatMap(({ name, text }) =>
  runsOf(parseWorkflow(text)).flatMap(([run, workflow]) =>
    workflow.jobs
      .flatMap(({ steps }) => steps)
      .filter(({ uses }) => isThisAction(uses ?? ""))
      .map((step) => ({
        name: `${name}, line ${String(step.line)}, on ${[run.event, ...Object.values(run.inputs)].join(" ")}`,
        inputs: step.with,
        run,
      })),
  ),
);

/** The sample as a workflow of its own, if it is a workflow, jobs, steps, or one step; else undefined. */
function asWorkflow(text: string): string | undefined {
  const values: unknown = parse(text);
  const indent = (by: number): string => text.replaceAll(/^(?=.)/gm, " ".repeat(by));
  const job = "on: workflow_dispatch\njobs:\n  job:\n    runs-on: ubuntu-24.04\n";
  if (Array.isArray(values)) {
    return values.every(isStep) ? `${job}    steps:\n${indent(6)}` : undefined;
  }
  const keys = typeof values === "object" && values !== null ? Object.keys(values) : [];
  if (keys.includes("jobs")) return keys.includes("on") ? text : `on: workflow_dispatch\n${text}`;
  if (keys.includes("steps")) return `${job}${indent(4)}`;
  return undefined;
}

function isStep(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("uses" in value || "run" in value);
}

/** The runs in which the inputs are looked at: by its schedule, and by hand with each choice that it offers. */
function runsOf(workflow: Workflow): readonly (readonly [SomeRun, Workflow])[] {
  const runs: SomeRun[] = [];
  const { events, values } = workflow;
  // An envelope that has come with an event is opened by the run itself, with keys that no sample has.
  if (!events.includes("workflow_dispatch") || events.includes("schedule")) {
    runs.push({ event: "schedule", inputs: {} });
  }
  if (events.includes("workflow_dispatch")) {
    const offered = valuesIn(valuesIn(valuesIn(values, "on"), "workflow_dispatch"), "inputs");
    const standard = Object.fromEntries(
      Object.keys(offered).map((name) => {
        const { default: value = "" } = valuesIn(offered, name) as { default?: string | boolean };
        return [name, String(value)];
      }),
    );
    const choices = Object.keys(offered).flatMap((name) => {
      const options = valuesIn(offered, name)["options"];
      return Array.isArray(options) ? options.map((option) => ({ ...standard, [name]: String(option) })) : [];
    });
    for (const inputs of choices.length === 0 ? [standard] : choices) {
      runs.push({ event: "workflow_dispatch", inputs });
    }
  }
  return runs.map((run) => [run, workflow] as const);
}

describe("YAML in the documentation", () => {
  test("is there", () => {
    expect(samples.length).toBeGreaterThan(10);
    expect(workflows.length).toBeGreaterThan(exampleWorkflows.length);
    expect(users.length).toBeGreaterThan(workflows.length);
  });

  test.each(samples)("can be read: $name", ({ text }) => {
    const document = parseDocument(text, { strict: true, uniqueKeys: true });
    expect([...document.errors, ...document.warnings].map(({ message }) => message)).toEqual([]);
    // GitHub knows anchors only since 2025, and GitHub Enterprise Server later still.
    visit(document, {
      Node: (_, node) => {
        if (isAlias(node)) throw new Error(`*${node.source} is an alias.`);
      },
    });
  });

  test.each(workflows)("is what GitHub takes: $name", async ({ text }) => {
    expect(await faultsOf(text, "workflow")).toEqual([]);
  });

  test.each(workflows)("keeps this project's rules: $name", ({ text }) => {
    expect(brokenRules(text, "sample")).toEqual([]);
  });
});

describe("steps with this action", () => {
  test.each(users)("have inputs that the action takes: $name", ({ inputs, run }) => {
    expect(problemsOf(inputs, run)).toEqual([]);
  });

  const run: SomeRun = { event: "schedule", inputs: {} };
  const step: StepInputs = {
    provider: "cloudroom",
    "app-id": "a1b2c3d4e5",
    "comp-id": "${{ vars.CLOUDROOM_COMP_ID }}",
    "comp-secret": "${{ secrets.CLOUDROOM_COMP_SECRET }}",
    "secret-name": "CLOUDROOM_APP_SECRET",
    mode: "${{ inputs.mode || 'rotate' }}",
    "github-token": "${{ steps.token.outputs.token }}",
  };

  test("are content with good inputs", () => {
    expect(problemsOf(step, run)).toEqual([]);
  });

  test.each([
    ["an input that does not exist", { "company-id": "1" }, /no input "company-id"/],
    ["an input of another provider", { region: "cn-north-4" }, /"region" is set, but nothing here uses it/],
    ["a required input that is missing", { "comp-secret": "" }, /comp-secret/],
    ["a target that is none", { targets: "environment:production" }, /environment:production/],
    ["a secret as a number", { "comp-id": "${{ secrets.CLOUDROOM_COMP_ID }}" }, /comp-id/],
    ["a duration that is none", { "rotate-after": "monthly" }, /monthly/],
  ])("refuse %s", (_, change, problem) => {
    expect(problemsOf({ ...step, ...change }, run).join("\n")).toMatch(problem);
  });

  test("refuse a mode that the provider does not have, when it is chosen by hand", () => {
    expect(problemsOf(step, { event: "workflow_dispatch", inputs: { mode: "sync" } })).toEqual([
      expect.stringMatching(/sync/),
    ]);
  });
});

describe("the workflows for users", () => {
  test("are there for every provider", () => {
    const [, names = ""] = /One of ([^.]+)\./.exec(action.inputs["provider"]?.description ?? "") ?? [];
    const providers = [...names.matchAll(/`([^`]+)`/g)].map(([, provider = ""]) => provider);
    expect(providers).toContain("authing");
    for (const provider of providers) {
      const ofProvider = exampleWorkflows.filter((file) => file.includes(`/${provider}`));
      const shown = ofProvider
        .flatMap((file) => parseWorkflow(read(file)).jobs)
        .flatMap(({ steps }) => steps);
      expect(shown.map((step) => step.with["provider"])).toContain(provider);
    }
  });

  // A workflow with a name is meant to be copied whole. Comments may differ.
  const copied = samples.filter(
    ({ name, text }) => /^(?:README\.md|docs\/)/.test(name) && /^name:/m.test(text) && /^jobs:/m.test(text),
  );
  test.each(copied)("say the same in the documentation and in examples/workflows: $name", ({ text }) => {
    const examples = exampleWorkflows.map((file) => parse(read(file)) as unknown);
    expect(examples).toContainEqual(parse(text));
  });
});

test("every issue form is one that GitHub takes", () => {
  const forms = filesLike(/^\.github\/ISSUE_TEMPLATE\/(?!config).*\.yml$/);
  expect(forms.length).toBeGreaterThan(0);
  for (const file of forms) {
    const form = parse(read(file)) as { name: string; description: string; body: Record<string, unknown>[] };
    expect(Object.keys(form)).toEqual(["name", "description", "body"]);
    const ids = form.body.flatMap(({ type, id }) => (type === "markdown" ? [] : [id]));
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, id, attributes } of form.body) {
      expect(["markdown", "input", "textarea", "dropdown", "checkboxes"]).toContain(type);
      if (type !== "markdown") {
        expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(attributes).toHaveProperty("label");
      }
      if (type === "dropdown") {
        const { options } = attributes as { options: readonly unknown[] };
        // "yes" and "no" without quotes would be no texts for GitHub.
        expect(options.every((option) => typeof option === "string")).toBe(true);
        expect(new Set(options).size).toBe(options.length);
      }
    }
  }
});
