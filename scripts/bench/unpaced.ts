import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyAction, type ActionCopy } from "./action.ts";

/** The limits that the action keeps to, as they stand in the bundle. */
const LIMITS = [
  ["MINUTE", "{ writes: 80, within: 60_000 }", "{ writes: 1e9, within: 1 }"],
  ["HOUR", "{ writes: 500, within: 3_600_000 }", "{ writes: 1e9, within: 1 }"],
  ["READS", "{ reads: 900 - 5 * MINUTE.writes, within: 60_000 }", "{ reads: 1e9, within: 1 }"],
] as const;

/** A copy of the action that keeps to no pace of GitHub's, so that nothing but its own work is left. */
export async function copyUnpaced(folder: string): Promise<ActionCopy> {
  const copy = await copyAction(folder);
  const file = join(copy.folder, "dist", "index.js");
  let bundle = await readFile(file, "utf8");
  for (const [name, limit, none] of LIMITS) {
    const declaration = `const ${name} = ${limit};`;
    if (bundle.split(declaration).length !== 2) {
      throw new Error(
        `The bundle does not have \`${declaration}\` once; see src/github/pacing.ts and this file.`,
      );
    }
    bundle = bundle.replace(declaration, `const ${name} = ${none};`);
  }
  await writeFile(file, bundle);
  return copy;
}
