import type { Lasting } from "../strike.ts";
import type { SubjectId } from "../subjects/index.ts";
import type { Mode, Role } from "../subjects/subject.ts";

/**
 * How a run may end. `green` is `rotated` in mode `rotate`, `synced` in `sync` and `requested` in `request`; `killed` is a main step that was
 * ended by SIGKILL, so that only the post step and the next run can speak.
 */
export type Ending = "green" | "failed" | "incomplete" | "unknown" | "killed";

/** What the protocol lets a case end as. Chapters and promises are those of the protocol. */
export interface Expectation {
  readonly ends: readonly Ending[];
  /** The rule, and why more than one ending is permitted where it is. */
  readonly why: string;
  /** A marker may be left by a green or failed run, which then says so in a warning (promise 7), if it can know. */
  readonly markersMayStay?: "said" | "unsaid";
  /** Exit codes of the post step. Default 0, and whatever it is after an `incomplete` or `unknown`. */
  readonly post?: readonly number[];
  /** What stands when the post step has ended. `tidied`: all is as before, without markers. `finished`: all targets hold. */
  readonly after?: "tidied" | "finished";
  /** How often the rotate call is made at most, putting back included (promise 2). Default: as often as in a clean run. */
  readonly calls?: number;
  /** Two runs may have left each target with a secret in force of its own. */
  readonly apart?: true;
  /** The secret in force can never be stored in GitHub: somebody resets it before the next run. */
  readonly reset?: true;
}

/** What is known of a case before it runs. */
export interface CaseFacts {
  readonly subject: SubjectId;
  readonly mode: Mode;
  readonly role: Role;
  /** Of the request, without its number. */
  readonly request: string;
  readonly fault: string;
  readonly lasting: Lasting;
}

/** Left out fields fit everything. */
export interface Row extends Expectation {
  readonly roles?: readonly Role[];
  readonly faults?: readonly string[];
  readonly lasting?: readonly Lasting[];
  readonly subjects?: readonly SubjectId[];
  readonly modes?: readonly Mode[];
  readonly requests?: readonly string[];
}

export const PROVIDER_PREFLIGHT: readonly Role[] = ["read", "calibrate", "prove", "try-early"];
export const PREFLIGHT: readonly Role[] = [...PROVIDER_PREFLIGHT, "key", "list", "mark"];

/** No whole answer, and nothing was done. */
export const NEVER_DONE = ["reset-unread", "stall-before"];
/** No usable answer, and the service has done its work. */
export const DONE = [
  "reset-after",
  "stall-after",
  "cut-off",
  "500-after",
  "html-after",
  "truncated-after",
  "strange-after",
  "secret-empty-after",
  "secret-stars-after",
];
export const STATUSES = [
  "401",
  "403",
  "403-limited",
  "403-exhausted",
  "403-secondary",
  "404",
  "408",
  "409",
  "422",
  "429",
  "429-after",
  "500",
  "502",
  "503",
];
/** Success in name, and nothing was done. */
export const EMPTY_SUCCESSES = ["html", "truncated", "strange", "hollow", "secret-empty", "secret-stars"];
/** In the provider's own words, with nothing done. */
export const OWN_REFUSALS = ["own-400", "own-401", "own-403", "own-404", "own-1", "own-3", "own-4", "own-21"];

/** Chapter 3: reads are repeated on 429, 5xx and transport errors. */
export const PASSING = [
  ...NEVER_DONE,
  "reset-after",
  "stall-after",
  "cut-off",
  "429",
  "429-after",
  "500",
  "502",
  "503",
  "500-after",
  "own-429",
  "own-500",
  "own-5",
];
/** At GitHub also: rate limits (chapter 4), what speaks of the moment, and what a proxy in between may have said. */
export const PASSING_AT_GITHUB = [
  ...PASSING,
  "403-limited",
  "403-exhausted",
  "403-secondary",
  "408",
  "409",
  "html",
  "truncated",
  "strange",
  "html-after",
  "truncated-after",
  "strange-after",
];

export const SIGKILLS = ["sigkill-before-main", "sigkill-after-main"];
export const SIGKILLS_OF_ALL = ["sigkill-before-all", "sigkill-after-all"];
export const CANCELS = ["sigterm", "sigint"].flatMap((name) =>
  ["before", "after"].flatMap((when) => [`${name}-${when}-main`, `${name}-${when}-all`]),
);

export const SECOND_RUNS = ["second-run-before", "second-run-after"];

export const CSMS: readonly SubjectId[] = ["csms", "csms-keyless"];
export const BEFORE_CONFIRM: readonly SubjectId[] = ["apig-shared", "apig-dedicated", ...CSMS];
export const PUTS_BACK: readonly SubjectId[] = ["apig-shared", "apig-dedicated"];
