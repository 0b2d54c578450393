import { createHash } from "node:crypto";
import { RotationError } from "../errors.ts";

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
}

/** What a gate knows a credential by: a digest of where it is used and of all its parts. */
export function digestOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n"), "utf8").digest("hex");
}

export function createCredentialGate(): CredentialGate {
  /** Per credential: settles when its first call has; to the refusal, if it was one. */
  const first = new Map<string, Promise<RotationError | undefined>>();
  const refused = new Map<string, RotationError>();

  const watch = async <T>(credential: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (thrown) {
      if (thrown instanceof RotationError && thrown.code === "PROVIDER_UNAUTHORIZED") {
        refused.set(credential, thrown);
      }
      throw thrown;
    }
  };

  return {
    async pass(credential, call) {
      const ahead = first.get(credential);
      if (ahead === undefined) {
        const calling = watch(credential, call);
        first.set(
          credential,
          calling.then(
            () => undefined,
            () => refused.get(credential),
          ),
        );
        return calling;
      }
      await ahead;
      const refusal = refused.get(credential);
      if (refusal !== undefined) throw refusal;
      return watch(credential, call);
    },
  };
}
