/**
 * Starts GitHub and every provider on free loopback ports, and prints what it takes to run the built action against
 * them by hand. Runs until Ctrl-C.
 *
 *     npm run emulators
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorld, worldProviders, type World, type WorldProvider } from "../test/emulators/world.ts";
import {
  FILE_COMMANDS,
  inputVariables,
  readAction,
  runnerVariables,
  type ActionDefinition,
} from "../test/support/runner.ts";

try {
  const action = await readAction();
  await using world = await startWorld();
  const temp = await mkdtemp(join(tmpdir(), "emulators-"));
  try {
    // Taken over before the lines below invite to press it.
    const stopped = stopSignal();
    console.log(instructions(world, action, await layOut(world, temp)));
    await stopped;
    console.log("Closing.");
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Makes the files that the runner would, and returns the variables that are the same for every run. */
async function layOut({ github, repository }: World, temp: string): Promise<Record<string, string>> {
  const eventPath = join(temp, "event.json");
  await writeFile(eventPath, "{}");
  const files = Object.fromEntries(FILE_COMMANDS.map((name) => [name, join(temp, name)]));
  for (const path of Object.values(files)) await writeFile(path, "");
  return {
    ...runnerVariables({ apiUrl: github.url, repository, event: "workflow_dispatch", eventPath, temp }),
    ...files,
  };
}

function instructions(world: World, action: ActionDefinition, runner: Record<string, string>): string {
  return [
    "# GitHub and the providers run until Ctrl-C. In another shell, from the root of this project, paste:",
    ...(existsSync(action.main) ? [] : ["# (the action is not built yet: run `npm run package` first)"]),
    "",
    "# GitHub and the runner. The action prints its log, and writes its job summary to GITHUB_STEP_SUMMARY.",
    ...Object.entries(runner).map(([name, value]) => `export ${name}=${quote(value)}`),
    ...worldProviders.flatMap((provider) => ["", ...commandFor(world, action, provider)]),
    "",
  ].join("\n");
}

/** Inputs have hyphens in their names, which no shell exports: `env` sets them for one command. */
function commandFor(world: World, action: ActionDefinition, provider: WorldProvider): string[] {
  const variables = inputVariables(action, world.inputsFor(provider), world.repository);
  const given = Object.entries(variables).filter(([, value]) => value !== "");
  return [
    `# ${provider}, at ${world.providers[provider].url}`,
    "env \\",
    ...given.map(([name, value]) => `  ${quote(`${name}=${value}`)} \\`),
    "  node dist/index.js",
  ];
}

/** Quoted for a POSIX shell. */
function quote(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Resolves at the first SIGINT or SIGTERM. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}
