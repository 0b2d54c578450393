import type { Clock } from "../clock.ts";
import { RotationError } from "../errors.ts";
import { type Access, readAccess } from "./access.ts";
import { readPolicy, retry, type RetryContext } from "../retry.ts";
import { type GitHubApi, type GitHubAnswer, invalidAnswer } from "./api.ts";
import type { Lane } from "./pacing.ts";
import type { PublicKey, SecretBody } from "./seal.ts";
import { formatPlace, type Place, placeKey } from "./target.ts";

/** A place that let itself be read: its key, and every secret it has. */
export interface OpenPlace {
  readonly place: Place;
  readonly publicKey: PublicKey;
  /** Complete: name in upper case, and when it was last written, in milliseconds since 1970. */
  readonly secrets: ReadonlyMap<string, number>;
  /** In an organization: who may use those of its secrets that are to be written. Names in upper case. */
  readonly access: ReadonlyMap<string, Access>;
  /** How many secrets the place can have. */
  readonly limit: number;
  /**
   * Keeps room for secrets that are going to be written, so that no other rotation of the run counts on it.
   *
   * @returns how many of them find none; 0 if there is room for all. If there is not, none is kept.
   */
  claim(names: readonly string[]): number;
}

/** GitHub's secrets, sealed ones only. Every method throws {@link RotationError} GITHUB_…. */
export interface SecretStore {
  /**
   * Reads a place's public key and the complete list of its secrets, again where that may help; once for all rotations
   * that share the cache.
   *
   * @param names of the secrets that are to be written. Default none.
   */
  open(place: Place, names?: readonly string[], signal?: AbortSignal): Promise<OpenPlace>;
  /** Fetches the public key anew, once, because GitHub refused a value sealed for the former one. */
  publicKey(place: Place): Promise<PublicKey>;
  /** Writes a secret, once. */
  write(place: Place, name: string, body: SecretBody): Promise<void>;
  /** When a secret was last written, in milliseconds since 1970, in whole seconds; undefined if there is none. */
  updatedAt(place: Place, name: string): Promise<number | undefined>;
  /** Deletes a secret. One that is gone already is no error. */
  remove(place: Place, name: string): Promise<void>;
}

/** Said of a write that waits for its turn. */
const PACE = "keeping to the pace that GitHub accepts";

/** GitHub's limits (https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets). */
const MOST_SECRETS = { repo: 100, env: 100, dependabot: 100, org: 1_000 } as const;

/** The endpoint of a place's secrets, below the API's base URL, every name percent-encoded once. */
export function secretsPath(place: Place): string {
  switch (place.kind) {
    case "repo":
      return `/repos/${place.owner}/${place.repo}/actions/secrets`;
    case "env":
      return `/repos/${place.owner}/${place.repo}/environments/${encodeSegment(place.environment)}/secrets`;
    case "org":
      return `/orgs/${place.org}/actions/secrets`;
    case "dependabot":
      return `/repos/${place.owner}/${place.repo}/dependabot/secrets`;
  }
}

/** What has been read of places, by {@link placeKey}: rotations that write to the same place read it once. */
export type PlaceCache = Map<string, Promise<PlaceContents>>;

interface PlaceContents {
  readonly publicKey: PublicKey;
  readonly listed: ReadonlyMap<string, ListedSecret>;
  /** Names of secrets that are not there yet, and that rotations of this run are going to write. In upper case. */
  readonly claimed: Set<string>;
}

/** A secret as the list of a place shows it. */
interface ListedSecret {
  readonly updatedAt: number;
  /** In an organization. */
  readonly visibility: unknown;
}

