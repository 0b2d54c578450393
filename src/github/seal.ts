import { RotationError } from "../errors.ts";
import type { Access } from "./access.ts";

/** A place's public key, as GitHub gives it. */
export interface PublicKey {
  /** Sent back with every value sealed for this key. Not unique: never a cache key. */
  readonly keyId: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** A value sealed for one place, in the shape of GitHub's request body. */
export interface SealedValue {
  /** Standard base64 with padding. */
  readonly encrypted_value: string;
  readonly key_id: string;
}

/** The whole body of a write. */
export type SecretBody = SealedValue & Partial<Access>;

/** Seals a value so that only the owner of the public key can open it. */
export type Seal = (publicKey: PublicKey, value: string | Uint8Array) => SealedValue;

/**
 * Loads libsodium and tries it on itself: whoever gets a {@link Seal} can rely on it.
 *
 * @throws {RotationError} SEALING_FAILED
 */
export async function createSeal(): Promise<Seal> {
  try {
    const { default: sodium } = await import("libsodium-wrappers");
    await sodium.ready;
    const trial = sodium.crypto_box_keypair();
    const box = sodium.crypto_box_seal("trial", trial.publicKey);
    const opened = sodium.crypto_box_seal_open(box, trial.publicKey, trial.privateKey);
    if (sodium.to_string(opened) !== "trial") throw new Error("the trial box opened to something else");
    return ({ keyId, key }, value) => ({
      // GitHub's schema refuses libsodium's default, which is URL-safe and unpadded.
      encrypted_value: sodium.to_base64(sodium.crypto_box_seal(value, key), sodium.base64_variants.ORIGINAL),
      key_id: keyId,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw RotationError.of("SEALING_FAILED", { reason }, { cause });
  }
}
