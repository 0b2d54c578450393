import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

// The boundaries need no types, and the project service refuses files that do not exist.
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

const CORE = "Only the entries, main and runner may import @actions/core";
const PROCESS = "Only the entries, main and runner know the process";
const LEAF = "secret, errors and outcome may import types";
const ROTATION = "rotation and its stages may import due, outcome";
const REGISTRY = "providers/index may import the providers";
const PROVIDER = "A provider may import http";
const GITHUB = "GitHub's side may import http";
const ENTRY = "may import everything but an entry";

describe("the boundaries refuse", () => {
  it.each([
    ["src/report.ts", `import { info } from "@actions/core"; info("");`, CORE],
    ["src/journal.ts", `export const core = () => import("@actions/core");`, CORE],
    ["src/inputs.ts", `export { env } from "node:process";`, CORE],
    ["src/inputs.ts", `import type { Run } from "./main.ts"; export type R = Run;`, CORE],
    ["src/inputs.ts", `export const home = process.env["HOME"];`, PROCESS],
    ["src/inputs.ts", `export const home = globalThis.process.env["HOME"];`, PROCESS],
    ["src/providers/acme.ts", `process.exit(1);`, PROCESS],

    ["src/secret.ts", `import { retry } from "./retry.ts"; retry();`, LEAF],
    ["src/errors.ts", `export * from "./outcome.ts";`, LEAF],
    ["src/outcome.ts", `import "./errors.ts";`, LEAF],

    ["src/rotation.ts", `import { acme } from "./providers/acme.ts"; acme();`, ROTATION],
    ["src/rotation.ts", `import type { Acme } from "./providers/acme.ts"; export type A = Acme;`, ROTATION],
    [
      "src/rotation.ts",
      `import { SecretStore } from "./github/secret-store.ts"; new SecretStore();`,
      ROTATION,
    ],
    [
      "src/rotation.ts",
      `import { type Journal, open } from "./journal.ts"; export const j: Journal = open();`,
      ROTATION,
    ],
    ["src/stages/publish.ts", `import { createPacer } from "../github/pacing.ts"; createPacer();`, ROTATION],
    ["src/stages/publish.ts", `import { rotate } from "../rotation.ts"; rotate();`, ROTATION],
    ["src/rotation.ts", `export const store = () => import("./github/secret-store.ts");`, ROTATION],
    ["src/rotation.ts", `import { createHash } from "node:crypto"; createHash("md5");`, ROTATION],

    ["src/providers/index.ts", `import { seal } from "../github/seal.ts"; seal();`, REGISTRY],
    ["src/providers/acme.ts", `import { seal } from "../github/seal.ts"; seal();`, PROVIDER],
    [
      "src/providers/acme.ts",
      `import type { Target } from "../github/target.ts"; export type T = Target;`,
      PROVIDER,
    ],
    ["src/providers/acme.ts", `import { run } from "../main.ts"; run();`, PROVIDER],
    ["src/providers/acme.ts", `import { parseInputs } from "../inputs.ts"; parseInputs();`, PROVIDER],
    ["src/providers/acme.ts", `import { other } from "./other.ts"; other();`, PROVIDER],
    ["src/providers/acme.ts", `export const other = () => import("./other/sign.ts");`, PROVIDER],
    ["src/providers/acme.ts", `export const any = (name: string) => import(name);`, PROVIDER],
    ["src/providers/acme.ts", `import { request } from "undici"; request("");`, PROVIDER],
    ["src/providers/acme.ts", `import { exit } from "node:process"; exit();`, PROVIDER],
    ["src/providers/acme/sign.ts", `import { acme } from "../acme.ts"; acme();`, PROVIDER],
    ["src/providers/acme/sign.ts", `import { other } from "../other/sign.ts"; other();`, PROVIDER],

    ["src/github/seal.ts", `import sodium from "libsodium-wrappers"; sodium.ready;`, GITHUB],
    ["src/github/store.ts", `import { getOctokit } from "@actions/github"; getOctokit("");`, GITHUB],
    ["src/github/store.ts", `import { acme } from "../providers/acme.ts"; acme();`, GITHUB],
    ["src/github/store.ts", `import { rotate } from "../rotation.ts"; rotate();`, GITHUB],

    ["src/main.ts", `import "./index.ts";`, ENTRY],
  ])("%s: %s", async (file, code, rule) => {
    expect(await refusals(file, code)).toEqual([expect.stringContaining(rule)]);
  });
});

describe("the boundaries allow", () => {
  it.each([
    ["src/index.ts", `import { run } from "./main.ts"; await run();`],
    ["src/main.ts", `import { info } from "@actions/core"; info(process.version);`],
    ["src/post.ts", `export const core = () => import("@actions/core");`],
    ["src/http.ts", `import Agent from "undici/lib/dispatcher/agent.js"; new Agent();`],
    ["src/secret.ts", `import { inspect } from "node:util"; inspect("");`],
    ["src/outcome.ts", `import type { Target } from "./github/target.ts"; export type T = Target;`],
    ["src/rotation.ts", `import { isDue } from "./due.ts"; isDue();`],
    ["src/rotation.ts", `import { type Journal } from "./journal.ts"; export type J = Journal;`],
    ["src/rotation.ts", `import { publish } from "./stages/publish.ts"; publish();`],
    ["src/stages/publish.ts", `import type { Seal } from "../github/seal.ts"; export type S = Seal;`],
    ["src/providers/index.ts", `import { acme } from "./acme.ts"; acme();`],
    ["src/providers/acme.ts", `import { readFile } from "node:fs/promises"; readFile("");`],
    ["src/providers/acme.ts", `import type { Inputs } from "../inputs.ts"; export type I = Inputs;`],
    ["src/providers/acme.ts", `import { ask } from "./answer.ts"; ask();`],
    ["src/providers/acme-gateway.ts", `import { sign } from "./acme/sign.ts"; sign();`],
    ["src/providers/acme/sign.ts", `import { hash } from "./hash.ts"; hash();`],
    ["src/providers/acme/sign.ts", `import { retry } from "../../retry.ts"; retry();`],
    ["src/github/seal.ts", `export const sodium = () => import("libsodium-wrappers");`],
    ["src/github/api.ts", `import { HttpFailure } from "../http.ts"; new HttpFailure();`],
    ["src/github/seal.ts", `import { formatTarget } from "./target.ts"; formatTarget();`],
  ])("%s: %s", async (file, code) => {
    expect(await refusals(file, code)).toEqual([]);
  });
});

describe("the conventions refuse", () => {
  it("a default export", async () => {
    expect(await refusals("src/due.ts", `export default 1;`)).toEqual([
      expect.stringContaining("Named exports only"),
    ]);
  });

  it("the console, below src", async () => {
    expect(await refusals("src/due.ts", `console.log("");`)).toEqual(["Unexpected console statement."]);
  });
});

/** What the rules of this project say about a file with this text. */
async function refusals(file: string, code: string): Promise<readonly string[]> {
  const rules = ["project/boundaries", "no-restricted-globals", "no-restricted-syntax", "no-console"];
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  const messages = result?.messages ?? [];
  expect(messages.filter((message) => message.fatal)).toEqual([]);
  return messages.filter(({ ruleId }) => rules.includes(ruleId ?? "")).map(({ message }) => message);
}
