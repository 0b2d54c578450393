/** A workflow as YAML has it, with the comments that the rules ask for. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";

export interface Step {
  readonly line: number;
  readonly id: string | undefined;
  readonly uses: string | undefined;
  /** Behind `uses`, on its line. */
  readonly comment: string;
  readonly run: string | undefined;
  readonly with: Readonly<Record<string, unknown>>;
}

export interface Grant {
  readonly line: number;
  readonly name: string;
  readonly access: string;
  /** Behind it, on its line. */
  readonly comment: string;
}

export interface Job {
  readonly line: number;
  readonly name: string;
  /** The job as plain values. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The text of the job. */
  readonly text: string;
  readonly steps: readonly Step[];
  readonly grants: readonly Grant[];
}

export interface Workflow {
  /** The whole workflow as plain values. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of the events. */
  readonly events: readonly string[];
  readonly crons: readonly string[];
  readonly jobs: readonly Job[];
  /** Grants to all jobs. */
  readonly grants: readonly Grant[];
}

type Values = Readonly<Record<string, unknown>>;

/** @throws Error if it is no YAML, or no workflow. */
export function parseWorkflow(text: string): Workflow {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  const { contents } = document;
  if (!isMap(contents)) throw new Error("This is no mapping.");

  const lineOf = (node: unknown): number => {
    const range = (node as { readonly range?: readonly number[] | null }).range;
    return lines.linePos(range?.[0] ?? 0).line;
  };
  const grantsIn = (node: unknown): readonly Grant[] =>
    isMap(node)
      ? node.items.map(({ key, value }) => ({
          line: lineOf(key),
          name: String(key),
          access: isScalar(value) ? String(value.value) : "",
          comment: commentOf(value),
        }))
      : [];
  const stepsIn = (node: unknown): readonly Step[] =>
    isSeq(node)
      ? node.items.filter(isMap).map((step) => {
          const uses = step.get("uses", true);
          const values = step.toJS(document) as Values;
          return {
            line: lineOf(step),
            id: textIn(values, "id"),
            uses: textIn(values, "uses"),
            comment: commentOf(uses),
            run: textIn(values, "run"),
            with: valuesIn(values, "with"),
          };
        })
      : [];

  const jobs = contents.get("jobs");
  const values = contents.toJS(document) as Values;
  return {
    values,
    events: eventsIn(values["on"]),
    crons: cronsIn(values["on"]),
    grants: grantsIn(contents.get("permissions")),
    jobs: (isMap(jobs) ? jobs.items : []).flatMap(({ key, value }) =>
      isMap(value)
        ? {
            line: lineOf(key),
            name: String(key),
            values: value.toJS(document) as Values,
            text: text.slice(value.range[0], value.range[2]),
            steps: stepsIn(value.get("steps")),
            grants: grantsIn(value.get("permissions")),
          }
        : [],
    ),
  };
}

/** The value of a key that holds a mapping, else an empty one. */
export function valuesIn(values: Values, name: string): Values {
  const value = values[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};
}

function textIn(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

function commentOf(node: unknown): string {
  return isScalar(node) ? (node.comment ?? "").trim() : "";
}

function eventsIn(on: unknown): readonly string[] {
  if (typeof on === "string") return [on];
  if (Array.isArray(on)) return on.map(String);
  return Object.keys(on ?? {});
}

function cronsIn(on: unknown): readonly string[] {
  const schedule = (on as Values | null | undefined)?.["schedule"];
  return Array.isArray(schedule) ? schedule.map((entry) => String((entry as Values)["cron"])) : [];
}
