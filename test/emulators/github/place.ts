import sodium from "libsodium-wrappers";

await sodium.ready;

/** A key pair for sealed boxes; both keys standard base64. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

export type Visibility = "all" | "private" | "selected";

/** Which repositories may use a secret of an organization. */
export interface Sharing {
  readonly visibility: Visibility;
  /** Their ids; empty unless `selected`. */
  readonly selectedRepositoryIds: readonly number[];
}

/** One PUT that was accepted. With `Sharing` in an organization, and there only. */
export interface AcceptedWrite extends Partial<Sharing> {
  /** What was in the box. */
  readonly value: string;
  /** The box itself, standard base64. */
  readonly sealed: string;
  /** Milliseconds on the emulator's clock. */
  readonly at: number;
}

/** A secret as it is now. With `Sharing` in an organization, and there only. */
export interface StoredSecret extends Partial<Sharing> {
  /** Upper case. */
  readonly name: string;
  /** What was in the box. */
  readonly value: string;
  /** The box that was stored last, standard base64. */
  readonly sealed: string;
  /** Milliseconds on the emulator's clock. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Every accepted PUT under this name, oldest first: also those before a DELETE, but not the seeding. */
  readonly writes: readonly AcceptedWrite[];
}

/**
 * Where secrets live, with a key pair that no other place has: an environment, an organization, or one of the two
 * stores of a repository.
 */
export interface SecretPlace {
  readonly keyId: string;
  readonly keyPair: KeyPair;
  /** Replaces the key pair: what was sealed for the former one opens no more. */
  rotateKeys(keyId: string): void;
  seal(value: string): string;
  /** What is in a box, or `undefined` where the private key does not open it. */
  open(sealed: string): Buffer | undefined;
  /** Creates or replaces a secret without counting it as a write. */
  store(name: string, content: Omit<AcceptedWrite, "at">, at: number): void;
  /** Creates or replaces a secret as a PUT does. */
  write(name: string, write: AcceptedWrite): void;
  delete(name: string): void;
  get(name: string): StoredSecret | undefined;
  /** By name, in alphabetical order. */
  list(): readonly StoredSecret[];
  history(name: string): readonly AcceptedWrite[];
  /** How many more reads of a secret, by name, answer that there is none. */
  readonly unseen: Map<string, number>;
}

/** Names are told apart without regard to case, and given back in upper case. */
export function createPlace(firstKeyId: string): SecretPlace {
  const secrets = new Map<string, Omit<StoredSecret, "writes">>();
  const histories = new Map<string, AcceptedWrite[]>();
  let keyId = firstKeyId;
  let pair = sodium.crypto_box_keypair();

  const history = (name: string): AcceptedWrite[] => histories.get(name.toUpperCase()) ?? [];
  const get = (name: string): StoredSecret | undefined => {
    const secret = secrets.get(name.toUpperCase());
    return secret && { ...secret, writes: [...history(name)] };
  };
  const store: SecretPlace["store"] = (name, content, at) => {
    const key = name.toUpperCase();
    const createdAt = secrets.get(key)?.createdAt ?? at;
    secrets.set(key, { ...content, name: key, createdAt, updatedAt: at });
  };

  return {
    get keyId() {
      return keyId;
    },
    get keyPair() {
      return { publicKey: toBase64(pair.publicKey), privateKey: toBase64(pair.privateKey) };
    },
    rotateKeys: (nextKeyId) => {
      keyId = nextKeyId;
      pair = sodium.crypto_box_keypair();
    },
    seal: (value) => toBase64(sodium.crypto_box_seal(value, pair.publicKey)),
    open: (sealed) => {
      try {
        const box = Buffer.from(sealed, "base64");
        return Buffer.from(sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey));
      } catch {
        return undefined;
      }
    },
    store,
    write: (name, write) => {
      const { at, ...content } = write;
      store(name, content, at);
      histories.set(name.toUpperCase(), [...history(name), write]);
    },
    delete: (name) => {
      secrets.delete(name.toUpperCase());
    },
    get,
    list: () => [...secrets.keys()].sort().flatMap((name) => get(name) ?? []),
    history: (name) => [...history(name)],
    unseen: new Map(),
  };
}

function toBase64(bytes: Uint8Array): string {
  return sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);
}
