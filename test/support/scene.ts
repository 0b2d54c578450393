import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect } from "vitest";
import type { RecordedRequest } from "../emulators/emulator.ts";
import { startWorld, type World, type WorldProvider } from "../emulators/world.ts";
import { type ActionOptions, type ActionRun, leaks, runAction } from "./runner.ts";

/** One provider's app in a world of its own, and the built action to be run on it. */
export interface Scene extends AsyncDisposable {
  readonly world: World;
  /** Runs the built action twenty times as fast, and expects that no secret shows in any channel. */
  run(change?: Change): Promise<ActionRun>;
  /** The one entry of the output `results`. */
  result(run: ActionRun): Result;
  /** Whether every target holds the secret in force. */
  allHold(): boolean;
  /** The names of markers in the targets' places. */
  markers(): readonly string[];
  /** The requests that ask the provider for a new secret. */
  rotateCalls(): readonly RecordedRequest[];
}

export interface Change extends Partial<Omit<ActionOptions, "inputs">> {
  readonly inputs?: Readonly<Record<string, string>>;
}

export interface Result {
  readonly status: string;
  readonly error?: string;
  readonly version: string | null;
  readonly rotated_at: string | null;
  readonly targets: readonly { readonly target: string; readonly status: string; readonly error?: string }[];
}

/** The request that ends the secret in force, and the first one of preflight. */
export const CALLS: Readonly<Record<WorldProvider, { readonly rotate: RegExp; readonly first: RegExp }>> = {
  authing: { rotate: /refresh-application-secret/, first: /get-management-token/ },
  cloudroom: { rotate: /project\/update\/secret/, first: /project\/query\/list/ },
};

/** What the action may say to the runner. Anything else was put into its mouth. */
const OWN_COMMANDS = ["add-mask", "group", "endgroup", "error", "warning"];

export async function openScene(provider: WorldProvider): Promise<Scene> {
  const world = await startWorld();
  const inputs = world.inputsFor(provider);
  const targets = world.targetsOf(provider);
  const secrets = new Set([
    ...["access-key-secret", "comp-secret", "github-token"].flatMap((name) => inputs[name] ?? []),
    ...(inputs["comp-id"] === undefined ? [] : [md5(`${inputs["comp-id"]}&${inputs["comp-secret"] ?? ""}`)]),
  ]);

  return {
    world,
    async run(change = {}) {
      secrets.add(world.inForce(provider));
      const { inputs: changed = {}, ...options } = change;
      for (const name of ["access-key-secret", "comp-secret", "github-token"]) {
        const secret = changed[name];
        if (secret !== undefined && secret !== "") secrets.add(secret);
      }
      const run = await runAction({
        apiUrl: world.github.url,
        event: { name: "schedule" },
        nodeArguments: ["--import", join(import.meta.dirname, "fast-time.ts")],
        ...options,
        inputs: { ...inputs, ...changed },
      });
      secrets.add(world.inForce(provider));
      for (const { answer } of world.providers[provider].requests) {
        const token = /"access_token":"([^"]+)"/.exec(answer)?.[1];
        if (token !== undefined) secrets.add(token);
      }
      expect(leaks(run, [...secrets])).toEqual([]);
      for (const { commands, stderr } of [run.main, run.post]) {
        expect(commands.map(({ name }) => name).filter((name) => !OWN_COMMANDS.includes(name))).toEqual([]);
        expect(stderr).toBe("");
      }
      return run;
    },
    result: ({ main }) => {
      const results = JSON.parse(main.outputs["results"] ?? "[]") as readonly Result[];
      const [result, ...more] = results;
      if (result === undefined || more.length > 0) throw new Error("expected the results of one rotation");
      return result;
    },
    allHold: () => targets.every((target) => world.held(target) === world.inForce(provider)),
    markers: () =>
      targets
        .flatMap((target) => world.github.secretNames(target))
        .filter((name) => name.startsWith("ROTATING_")),
    rotateCalls: () =>
      world.providers[provider].requests.filter(({ path }) => CALLS[provider].rotate.test(path)),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
