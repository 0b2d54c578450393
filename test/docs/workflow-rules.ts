/** What this project asks of every workflow beyond what GitHub asks. */
import { spawnSync } from "node:child_process";
import { isThisAction } from "./this-action.ts";
import { type Job, parseWorkflow, type Step, valuesIn, type Workflow } from "./workflow.ts";

/** Events in which code of strangers meets the repository's rights. */
const DANGEROUS_EVENTS = ["pull_request_target", "workflow_run", "issue_comment"];

/**
 * @param kind `own`: of this repository. `example`: for users. `sample`: a piece of documentation, which shows one
 *   thing and leaves the rest out.
 * @returns the rules that are broken, a line each.
 */
export function brokenRules(text: string, kind: "own" | "example" | "sample"): readonly string[] {
  const workflow = parseWorkflow(text);
  const broken = [...workflow.jobs.flatMap((job) => stepRules(job)), ...grantRules(workflow)];
  if (kind === "sample") return broken;
  return [
    ...broken,
    ...workflowRules(workflow),
    ...workflow.jobs.flatMap((job) => jobRules(job)),
    ...(kind === "own" ? ownRules(workflow, text) : exampleRules(workflow)),
  ];
}

function workflowRules({ values, events }: Workflow): readonly string[] {
  const permissions = values["permissions"];
  const empty = typeof permissions === "object" && Object.keys(permissions ?? { some: "" }).length === 0;
  return [
    ...(empty ? [] : ["the workflow does not begin with `permissions: {}`"]),
    ...events.filter((event) => DANGEROUS_EVENTS.includes(event)).map((event) => `it runs on ${event}`),
  ];
}

function jobRules({ line, name, values, text }: Job): readonly string[] {
  const at = `line ${String(line)}: job ${name}`;
  const broken: string[] = [];
  if (typeof values["timeout-minutes"] !== "number") {
    broken.push(`${at} has no timeout-minutes, so it may hang for six hours`);
  }
  if (String(values["runs-on"]).endsWith("-latest")) {
    broken.push(`${at} runs on a system that changes without a commit`);
  }
  if (/\bsecrets\b/.test(withoutComments(text)) && values["environment"] === undefined) {
    broken.push(`${at} uses secrets without an environment, which says what branches may`);
  }
  return broken;
}

function stepRules({ steps }: Job): readonly string[] {
  return steps.flatMap((step) => [...useRules(step), ...runRules(step)]);
}

function useRules({ line, uses, comment, with: inputs }: Step): readonly string[] {
  if (uses === undefined || uses === "./") return [];
  const at = `line ${String(line)}: ${uses}`;
  const broken: string[] = [];
  if (!/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(uses)) broken.push(`${at} is not pinned to a full commit SHA`);
  if (!/^v\d+\.\d+\.\d+$/.test(comment)) broken.push(`${at} does not have its version as a comment`);
  if (uses.startsWith("actions/checkout@") && inputs["persist-credentials"] !== false) {
    broken.push(`${at} leaves the token on the disk: persist-credentials is not false`);
  }
  return broken;
}

function runRules({ line, run }: Step): readonly string[] {
  if (run === undefined) return [];
  const at = `line ${String(line)}: the script`;
  const broken: string[] = [];
  if (run.includes("${{")) broken.push(`${at} has an expression in it; hand the value over in env`);
  const { status, stderr } = spawnSync("bash", ["-n"], { input: run, encoding: "utf8" });
  if (status !== 0) broken.push(`${at} is no bash: ${stderr}`);
  return broken;
}

function grantRules({ grants, jobs }: Workflow): readonly string[] {
  return [...grants, ...jobs.flatMap((job) => job.grants)]
    .filter(({ comment }) => comment === "")
    .map(({ line, name, access }) => `line ${String(line)}: ${name}: ${access} has no reason beside it`);
}

function ownRules({ jobs }: Workflow, text: string): readonly string[] {
  const broken: string[] = [];
  if (/\bsecrets\./.test(withoutComments(text))) broken.push("a workflow of this repository needs a secret");
  // Whoever may write has run nothing of the repository or its dependencies, and nothing comes after.
  for (const { line, name, grants, steps } of jobs) {
    const writes = grants.some(({ name: grant, access }) => grant === "contents" && access === "write");
    if (writes && steps.some(({ run }) => /\bnpm\b|\bnpx\b|\bnode\b|\.ci\/run/.test(run ?? ""))) {
      broken.push(`line ${String(line)}: job ${name} may write, and runs code of the repository`);
    }
  }
  return broken;
}

function exampleRules({ values, jobs, crons }: Workflow): readonly string[] {
  const broken: string[] = [];
  for (const { line, name, values: job, steps } of jobs) {
    if (!steps.some(({ uses }) => isThisAction(uses ?? ""))) continue;
    const at = `line ${String(line)}: job ${name}`;
    const concurrency = { ...valuesIn(values, "concurrency"), ...valuesIn(job, "concurrency") };
    if (typeof concurrency["group"] !== "string" || concurrency["cancel-in-progress"] !== false) {
      broken.push(`${at} has no concurrency group that lets runs end`);
    }
    const grants = Object.keys(valuesIn(job, "permissions"));
    const keyless = steps.some(({ with: inputs }) => "oidc-agency-urn" in inputs);
    const needed = ["contents", ...(keyless ? ["id-token"] : [])];
    if (grants.some((grant) => !needed.includes(grant)))
      broken.push(`${at} gives the rotation's job more than it needs`);
  }
  for (const cron of crons) {
    if (/^(?:0|\*)\b|^\S*[*/]/.test(cron))
      broken.push(`it runs on the full hour, when GitHub is late: ${cron}`);
  }
  return broken;
}

function withoutComments(yaml: string): string {
  return yaml.replaceAll(/(^|\s)#.*$/gm, "");
}
