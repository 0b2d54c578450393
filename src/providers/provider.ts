import type { Clock } from "../clock.ts";
import type { RotationError } from "../errors.ts";
import type { Http } from "../http.ts";
import type { Masker, Secret } from "../secret.ts";
import type { CredentialGate } from "./credential-gate.ts";

/** The event that started the workflow run. */
export interface RunEvent {
  /** Such as `schedule`. */
  readonly name: string;
  /** What GitHub tells of it, as JSON holds it; undefined if it cannot be read. */
  readonly payload: () => unknown;
}

/** Where GitHub gives out tokens that name the job. */
export interface IdTokenService {
  /** Absolute, with a query. */
  readonly url: string;
  /** The bearer token for it: a secret. */
  readonly requestToken: string;
}

/** A secret as the provider gave it. */
export interface NewSecret {
  readonly value: Secret;
  /** The provider's id of this version, where it has one. */
  readonly version?: string;
  /** When the provider made it, where it says so, in milliseconds since 1970. */
  readonly madeAt?: number;
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
   * When to ask whether a new secret is in force and works. `beside` publishing: the answer to the rotate call may
   * be the only copy. `before` it: the provider holds a copy, and a bad value would overwrite a good one.
   * `required`: before, and what could not be proved is not published.
   */
  readonly confirms: "beside" | "before" | "required";
  /** Whether the age of the secret in force is the provider's to tell ({@link NewSecret.madeAt}), not GitHub's. */
  readonly tellsAge?: boolean;
  /**
   * How long a secret works, in milliseconds, where a new one does not end the former. Then `rotate` is no point of
   * no return: whatever becomes of it, the former secret is in force until it expires.
   */
  readonly lifetime?: number;
  /**
   * Whether the new secret has come with the event that started this run: `rotate` only hands it over. It is taken
   * whatever the age of the former, and a run that is cut off needs no marker, as the next event heals it.
   */
  readonly arrived?: boolean;
  /**
   * Where the run's event brings a secret of this kind: whether it is for this rotation. Of many rotations only those
   * are run that it is for; absent where the event brings none.
   */
  readonly addressed?: boolean;
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
   *
   * @param cancel aborts when the run is cancelled. Obeyed only with a {@link Provider.lifetime}.
   */
  rotate(cancel?: AbortSignal): Promise<NewSecret>;
  /**
   * Asks the provider to deliver a new secret with a later event, in place of `rotate`, which is then not called. Ends
   * nothing.
   */
  request?(): Promise<void>;
  /** The secret now in force. */
  read?(): Promise<NewSecret>;
  /** Asks the provider whether a secret works. */
  verify?(secret: NewSecret): Promise<Verdict>;
  /**
   * Puts back the secret that was in force before this run. There only while that is allowed: the former secret was
   * read or proved, and the value is ours to choose. Resolves to whether the provider confirms it.
   */
  readonly restore?: (() => Promise<boolean>) | undefined;
}

/** Makes a provider of a rotation's inputs, without any network call. Problems go to {@link ProviderInputs}. */
export type ProviderFactory = (inputs: ProviderInputs, context: ProviderContext) => Provider;

/** Everything a provider may touch. */
export interface ProviderContext {
  readonly http: Http;
  readonly gate: CredentialGate;
  readonly masker: Masker;
  readonly clock: Clock;
  /** Says why there is a wait, and for how long (milliseconds). */
  readonly onWait: (why: string, milliseconds: number) => void;
  /** Tells the user what is no failure, in a sentence. */
  readonly warn: (text: string) => void;
}

/**
 * The inputs of one rotation. Reading one marks it as used, so that the others can be warned about; what is wrong
 * with one is collected, and a harmless stand-in returned, so that all problems are reported at once.
 */
export interface ProviderInputs {
  readonly appId: string;
  readonly mode: "rotate" | "sync" | "plan";
  /** Whether the provider is to be asked about the new secret (`verify`). */
  readonly verifies: boolean;
  readonly event: RunEvent;
  /** Undefined without the permission `id-token: write`. */
  readonly idTokens: IdTokenService | undefined;
  optional(name: string): string | undefined;
  required(name: string): string;
  /** One of some words; the first is the default. */
  choice<const Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice;
  /** Milliseconds; undefined if empty. */
  duration(name: string): number | undefined;
  /** A part of a credential that is no secret by itself, such as the id of a key. */
  credential(name: string): string | undefined;
  /** A required credential, masked. */
  secret(name: string): Secret;
  /** A credential that may be missing, masked. */
  optionalSecret(name: string): Secret | undefined;
  /** A base URL without its trailing slashes: `https`, or `http` to loopback. */
  url(name: string, standard: string): string;
  url(name: string): string | undefined;
  /**
   * A whole address to call, which may have a query; `https`, or `http` to loopback.
   *
   * @param base what an address that begins with `/` is below. Default: none may.
   */
  address(name: string, base?: string): string | undefined;
  /** The names of what stands in a map of a rotations file, such as `http.url` in `http`. */
  below(name: string): readonly string[];
  /** @param where the input that it is about, if the error itself does not say it. */
  problem(error: RotationError, where?: { readonly input: string }): void;
}
