import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { RotationError, RotationErrors } from "../errors.ts";
import type { Entry } from "./rotations-file.ts";

/**
 * Reads the rotations file that `config` names.
 *
 * @param path relative to the workspace.
 * @throws {RotationErrors} CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function readConfig(path: string, workspace: string): Promise<readonly Entry[]> {
  let text: string;
  try {
    text = readFileSync(resolve(workspace, path), "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const context = { input: "config", path, reason } as const;
    throw new RotationErrors([RotationError.of("CONFIG_UNREADABLE", context, { cause })]);
  }
  // YAML takes long to load, and most steps have no file.
  const { parseRotationsFile } = await import("./rotations-file.ts");
  return parseRotationsFile(text, path);
}