export function createSecretStore({
  api,
  lane,
  clock,
  onWait,
  cache,
}: {
  readonly api: GitHubApi;
  readonly lane: Lane;
  readonly clock: Clock;
  readonly onWait: (why: string, milliseconds: number) => void;
  /** Default none. */
  readonly cache?: PlaceCache;
}): SecretStore {
  // A run may wait out a limit, but not the hour that GitHub's primary one can take.
  const policy = { ...readPolicy, longestRetryAfter: 15 * 60_000 };
  const again = (signal?: AbortSignal): RetryContext => ({
    clock,
    signal,
    onWait: (error, milliseconds) => {
      onWait(error.message, milliseconds);
    },
  });
  const paced = <T>(send: () => Promise<T>): Promise<T> =>
    lane.write(send, (milliseconds) => {
      onWait(PACE, milliseconds);
    });
  const read: GitHubApi = (request) => lane.read(() => api(request));
  const readPublicKey = async (place: Place, signal?: AbortSignal): Promise<PublicKey> => {
    const action = "read the public key";
    const path = `${secretsPath(place)}/public-key`;
    const answer = await read({ method: "GET", path, place, action, signal });
    return toPublicKey(answer, place, action);
  };

  const readContents = async (place: Place, signal?: AbortSignal): Promise<PlaceContents> => {
    const [publicKey, listed] = await Promise.all([
      retry(() => readPublicKey(place, signal), again(signal), policy),
      retry(() => list(read, place, signal), again(signal), policy),
    ]);
    return { publicKey, listed, claimed: new Set() };
  };
  const readAccesses = async (
    place: Place,
    {
      names,
      listed,
      signal,
    }: Pick<PlaceContents, "listed"> & { names: readonly string[]; signal: AbortSignal | undefined },
  ): Promise<ReadonlyMap<string, Access>> => {
    if (place.kind !== "org") return new Map();
    const found = names.flatMap((name) => {
      const secret = listed.get(name.toUpperCase());
      return secret === undefined ? [] : [[name.toUpperCase(), secret] as const];
    });
    const accesses = await Promise.all(
      found.map(async ([name, { visibility }]) => {
        const question = { visibility, path: `${secretsPath(place)}/${name}`, place, signal };
        return [name, await retry(() => readAccess(read, question), again(signal), policy)] as const;
      }),
    );
    return new Map(accesses);
  };

  return {
    async open(place, names = [], signal) {
      const key = placeKey(place);
      const reading = cache?.get(key) ?? readContents(place, signal);
      cache?.set(key, reading);
      const { publicKey, listed, claimed } = await reading;
      const access = await readAccesses(place, { names, listed, signal });
      const secrets = new Map([...listed].map(([name, { updatedAt }]) => [name, updatedAt]));
      const limit = MOST_SECRETS[place.kind];
      return {
        place,
        publicKey,
        secrets,
        access,
        limit,
        claim(wanted) {
          const missing = wanted.map((each) => each.toUpperCase()).filter((each) => !listed.has(each));
          const all = new Set([...claimed, ...missing]);
          const excess = listed.size + all.size - limit;
          if (missing.length === 0 || excess <= 0) {
            for (const each of missing) claimed.add(each);
            return 0;
          }
          return excess;
        },
      };
    },

    publicKey: (place) => readPublicKey(place),

    async write(place, name, body) {
      const action = `write secret ${name}`;
      const path = `${secretsPath(place)}/${name}`;
      const { status } = await paced(() => api({ method: "PUT", path, place, action, body }));
      // GitHub answers 201 or 204; a proxy's cheerful 200 proves nothing.
      if (status !== 201 && status !== 204) throw invalidAnswer(action, `status ${String(status)}`);
    },

    updatedAt: (place, name) =>
      retry(
        async () => {
          const action = `look at secret ${name}`;
          const path = `${secretsPath(place)}/${name}`;
          try {
            const { data } = await read({ method: "GET", path, place, action });
            return readTime(data, action);
          } catch (thrown) {
            if (thrown instanceof RotationError && thrown.code === "GITHUB_NOT_FOUND") return undefined;
            throw thrown;
          }
        },
        again(),
        policy,
      ),

    remove: (place, name) =>
      retry(
        async () => {
          const action = `delete secret ${name}`;
          const path = `${secretsPath(place)}/${name}`;
          try {
            const { status } = await paced(() => api({ method: "DELETE", path, place, action }));
            if (status !== 204) throw invalidAnswer(action, `status ${String(status)}`);
          } catch (thrown) {
            if (!(thrown instanceof RotationError) || thrown.code !== "GITHUB_NOT_FOUND") throw thrown;
          }
        },
        again(),
        policy,
      ),
  };
}

async function list(
  api: GitHubApi,
  place: Place,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ListedSecret>> {
  const action = `list the secrets`;
  const secrets = new Map<string, ListedSecret>();
  for (let page = 1; ; page += 1) {
    const path = `${secretsPath(place)}?per_page=100&page=${String(page)}`;
    const { data } = await api({ method: "GET", path, place, action, signal });
    if (!isRecord(data) || !Array.isArray(data["secrets"]) || typeof data["total_count"] !== "number") {
      throw invalidAnswer(action, "no list of secrets");
    }
    const entries: readonly unknown[] = data["secrets"];
    const before = secrets.size;
    for (const entry of entries) {
      if (!isRecord(entry) || typeof entry["name"] !== "string")
        throw invalidAnswer(action, "a secret without name");
      const { visibility } = entry;
      secrets.set(entry["name"].toUpperCase(), { updatedAt: readTime(entry, action), visibility });
    }
    if (secrets.size >= data["total_count"]) return secrets;
    // Less than GitHub itself counts is no complete list, and "missing" may be concluded from a complete one only.
    if (secrets.size === before) throw invalidAnswer(action, "fewer secrets than it counts");
  }
}

function toPublicKey({ data }: GitHubAnswer, place: Place, action: string): PublicKey {
  if (!isRecord(data) || typeof data["key"] !== "string" || typeof data["key_id"] !== "string") {
    throw invalidAnswer(action, "no public key");
  }
  const key = new Uint8Array(Buffer.from(data["key"], "base64"));
  if (key.length !== 32) {
    throw RotationError.of("PUBLIC_KEY_INVALID", { place: formatPlace(place), bytes: key.length });
  }
  return { keyId: data["key_id"], key };
}

function readTime(entry: unknown, action: string): number {
  const time = isRecord(entry) ? Date.parse(String(entry["updated_at"])) : Number.NaN;
  if (Number.isNaN(time)) throw invalidAnswer(action, "a secret without the time of its last write");
  return time;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Percent-encodes a name for its place in a path, apostrophes too, as the path is also printed for a shell. */
function encodeSegment(name: string): string {
  return encodeURIComponent(name).replaceAll("'", "%27");
}
