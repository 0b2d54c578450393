import { runTimed, runWeighed } from "./action.ts";
import { optionsFor } from "./inputs.ts";
import { ONE_ENVIRONMENT } from "./races.ts";
import { appIn, openScene } from "./scene.ts";
import { median, spreadOf, type Spread } from "./statistics.ts";

/** Whole processes without network delay. */
export interface StartUp {
  readonly rounds: number;
  /** `node -e 0`, in milliseconds. */
  readonly empty: Spread;
  /** Of a rotation: until the provider has its first request. */
  readonly firstRequest: Start;
  /** A step that finds nothing due. */
  readonly unchanged: Start;
  /** A whole rotation, to one environment. */
  readonly rotated: Start;
  /** The post step, with nothing left to do. */
  readonly post: Start;
  /** Peak memory, in bytes. */
  readonly memory: { readonly empty: number; readonly unchanged: number; readonly rotated: number };
}

export interface Start {
  /** In milliseconds. */
  readonly time: Spread;
  /** Times an empty Node: the median of pairs of processes, one right after the other. */
  readonly ratio: number;
}

export async function measureStartUp(folder: string, rounds: number): Promise<StartUp> {
  const times: Times[] = [];
  // What this process does for the first time takes longer, and would count as the action's.
  await timeOnce(folder);
  for (let round = 0; round < rounds; round += 1) times.push(await timeOnce(folder));
  const weights: Weights[] = [];
  for (let round = 0; round < Math.ceil(rounds / 3); round += 1) weights.push(await weighOnce(folder));

  const start = (pick: (times: Times) => Pair): Start => {
    const pairs = times.map(pick);
    return {
      time: spreadOf(pairs.map(({ time }) => time)),
      ratio: median(pairs.map(({ time, empty }) => time / empty)),
    };
  };
  const weight = (name: keyof Weights): number => median(weights.map((each) => each[name]));
  return {
    rounds,
    empty: spreadOf(times.flatMap(({ unchanged, rotated }) => [unchanged.empty, rotated.empty])),
    firstRequest: start(({ firstRequest }) => firstRequest),
    unchanged: start(({ unchanged }) => unchanged),
    rotated: start(({ rotated }) => rotated),
    post: start(({ post }) => post),
    memory: { empty: weight("empty"), unchanged: weight("unchanged"), rotated: weight("rotated") },
  };
}

/** A time, and that of the empty Node right before it. */
interface Pair {
  readonly time: number;
  readonly empty: number;
}

type Times = Record<"firstRequest" | "unchanged" | "rotated" | "post", Pair>;
type Weights = Record<"empty" | "unchanged" | "rotated", number>;

/** Started by the runner as the action is; Node then does not look at the action's file. */
const EMPTY = { nodeArguments: ["-e", "0"], post: false };

async function timeOnce(folder: string): Promise<Times> {
  await using scene = await openScene({ apps: [appIn(ONE_ENVIRONMENT.places)] });
  const due = { action: folder, ...optionsFor(scene) };
  const notDue = { action: folder, ...optionsFor(scene, { rotateAfter: "30d" }) };

  const before = await runTimed({ ...due, ...EMPTY });
  const rotated = await runTimed(due);
  expectStatus(rotated, "rotated");
  const [first] = scene.authing.requests;
  if (first === undefined) throw new Error("The provider was asked nothing.");
  const between = await runTimed({ ...notDue, ...EMPTY });
  const unchanged = await runTimed(notDue);
  expectStatus(unchanged, "unchanged");

  const empty = between.main.durationMs;
  return {
    firstRequest: { time: first.startedAt - rotated.startedAt, empty: before.main.durationMs },
    rotated: { time: rotated.main.durationMs, empty: before.main.durationMs },
    unchanged: { time: unchanged.main.durationMs, empty },
    post: { time: unchanged.post.durationMs, empty },
  };
}

async function weighOnce(folder: string): Promise<Weights> {
  await using scene = await openScene({ apps: [appIn(ONE_ENVIRONMENT.places)] });
  const due = { action: folder, ...optionsFor(scene) };
  const empty = await runWeighed({ ...due, ...EMPTY });
  const rotated = await runWeighed(due);
  expectStatus(rotated, "rotated");
  const unchanged = await runWeighed({ action: folder, ...optionsFor(scene, { rotateAfter: "30d" }) });
  expectStatus(unchanged, "unchanged");
  return { empty: empty.memory, rotated: rotated.memory, unchanged: unchanged.memory };
}

function expectStatus({ main }: Awaited<ReturnType<typeof runTimed>>, status: string): void {
  if (main.outputs["status"] !== status)
    throw new Error(`Not ${status}. The log:\n${main.log}${main.stderr}`);
}
