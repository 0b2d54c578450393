import sodium from "libsodium-wrappers";

await sodium.ready;

/** A key pair for sealed boxes; both keys standard base64. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** One PUT that was accepted. */
export interface AcceptedWrite {
  /** What was in the box. */
  readonly value: string;
  /** The box itself, standard base64. */
  readonly sealed: string;
  /** Milliseconds on the emulator's clock. */
  readonly at: number;
}

export interface StoredSecret {
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

/** Where secrets live: a repository or an environment, with a key pair that no other place has. */
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
  const store: SecretPlace["store"] = (name, { value, sealed }, at) => {
    const key = name.toUpperCase();
    const createdAt = secrets.get(key)?.createdAt ?? at;
    secrets.set(key, { name: key, value, sealed, createdAt, updatedAt: at });
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
      store(name, write, write.at);
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
