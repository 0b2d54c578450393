import { describe, expect, test } from "vitest";
import { exampleWorkflows, ownWorkflows, read } from "./files.ts";
import { faultsOf } from "./language-service.ts";
import { brokenRules } from "./workflow-rules.ts";
import { parseWorkflow } from "./workflow.ts";

describe("GitHub's language service", () => {
  test.each([...ownWorkflows, ...exampleWorkflows])("finds no fault in %s", async (file) => {
    expect(await faultsOf(read(file), "workflow")).toEqual([]);
  });

  test("finds no fault in action.yml", async () => {
    expect(await faultsOf(read("action.yml"), "action")).toEqual([]);
  });

  test.each([
    ["a context that does not exist", "${{ secret.TOKEN }}", /secret/],
    ["an output of a job that is not needed", "${{ needs.other.outputs.due }}", /other/],
    ["a broken expression", "${{ secrets.TOKEN || }}", /expression/i],
  ])("sees %s", async (_, value, fault) => {
    const text = `on: push\njobs:\n  job:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: "true"\n        env:\n          NAME: ${value}\n`;
    expect((await faultsOf(text, "workflow")).join("\n")).toMatch(fault);
  });

  test("sees an input that this action does not have", async () => {
    const text = `on: push\njobs:\n  job:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: OWNER/rotate-app-secret@${"0".repeat(40)}\n        with:\n          app: some\n`;
    expect(await faultsOf(text, "workflow")).toEqual([expect.stringMatching(/Invalid action input 'app'/)]);
  });

  test("sees a key of action.yml that does not exist", async () => {
    const text = read("action.yml").replace("using: node24", "using: node23");
    expect(await faultsOf(text, "action")).not.toEqual([]);
  });
});

describe("this project's rules", () => {
  test.each(ownWorkflows)("hold in %s", (file) => {
    expect(brokenRules(read(file), "own")).toEqual([]);
  });

  test.each(exampleWorkflows)("hold in %s", (file) => {
    expect(brokenRules(read(file), "example")).toEqual([]);
  });

  test("pin an action to the same commit everywhere", () => {
    const pins = new Map<string, Set<string>>();
    for (const file of [...ownWorkflows, ...exampleWorkflows]) {
      for (const { uses, comment } of parseWorkflow(read(file)).jobs.flatMap(({ steps }) => steps)) {
        const [name = "", sha] = uses?.split("@") ?? [];
        if (sha === undefined) continue;
        // The actions of one repository have their versions in common.
        const repository = name.split("/").slice(0, 2).join("/");
        pins.set(repository, (pins.get(repository) ?? new Set()).add(`${sha} ${comment}`));
      }
    }
    expect([...pins].filter(([, versions]) => versions.size > 1)).toEqual([]);
    expect(pins.size).toBeGreaterThan(5);
  });

  test("let the last job of CI wait for all others", () => {
    const { jobs } = parseWorkflow(read(".github/workflows/ci.yml"));
    const others = jobs.map(({ name }) => name).filter((name) => name !== "ok");
    expect(jobs.find(({ name }) => name === "ok")?.values["needs"]).toEqual(others);
  });

  const good = `on: push
permissions: {}
concurrency:
  group: some
  cancel-in-progress: false
jobs:
  job:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read # to check out
    environment: rotation
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: OWNER/rotate-app-secret@0000000000000000000000000000000000000000 # v0.1.0
        with:
          github-token: \${{ secrets.TOKEN }}
      - run: exit 0
`;

  test("are content with a workflow that keeps them", () => {
    expect(brokenRules(good, "example")).toEqual([]);
  });

  test.each([
    ["rights for all jobs", "permissions: {}", "permissions: read-all", /permissions: \{\}/],
    ["no rights taken away", "permissions: {}\n", "", /permissions: \{\}/],
    ["a grant without a reason", " # to check out", "", /no reason/],
    ["a tag in place of a commit", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", /not pinned/],
    ["a pin without its version", " # v7.0.1", "", /version as a comment/],
    ["a token left on the disk", "persist-credentials: false", "fetch-depth: 1", /persist-credentials/],
    ["no timeout", "    timeout-minutes: 5\n", "", /timeout-minutes/],
    ["a system that changes", "ubuntu-24.04", "ubuntu-latest", /changes without a commit/],
    ["secrets without an environment", "    environment: rotation\n", "", /without an environment/],
    ["an expression in a script", "exit 0", "echo ${{ github.ref }}", /expression/],
    ["a script that is no bash", "exit 0", "if true", /no bash/],
    [
      "no group",
      "concurrency:\n  group: some\n  cancel-in-progress: false\n",
      "",
      /concurrency group that lets/,
    ],
    ["a group that cuts runs off", "in-progress: false", "in-progress: true", /concurrency group that lets/],
    ["more rights than a rotation needs", "contents: read", "id-token: write", /more than it needs/],
    ["the full hour", "on: push", 'on: { schedule: [{ cron: "0 3 * * *" }] }', /full hour/],
    ["every minute", "on: push", 'on: { schedule: [{ cron: "*/5 * * * *" }] }', /full hour/],
    ["an event of strangers", "on: push", "on: pull_request_target", /runs on pull_request_target/],
  ])("refuse %s", (_, text, other, rule) => {
    expect(good).toContain(text);
    expect(brokenRules(good.replace(text, other), "example")).toEqual([expect.stringMatching(rule)]);
  });

  test.each([
    ["a secret", "github-token: none", "github-token: ${{ secrets.TOKEN }}", /needs a secret/],
    ["a write token beside a build", "contents: read", "contents: write", /may write, and runs code/],
  ])("refuse %s in a workflow of this repository", (_, text, other, rule) => {
    const own = good
      .replace("exit 0", "npm ci")
      .replace("github-token: ${{ secrets.TOKEN }}", "github-token: none");
    expect(brokenRules(own, "own")).toEqual([]);
    expect(brokenRules(own.replace(text, other), "own")).toEqual([expect.stringMatching(rule)]);
  });
});
