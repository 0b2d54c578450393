import type { Clock } from "../clock.ts";
import type { RotationError } from "../errors.ts";
import type { Lane } from "../github/pacing.ts";
import type { Seal } from "../github/seal.ts";
import type { SecretStore } from "../github/secret-store.ts";
import type { Target } from "../github/target.ts";
import type { Journal } from "../journal.ts";
import type { Provider } from "../providers/provider.ts";
import type { Masker } from "../secret.ts";

/** One app's secret and all its targets. */
export interface Rotation {
  readonly name: string;
  readonly providerId: string;
  readonly appId: string;
  readonly provider: Provider;
  /** At least one, in the order in which they are written. */
  readonly targets: readonly Target[];
  readonly mode: "rotate" | "sync" | "plan";
  readonly force: boolean;
  /** Milliseconds; undefined: always due. */
  readonly rotateAfter: number | undefined;
  /** Whether to ask the provider about the new secret. */
  readonly verify: "auto" | "off";
  /** Milliseconds. */
  readonly writeTimeout: number;
}

/** What a rotation works with. */
export interface Tools {
  readonly store: SecretStore;
  /** Starts libsodium, at the latest when it is first needed. */
  readonly seal: () => Promise<Seal>;
  readonly journal: Journal;
  readonly masker: Masker;
  readonly clock: Clock;
  /** The way to GitHub that the store writes by. */
  readonly lane: Lane;
  readonly log: RotationLog;
  /** Aborts when the run is cancelled; obeyed until the point of no return. Its reason is a {@link RotationError}. */
  readonly cancel: AbortSignal;
}

/** Takes raw text: whoever prints it redacts and disarms it. */
export interface RotationLog {
  readonly line: (text: string) => void;
  readonly wait: (why: string, milliseconds: number) => void;
  readonly problem: (error: RotationError) => void;
}
