import type { RotationError } from "./errors.ts";
import type { Target } from "./github/target.ts";

/** What came of one target. `due` and `current` are said by `mode: plan` only. */
export interface TargetOutcome {
  readonly target: Target;
  readonly status: "written" | "failed" | "unknown" | "skipped" | "due" | "current";
  readonly error?: RotationError;
}

interface Common {
  readonly targets: readonly TargetOutcome[];
  /** The provider's id of the version published, where it has one. */
  readonly version?: string;
  /** When the provider made the new secret, in milliseconds since 1970. */
  readonly rotatedAt?: number;
  /** What the user should know though it is no failure. */
  readonly warnings: readonly string[];
}

/** What came of one rotation: the status tells the operator what to do. */
export type RotationOutcome =
  /**
   * `rotated`: a new secret is in force and in every target. `synced`: the secret in force is in every target; the
   * provider was not changed.
   */
  | (Common & { readonly status: "rotated" | "synced" })
  /** The provider was asked to deliver a secret, which comes with a later event. */
  | (Common & { readonly status: "requested" })
  /** Not due. */
  | (Common & { readonly status: "unchanged"; readonly reason: string })
  /** `mode: plan`. */
  | (Common & { readonly status: "planned"; readonly due: boolean; readonly reason: string })
  | RedOutcome;

export type RedOutcome = Common & {
  /**
   * `failed`: nothing changed, and that is known. `incomplete`: some target does not hold the secret in force.
   * `unknown`: what is in force, or whether it works, is not known.
   */
  readonly status: "failed" | "incomplete" | "unknown";
  readonly error: RotationError;
  /**
   * Whether the secret in force at the provider changed in this run. `added`: there is a new one, and the former works
   * until it expires.
   */
  readonly provider: "unchanged" | "changed" | "added" | "unknown";
};

export type Status = RotationOutcome["status"];

/** The worst first. */
const BY_SEVERITY: readonly Status[] = [
  "unknown",
  "incomplete",
  "failed",
  "rotated",
  "synced",
  "requested",
  "planned",
  "unchanged",
];

export function isRed(outcome: RotationOutcome): outcome is RedOutcome {
  return outcome.status === "failed" || outcome.status === "incomplete" || outcome.status === "unknown";
}

/** The step's status: the worst of its rotations'; `failed` if there is none, as when the inputs are wrong. */
export function worstStatus(statuses: readonly Status[]): Status {
  return BY_SEVERITY.find((status) => statuses.includes(status)) ?? "failed";
}

/** Sorts as {@link worstStatus} ranks. */
export function bySeverity(a: RotationOutcome, b: RotationOutcome): number {
  return BY_SEVERITY.indexOf(a.status) - BY_SEVERITY.indexOf(b.status);
}

export function wasWritten(outcome: RotationOutcome): boolean {
  return outcome.targets.some(({ status }) => status === "written");
}
