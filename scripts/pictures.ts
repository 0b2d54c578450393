/**
 * Takes the pictures of job summaries in docs/pictures: runs the built action against the emulators, and has Chromium
 * draw what GitHub would show.
 *
 *     node scripts/pictures.ts
 *
 * Needs Chromium, and fonts for what stands in a summary (on Debian: chromium, fonts-dejavu-core,
 * fonts-noto-color-emoji). Nothing checks that the pictures are of the newest version: take them again when the summary
 * changes, and look at them.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { marked } from "marked";
import { startWorld, type World } from "../test/emulators/world.ts";
import { runAction } from "../test/support/runner.ts";

const root = join(import.meta.dirname, "..");
const WIDTH = 980;

/** By name of the picture: what is wrong in the run, and how many pixels high the picture is. */
const RUNS: Readonly<Record<string, { readonly spoil: (world: World) => void; readonly height: number }>> = {
  rotated: { spoil: () => undefined, height: 210 },
  incomplete: {
    spoil: ({ github }) => {
      github.faults.arm(
        { kind: "answer", changed: false, status: 502, body: "" },
        { method: "PUT", path: /environments\/production\/secrets\/AUTHING_APP_SECRET$/, times: Infinity },
      );
    },
    height: 400,
  },
  unknown: {
    spoil: ({ providers }) => {
      const { faults } = providers.authing;
      faults.arm({ kind: "reset", changed: true }, { path: /refresh-application-secret/, times: Infinity });
      faults.arm(
        { kind: "reset", changed: false },
        { path: /get-application-secret/, after: 1, times: Infinity },
      );
    },
    height: 380,
  },
};

const scratch = await mkdtemp(join(tmpdir(), "pictures-"));
try {
  await mkdir(join(root, "docs/pictures"), { recursive: true });
  for (const [name, { spoil, height }] of Object.entries(RUNS)) {
    const page = join(scratch, `${name}.html`);
    await writeFile(page, html(await summaryOf(spoil)));
    await promisify(execFile)("chromium", [
      ...[
        "--headless",
        "--no-sandbox",
        "--hide-scrollbars",
        "--disable-gpu",
        `--user-data-dir=${scratch}/chromium`,
      ],
      `--window-size=${String(WIDTH)},${String(height)}`,
      `--screenshot=${join(root, "docs/pictures", `summary-${name}.png`)}`,
      page,
    ]);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function summaryOf(spoil: (world: World) => void): Promise<string> {
  await using world = await startWorld();
  spoil(world);
  const { main } = await runAction({
    apiUrl: world.github.url,
    repository: world.repository,
    inputs: { ...world.inputsFor("authing"), "write-timeout": "1m" },
    nodeArguments: ["--import", join(root, "test/support/fast-time.ts")],
  });
  return main.summary;
}

/** Set as GitHub sets it. */
function html(markdown: string): string {
  return `<!doctype html><meta charset="utf-8"><style>
    body { font: 14px/1.5 "Liberation Sans", "DejaVu Sans", sans-serif; color: #1f2328; margin: 16px 24px; }
    h3, h4 { margin: 20px 0 12px; line-height: 1.25; }
    h3 { font-size: 20px; margin-top: 4px; }
    h4 { font-size: 16px; }
    p, ul, table { margin: 0 0 14px; }
    ul { padding-left: 28px; }
    table { border-collapse: collapse; }
    th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; white-space: nowrap; }
    tr:nth-child(2n) { background: #f6f8fa; }
  </style>${marked.parse(markdown, { async: false, gfm: true })}`;
}
