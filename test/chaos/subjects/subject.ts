import type { ActionOptions } from "../../support/runner.ts";
import type { Emulator } from "../../emulators/emulator.ts";
import type { WorldClock } from "../clock.ts";
import type { Arrival } from "../gate.ts";

/** What a request is for, which decides what a fault of it may lead to. */
export type Role =
  /** Preflight at the provider: the credential, the app, the secret in force. */
  | "read"
  /** Preflight proves that the probe refuses a wrong secret. */
  | "calibrate"
  /** Preflight proves that the probe accepts the secret in force. */
  | "prove"
  /** Preflight tries the secret that has come with the run's event. */
  | "try-early"
  /** The call that ends the secret in force. */
  | "rotate"
  /** The call that has another secret delivered, and ends none. */
  | "ask"
  /** Reads after the rotate call that it takes to learn the new secret. */
  | "await"
  /** The read-back of what was made. */
  | "confirm-read"
  /** The new secret is tried. */
  | "confirm-try"
  /** GitHub's preflight. */
  | "key"
  | "list"
  /** A marker written, its time read, looked at again, and deleted. */
  | "mark"
  | "stamp"
  | "look"
  | "unmark"
  /** A target written by the main step. */
  | "write"
  /** A target written by the post step. */
  | "send"
  /** A marker deleted by the post step. */
  | "untidy";

/**
 * What is run: `rotate` and `sync` as the input `mode`; `request` a run that only asks for a secret, which comes with a
 * later event; `finish` a post step that has sealed values to send, `tidy` one that has markers of a run to remove which
 * was killed before its rotate call.
 */
export type Mode = "rotate" | "sync" | "request" | "finish" | "tidy";

/** An answer in the provider's own form, with what it means there. */
export interface OwnAnswer {
  readonly name: string;
  readonly status: number;
  readonly body: object;
  /** Tried as one that lasts too, wherever it is given. */
  readonly lasts?: true;
}

/** What is wrong with an envelope that must not be taken. */
export type BadEnvelope = (typeof BAD_ENVELOPES)[number];

export const BAD_ENVELOPES = [
  /** Signed and sealed with a key of somebody else's. */
  "forged",
  /** Signed with no key at all, as anybody can. */
  "keyless",
  /** Genuine, and kept for an hour. */
  "stale",
  /** Genuine, and of another app. */
  "foreign",
  /** Genuine, and of another event. */
  "other",
  /** Genuine, with a ticket that is none, or that no header or log can take. */
  "empty",
  "stars",
  "long",
  "odd",
  /** No envelope, and full of orders. */
  "garbage",
] as const;

/** A provider as it takes part: a new one is a file with this in it, its line in `index.ts`, and rows of expectations. */
export interface Subject {
  readonly modes: readonly Mode[];
  /** Whether the secret in force can be had again: the provider shows it, or gives another one that works beside it. */
  readonly recoverable: boolean;
  /** The request that ends the secret in force, or has another one delivered; `NAME-NTH`. */
  readonly rotate: string;
  /** What each request of a clean run is for, by `NAME-NTH`; the post-step modes begin as `rotate`. */
  readonly roles: Readonly<Partial<Record<Exclude<Mode, "finish" | "tidy">, Readonly<Record<string, Role>>>>>;
  /** The provider's own ways to fail, by the name of the request. */
  readonly own: (request: string) => readonly OwnAnswer[];
  /** A success in form, with nothing in it that is documented. */
  readonly hollow: object;
  /** Requests whose answer carries the secret, by name, with an answer that carries another one. */
  readonly carriesSecret: (request: string, secret: string) => object | undefined;
  /** The request whose answer hands out a secret of the provider's making; undefined: the action chooses. */
  readonly handsOut?: string;
  /** Where the secret comes in an envelope: out of an inbox, or with the event of a run in mode `rotate`. */
  readonly mail?: "inbox" | "event";
  /** How long after a run the next one comes, in milliseconds. Default a day. */
  readonly nextRunAfter?: number;
  readonly open: (clock: WorldClock) => Opened | Promise<Opened>;
}

export interface ChaosTarget {
  /** As in the input `targets`. */
  readonly text: string;
  readonly environment?: string;
  readonly name: string;
  /** What the target is to hold of a secret. */
  readonly formOf: (secret: string) => string;
}

/** One app at a provider of its own. */
export interface Opened {
  readonly emulator: Emulator;
  /** All but `provider`, `github-token` and `targets`; `held` is what the first target holds. */
  readonly inputs: (url: string, held: string | undefined) => Readonly<Record<string, string>>;
  /** What else each run has: its event (default a schedule), its environment, its files. `url` is the provider's. */
  readonly around?: (mode: Mode, url: string) => Promise<Pick<ActionOptions, "event" | "env" | "workspace">>;
  readonly provider: string;
  readonly targets: readonly ChaosTarget[];
  /** Whether the targets exist before the first run, with the secret in force. */
  readonly seeded: boolean;
  /** Every secret that the provider accepts at the moment, the newest last; only few accept more than one. */
  readonly inForce: () => readonly string[];
  /** Management credentials, what is as good, and other texts that must not be shown. */
  readonly credentials: readonly string[];
  readonly nameOf: (arrival: Arrival) => string;
  /** Makes a secret of this text in the form which the provider has. */
  readonly secretOf: (text: string) => string;
  /** The provider holds this secret from now on. */
  readonly plant: (secret: string) => void;
  /** Called before a run whose rotation is to make this secret; undefined: of its own making again. */
  readonly nextSecret: (secret: string | undefined) => void;
  /** What the answer {@link Subject.handsOut} becomes when the provider makes, and holds, this secret. */
  readonly handOut: (answer: Response, secret: string) => Promise<Response>;
  /** Makes an envelope that must not be taken, where {@link Subject.mail} has some. */
  readonly badEnvelope?: (kind: BadEnvelope) => unknown;
  readonly close?: () => void;
}
