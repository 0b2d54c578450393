import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const root = join(import.meta.dirname, "../..");

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
})
  .split("\0")
  .filter((file) => file !== "" && existsSync(join(root, file)))
  .sort();

/** The files that are committed or could be, as paths from the root, whose path matches. */
export function filesLike(pattern: RegExp): readonly string[] {
  return [...new Set(files)].filter((file) => pattern.test(file));
}

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The workflows of this repository. */
export const ownWorkflows = filesLike(/^\.github\/workflows\/[^/]+\.ya?ml$/);

/** The workflows for users to copy. */
export const exampleWorkflows = filesLike(/^examples\/workflows\/[^/]+\.ya?ml$/);

export const markdownFiles = filesLike(/\.md$/);

/** What action.yml says of an input or output. */
export interface ActionInput {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string;
}

export interface ActionFile {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, ActionInput>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

export const action = parse(read("action.yml")) as ActionFile;
