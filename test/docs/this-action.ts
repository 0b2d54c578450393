/**
 * Steps of workflows and examples that use this action, checked by the code that reads the inputs of a real step.
 */
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { RotationErrors } from "../../src/errors.ts";
import { readInputs } from "../../src/inputs.ts";
import { Masker } from "../../src/secret.ts";
import { action } from "./files.ts";
import { readingContext } from "../support/reading-context.ts";

/** The owner and the commit are placeholders until there is a release. */
const NAME = "OWNER/rotate-app-secret";

export function isThisAction(uses: string): boolean {
  return uses.startsWith(`${NAME}@`);
}

/** The run in which a step's inputs are looked at. */
export interface SomeRun {
  readonly event: string;
  /** Those of `workflow_dispatch`. */
  readonly inputs: Readonly<Record<string, string>>;
}

export type StepInputs = Readonly<Record<string, unknown>>;

/**
 * Lets the action read the inputs as a step hands them over, with made-up values for what stands in secrets, variables
 * and outputs of other steps.
 *
 * @returns what it finds wrong, or warns about.
 */
export function problemsOf(inputs: StepInputs, run: SomeRun): readonly string[] {
  const unknown = Object.keys(inputs).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) return unknown.map((name) => `there is no input "${name}"`);
  // The rotations then stand in a file, which is checked elsewhere.
  if ("config" in inputs) return [];

  const defaults = Object.entries(action.inputs).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const raw = Object.fromEntries(
    [...defaults, ...Object.entries(inputs)].map(([name, value]) => [name, evaluate(String(value), run)]),
  );
  const warnings: string[] = [];
  const masker = new Masker(() => undefined);
  try {
    const settings = readInputs(
      raw,
      {
        event: {
          name: run.event,
          payload: () => (run.event === "workflow_dispatch" ? { inputs: run.inputs } : {}),
        },
        repository: "acme/web",
        variable: () => undefined,
        idTokens: { url: "https://pipelines.example.test/token", requestToken: "made-up-request-token" },
      },
      {
        masker,
        contextFor: () => readingContext(masker, (text) => warnings.push(text)),
      },
    );
    return [...warnings, ...settings.warnings];
  } catch (thrown) {
    if (thrown instanceof RotationErrors) return thrown.errors.map(({ message }) => message);
    throw thrown;
  }
}

/** Has a value for every name that is asked for. */
class MadeUp extends data.Dictionary {
  readonly #make: (name: string) => data.ExpressionData;

  constructor(make: (name: string) => data.ExpressionData) {
    super();
    this.#make = make;
  }

  override get(name: string): data.ExpressionData {
    return this.#make(name);
  }
}

/** Each `${{ … }}` of a text in its place. */
function evaluate(text: string, run: SomeRun): string {
  const github = new data.Dictionary(
    { key: "event_name", value: new data.StringData(run.event) },
    { key: "repository", value: new data.StringData("acme/web") },
  );
  const given = Object.entries(run.inputs).map(([key, value]) => ({
    key,
    value: new data.StringData(value),
  }));
  const outputs = new MadeUp((name) => new data.StringData(`made-up-${name}`));
  const contexts = new data.Dictionary(
    { key: "github", value: github },
    { key: "inputs", value: new data.Dictionary(...given) },
    { key: "secrets", value: new MadeUp((name) => new data.StringData(`made-up-value-of-${name}`)) },
    // CloudRoom's company id is a number; of other variables nothing is known.
    {
      key: "vars",
      value: new MadeUp((name) => new data.StringData(name.endsWith("COMP_ID") ? "4711" : `made-up-${name}`)),
    },
    { key: "steps", value: new MadeUp(() => new MadeUp(() => outputs)) },
    { key: "matrix", value: outputs },
  );
  const names = contexts.pairs().map(({ key }) => key);
  return text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => {
    const parsed = new Parser(new Lexer(expression).lex().tokens, names, []).parse();
    // A name that is not there is nothing, and nothing is an empty text.
    const value = new Evaluator(parsed, contexts).evaluate() as data.ExpressionData | undefined;
    return value?.coerceString() ?? "";
  });
}
