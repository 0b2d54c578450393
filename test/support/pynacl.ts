import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

/**
 * Opens sealed boxes with PyNaCl, which nobody here wrote. `privateKey` and `boxes` are standard base64; they go
 * through stdin, never through arguments. Rejects when a box does not open or PyNaCl is missing.
 *
 * https://pynacl.readthedocs.io/en/latest/public/#nacl.public.SealedBox
 */
export async function openWithPyNaCl(order: {
  readonly privateKey: string;
  readonly boxes: readonly string[];
}): Promise<Buffer[]> {
  const { privateKey, boxes } = order;
  const child = spawn(PYTHON, ["-I", fileURLToPath(new URL("pynacl.py", import.meta.url))]);
  // A Python that ends early says why on stderr; the pipe that breaks then says nothing more.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify({ privateKey, boxes }));
  const [status, out, err] = await Promise.all([
    new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)),
    text(child.stdout),
    text(child.stderr),
  ]);
  if (status !== 0) throw new Error(`PyNaCl did not open the boxes: ${err.trim().split("\n").at(-1) ?? ""}`);
  return (JSON.parse(out) as string[]).map((value) => Buffer.from(value, "base64"));
}

/** Whether Debian's own Python 3 has PyNaCl, which `apt-get install python3-nacl` brings. */
export function pyNaClAvailable(): boolean {
  available ??= spawnSync(PYTHON, ["-I", "-c", "import nacl.public"], { stdio: "ignore" }).status === 0;
  return available;
}

/** Skips a test, by name and with the reason, where PyNaCl is missing; with `CI=true` it goes on and fails. */
export function needsPyNaCl({ skip }: Pick<TestContext, "skip">): void {
  const missing = !pyNaClAvailable() && process.env["CI"] !== "true";
  skip(missing, "PyNaCl is missing: apt-get install --no-install-recommends python3-nacl");
}

/** Never a Python of a version manager, which would not see Debian's package. */
const PYTHON = "/usr/bin/python3";

let available: boolean | undefined;
