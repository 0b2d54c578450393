import { runWeighed, type Usage } from "./action.ts";
import { optionsFor } from "./inputs.ts";
import { type App, openScene } from "./scene.ts";
import { median } from "./statistics.ts";
import { copyUnpaced } from "./unpaced.ts";

/** What so many rotations in one file take, without GitHub's limits and without delay. */
export interface Growth {
  readonly rotations: number;
  /** Nothing is due: everything is read, and left. */
  readonly unchanged: Load;
  /** All are due. */
  readonly rotated: Load;
}

/** Of the main step. */
export interface Load extends Usage {
  /** Milliseconds, in which the emulators do their part too. */
  readonly wall: number;
}

export const SIZES = [10, 100, 1_000] as const;

export async function measureGrowth(
  folder: string,
  rounds: number,
  say: (what: string) => void,
): Promise<readonly Growth[]> {
  // GitHub's pace allows no more than 500 writes an hour, so what is all due would be waiting, or be refused.
  await using unpaced = await copyUnpaced(folder);
  const growth: Growth[] = [];
  for (const rotations of SIZES) {
    say(`${String(rotations)} rotations in one file`);
    const unchanged: Load[] = [];
    const rotated: Load[] = [];
    for (let round = 0; round < rounds; round += 1) {
      unchanged.push(await runOnce(folder, rotations, "unchanged"));
      rotated.push(await runOnce(unpaced.folder, rotations, "rotated"));
    }
    growth.push({ rotations, unchanged: middle(unchanged), rotated: middle(rotated) });
  }
  return growth;
}

const ROTATIONS_PER_REPOSITORY = 10;

function middle(loads: readonly Load[]): Load {
  const of = (name: keyof Load): number => median(loads.map((load) => load[name]));
  return { wall: of("wall"), cpu: of("cpu"), memory: of("memory") };
}

async function runOnce(folder: string, count: number, status: "unchanged" | "rotated"): Promise<Load> {
  const apps = Array.from({ length: count }, (_, index): App => ({
    appId: `app-${String(index)}`,
    secretName: `APP_${String(index)}_SECRET`,
    places: [{ repository: `acme/repository-${String(Math.floor(index / ROTATIONS_PER_REPOSITORY))}` }],
  }));
  await using scene = await openScene({ apps });
  const options = optionsFor(scene, status === "unchanged" ? { rotateAfter: "30d" } : {});
  const { main, cpu, memory } = await runWeighed({ action: folder, ...options });
  const results = JSON.parse(main.outputs["results"] ?? "[]") as readonly { readonly status: string }[];
  const other = results.find((result) => result.status !== status);
  if (main.exitCode !== 0 || results.length < count || other !== undefined || scene.stale() > 0) {
    const code = main.exitCode === null ? main.signal : String(main.exitCode);
    throw new Error(
      `Of ${String(count)} rotations ${String(results.length)} have results, one of them ${JSON.stringify(other)}; exit ${code ?? ""}.\n${main.stderr}`,
    );
  }
  return { wall: main.durationMs, cpu, memory };
}
