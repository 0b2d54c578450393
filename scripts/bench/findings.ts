import type { Growth } from "./growth.ts";
import type { LimitedRun } from "./limits.ts";
import type { Race } from "./races.ts";
import type { StartUp } from "./start-up.ts";

/** What one run of the benchmarks has measured; what it left out is empty or `undefined`. */
export interface Findings {
  readonly machine: Machine;
  readonly startUp: StartUp | undefined;
  readonly races: readonly Race[];
  readonly growth: readonly Growth[];
  readonly limits: readonly LimitedRun[];
}

export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly platform: string;
  readonly node: string;
  /** The programs that the script uses, each with its version; those that are missing without. */
  readonly programs: readonly { readonly name: string; readonly version: string | undefined }[];
  /** Load average over a minute, when the run began and when it ended. */
  readonly load: readonly [begin: number, end: number];
}
