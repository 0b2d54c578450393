import type { Clock } from "../clock.ts";
import type { RotationError } from "../errors.ts";
import type { Http } from "../http.ts";
import type { Masker, Secret } from "../secret.ts";

/** A secret as the provider gave it. */
export interface NewSecret {
  readonly value: Secret;
  /** The provider's id of this version, where it has one. */
  readonly version?: string;
}

/** What asking the provider about a secret came to. */
export type Verdict =
  | { readonly state: "valid" }
  | { readonly state: "invalid" }
  | {
      readonly state: "inconclusive";
      /** Why it cannot be told, as the end of a sentence. */
      readonly why: string;
    };

/**
 * The service where a secret lives. Optional methods are capabilities: `sync` needs `read`.
 *
 * Every method throws {@link RotationError} only.
 */
export interface Provider {
  /** As people write it, such as "Authing". */
  readonly title: string;
  /** Base URL in effect, without a trailing slash. */
  readonly apiUrl: string;
  /**
   * Reads only. Proves the management credential and the app, and learns what later stages need.
   *
   * @param signal ends the reading early.
   * @returns the secret in force, where it can be read.
   */
  preflight(signal: AbortSignal): Promise<NewSecret | undefined>;
  /**
   * Ends the secret in force and returns the new one. Called once; what to do after a lost answer is decided inside.
   * An error's `changed` says whether the secret in force may have ended.
   */
  rotate(): Promise<NewSecret>;
  /** The secret now in force. */
  read?(): Promise<NewSecret>;
  /** Asks the provider whether a secret works. */
  verify?(secret: NewSecret): Promise<Verdict>;
}

/** Makes a provider of a rotation's inputs, without any network call. Problems go to {@link ProviderInputs}. */
export type ProviderFactory = (inputs: ProviderInputs, context: ProviderContext) => Provider;

/** Everything a provider may touch. */
export interface ProviderContext {
  readonly http: Http;
  readonly masker: Masker;
  readonly clock: Clock;
  /** Says why there is a wait, and for how long (milliseconds). */
  readonly onWait: (why: string, milliseconds: number) => void;
}

/**
 * The inputs of one rotation. Reading one marks it as used, so that the others can be warned about; what is wrong
 * with one is collected, and a harmless stand-in returned, so that all problems are reported at once.
 */
export interface ProviderInputs {
  readonly appId: string;
  optional(name: string): string | undefined;
  required(name: string): string;
  /** A required credential, masked. */
  secret(name: string): Secret;
  /** A base URL without its trailing slashes: `https`, or `http` to loopback. */
  url(name: string, standard: string): string;
  url(name: string): string | undefined;
  problem(error: RotationError): void;
}
