/**
 * Runs the built action against the emulators, once per provider, and shows what a user of GitHub would see. For
 * Feishu it goes the whole road: the action asks, the platform pushes to the relay of `examples/feishu-relay`, the relay
 * has GitHub start the action again, and that takes the ticket.
 *
 *     npm run demo
 *
 * Ends with whether each secret at GitHub is the one that its provider accepts; exit status 0 if all are.
 */
import { startWorld, worldProviders, type World, type WorldProvider } from "../test/emulators/world.ts";
import { openFeishuRoad } from "../test/support/feishu-road.ts";
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
  for (const provider of worldProviders) {
    rows.push(...(provider === "feishu" ? await deliver(world) : await rotate(world, provider)));
  }
  heading("What GitHub holds now");
  console.log(table(rows));
  return rows.every(({ green, holds }) => green && holds === "yes") ? 0 : 1;
}

interface Row {
  readonly provider: WorldProvider;
  readonly target: string;
  readonly holds: "yes" | "no";
  /** Whether the runs that led there were. */
  readonly green: boolean;
}

async function rotate(world: World, provider: WorldProvider): Promise<readonly Row[]> {
  const { github, repository, inputsFor } = world;
  const run = await runAction({ apiUrl: github.url, repository, inputs: inputsFor(provider) });
  show(provider, run);
  return world.targetsOf(provider).map((target) => ({
    provider,
    target: target.text,
    holds: world.held(target) === world.wanted(provider, target) ? "yes" : "no",
    green: isGreen(run),
  }));
}

/** The ticket is asked for in one run, and comes with the event of another. */
async function deliver(world: World): Promise<readonly Row[]> {
  const provider = "feishu";
  await using road = await openFeishuRoad(world);
  const asking = await road.run({ name: "schedule" });
  show(`${provider}, asking`, asking);
  const event = await road.nextEvent();
  heading(`${provider}: log of the relay`);
  console.log(road.relay.lines.join("\n"));
  const taking = await road.run(event);
  show(`${provider}, started by the relay's ${event.name}`, taking);
  const { repository, environment, name } = road.target;
  const held = world.github.secret(road.target)?.value;
  return [
    {
      provider,
      target: `env:${repository}/${environment}#${name}`,
      holds: held !== undefined && road.platform.app(road.appId).accepts(held) ? "yes" : "no",
      green: isGreen(asking) && isGreen(taking),
    },
  ];
}

function isGreen({ main, post }: ActionRun): boolean {
  return main.exitCode === 0 && post.exitCode === 0;
}

function show(title: string, { main, post }: ActionRun): void {
  heading(`${title}: log`);
  console.log(main.log.trimEnd());
  console.log(`(exit status ${String(main.exitCode ?? main.signal)})`);
  heading(`${title}: log of the post step`);
  console.log(post.log.trimEnd() || "(nothing: the main step left nothing to do)");
  heading(`${title}: job summary`);
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
