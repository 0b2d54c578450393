import { longestChain } from "../../test/emulators/chain.ts";
import type { RecordedRequest } from "../../test/emulators/emulator.ts";
import type { Scene } from "./scene.ts";

/** What one rotation took, in milliseconds from its start. */
export interface Effort {
  readonly exitCode: number | null;
  /** What it printed, or complained of. */
  readonly log: string;
  readonly wall: number;
  /** When the provider's secret changed. */
  readonly changedAt: number;
  /** When each place got the new secret, in the order in which they did. */
  readonly arrivals: readonly number[];
  /** How many places are left with a secret that does not work. */
  readonly stale: number;
  /** Of GitHub's limits, as the emulator counts them. */
  readonly writes: number;
  readonly refusedWrites: number;
  /** Requests made while GitHub had asked for silence. */
  readonly whileLimited: number;
  /** How many requests had to wait for one another. */
  readonly roundTrips: number;
}

/** How a program ended. */
export interface Ending extends Pick<Effort, "exitCode" | "log" | "wall"> {
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** How long provider and places differed; infinite where places are left behind. */
export function differed({ stale, changedAt, arrivals }: Effort): number {
  return stale > 0 ? Infinity : Math.max(...arrivals) - changedAt;
}

/** Whether all came out as it should. */
export function succeeded({ exitCode, stale }: Effort): boolean {
  return exitCode === 0 && stale === 0;
}

/** What the emulators of a scene saw of a program. */
export function effortOf(scene: Scene, { startedAt, ...ending }: Ending): Effort {
  const { github, authing, apps, token } = scene;
  const change = authing.requests.find(({ path }) => path.endsWith("/refresh-application-secret"));
  if (change === undefined) throw new Error(`The provider's secret was not changed. The log:\n${ending.log}`);
  const { acceptedWrites, refusedWrites, whileLimited } = github.traffic(token);
  const names = apps.map(({ secretName }) => secretName);
  return {
    ...ending,
    // The emulators do their work when a request comes, and let the answer wait.
    changedAt: change.startedAt - startedAt,
    arrivals: github.requests
      .filter((request) => publishes(request, names))
      .map((request) => request.startedAt - startedAt)
      .sort((a, b) => a - b),
    stale: scene.stale(),
    writes: acceptedWrites.length,
    refusedWrites,
    whileLimited,
    roundTrips: longestChain(scene.requests()).length,
  };
}

function publishes({ method, path, status }: RecordedRequest, names: readonly string[]): boolean {
  const isAccepted = status === 201 || status === 204;
  return method === "PUT" && isAccepted && names.some((name) => path.endsWith(`/secrets/${name}`));
}
