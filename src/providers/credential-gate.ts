import { createHash } from "node:crypto";
import { type ErrorCode, RotationError } from "../errors.ts";

/**
 * Lets calls with a management credential through, until the provider refuses it: providers lock keys after a few
 * bad tries, so each is tried once per run however many rotations use it.
 */
export interface CredentialGate {
  /**
   * Makes a call. The first one with a credential goes alone, and the others wait for what comes of it.
   *
   * @param credential tells credentials apart; a digest, as it is kept.
   * @throws {RotationError} PROVIDER_UNAUTHORIZED without a call, once there was one with this credential.
   */
  pass<T>(credential: string, call: () => Promise<T>): Promise<T>;
  /**
   * What a credential is traded for, such as a token: once per run, for all rotations that use it.
   *
   * @param isFresh whether it can still be used; else it is traded anew. Default: always.
   */
  session<T>(credential: string, open: () => Promise<T>, isFresh?: (session: T) => boolean): Promise<T>;
}

/** What a gate knows a credential by: a digest of where it is used and of all its parts. */
export function digestOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n"), "utf8").digest("hex");
}

export function createCredentialGate(): CredentialGate {
  const accepted = new Set<string>();
  const refused = new Map<string, RotationError>();
  /** The call under way with a credential of which nothing is known yet. */
  const trying = new Map<string, Promise<unknown>>();

  const sessions = new Map<string, Promise<unknown>>();

  const watch = async <T>(credential: string, call: () => Promise<T>): Promise<T> => {
    try {
      const answer = await call();
      accepted.add(credential);
      return answer;
    } catch (thrown) {
      if (thrown instanceof RotationError && thrown.code === "PROVIDER_UNAUTHORIZED") {
        refused.set(credential, thrown);
      } else if (thrown instanceof RotationError && ACCEPTING.includes(thrown.code)) accepted.add(credential);
      throw thrown;
    }
  };

  return {
    async session<T>(
      credential: string,
      open: () => Promise<T>,
      isFresh: (session: T) => boolean = () => true,
    ): Promise<T> {
      for (;;) {
        const known = sessions.get(credential) as Promise<T> | undefined;
        if (known === undefined) break;
        const session = await known;
        if (isFresh(session)) return session;
        // Unless another one has done so meanwhile.
        if (sessions.get(credential) === known) sessions.delete(credential);
      }
      const opening = open();
      sessions.set(credential, opening);
      // The next one may have better luck, unless the gate is shut.
      opening.catch(() => sessions.delete(credential));
      return opening;
    },

    async pass(credential, call) {
      for (;;) {
        const refusal = refused.get(credential);
        if (refusal !== undefined) throw refusal;
        if (accepted.has(credential)) return watch(credential, call);
        const ahead = trying.get(credential);
        if (ahead === undefined) break;
        await ahead;
      }
      const attempt = watch(credential, call);
      trying.set(
        credential,
        attempt.then(
          () => trying.delete(credential),
          () => trying.delete(credential),
        ),
      );
      return attempt;
    },
  };
}

/** What a provider says only to those whose credential it has accepted. */
const ACCEPTING: readonly ErrorCode[] = ["PROVIDER_FORBIDDEN", "APP_NOT_FOUND", "PROVIDER_REFUSED"];
