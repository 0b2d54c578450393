/**
 * Runs the built action against the emulators, once per provider, and shows what a user of GitHub would see.
 *
 *     npm run demo
 *
 * Ends with whether each secret at GitHub is the one that its provider accepts; exit status 0 if all are.
 */
import { startWorld, worldProviders, type World, type WorldProvider } from "../test/emulators/world.ts";
import { runAction, type ActionRun } from "../test/support/runner.ts";

try {
  process.exitCode = await demonstrate();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function demonstrate(): Promise<0 | 1> {
  await using world = await startWorld();
  const rows: Row[] = [];
  let allGreen = true;
  for (const provider of worldProviders) {
    const run = await rotate(world, provider);
    show(provider, run);
    allGreen &&= run.main.exitCode === 0 && run.post.exitCode === 0;
    for (const target of world.targetsOf(provider)) {
      rows.push({
        provider,
        target: target.text,
        holds: world.held(target) === world.wanted(provider, target) ? "yes" : "no",
      });
    }
  }
  heading("What GitHub holds now");
  console.log(table(rows));
  return allGreen && rows.every(({ holds }) => holds === "yes") ? 0 : 1;
}

interface Row {
  readonly provider: WorldProvider;
  readonly target: string;
  readonly holds: "yes" | "no";
}

function rotate({ github, repository, inputsFor }: World, provider: WorldProvider): Promise<ActionRun> {
  const inputs = inputsFor(provider);
  return runAction({ apiUrl: github.url, repository, inputs });
}

function show(provider: WorldProvider, { main, post }: ActionRun): void {
  heading(`${provider}: log`);
  console.log(main.log.trimEnd());
  console.log(`(exit status ${String(main.exitCode ?? main.signal)})`);
  heading(`${provider}: log of the post step`);
  console.log(post.log.trimEnd() || "(nothing: the main step left nothing to do)");
  heading(`${provider}: job summary`);
  console.log(readable([main.summary, post.summary].join("")).trimEnd());
}

/** The summary's Markdown with its entities resolved, as GitHub shows them. */
function readable(markdown: string): string {
  return markdown.replace(/&#(\d+);/g, (_entity, code: string) => String.fromCodePoint(Number(code)));
}

function heading(title: string): void {
  console.log(`\n${title}\n${"=".repeat(title.length)}\n`);
}

function table(rows: readonly Row[]): string {
  const lines = [
    ["provider", "target", "holds the secret in force"],
    ...rows.map(({ provider, target, holds }) => [provider, target, holds]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}
