import { invalid, readFields, readString } from "./body.ts";
import type { Call } from "./call.ts";
import type { SecretPlace, StoredSecret } from "./place.ts";
import { notFound, Refusal, type Reply } from "./reply.ts";

/** What may be made to go wrong, or to be otherwise, at any time. */
export interface GitHubSwitches {
  /**
   * Length of the public keys served, cut or filled up with zeros. Default 32, which is right; GitHub's own
   * sample key has 33.
   */
  publicKeyBytes: number;
  /** After so many more reads of a public key the key pair is replaced at once. Default 0. */
  rotateKeysAfterRead: number;
  /**
   * Whether a replaced key pair keeps its `key_id`. Default `false`. What GitHub answers to an old `key_id` is
   * not confirmed, so a client must stand both.
   */
  rotatedKeysKeepTheirId: boolean;
  /** A GET of one secret answers 404 so many times after the secret was created. Default 0. */
  replicationLag: number;
  /** Default 100: https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets. */
  secretsPerPlace: number;
  /**
   * Whether reading a public key takes the read permission. Default `false`: GitHub's reference says that
   * "anyone with read access to the repository" may. Its table of permissions says otherwise, and so does
   * https://github.com/github/docs/issues/29818, so a client must stand both.
   */
  publicKeyNeedsPermission: boolean;
}

/** A request that has found its place too. */
export interface SecretsCall extends Call {
  readonly place: SecretPlace;
  readonly switches: GitHubSwitches;
  readonly newKeyId: () => string;
}

export function getPublicKey({ place, switches, newKeyId }: SecretsCall): Reply {
  const key = Buffer.alloc(switches.publicKeyBytes);
  Buffer.from(place.keyPair.publicKey, "base64").copy(key);
  const json = { key_id: place.keyId, key: key.toString("base64") };
  if (switches.rotateKeysAfterRead > 0) {
    switches.rotateKeysAfterRead -= 1;
    place.rotateKeys(switches.rotatedKeysKeepTheirId ? place.keyId : newKeyId());
  }
  return { status: 200, json };
}

/** Pages of 30, at most 100. GitHub's answer to a `per_page` or `page` out of range is not confirmed: the nearest one. */
export function listSecrets({ place, query, address }: SecretsCall): Reply {
  const perPage = Math.min(100, positive(query.get("per_page")) ?? 30);
  const page = positive(query.get("page")) ?? 1;
  const all = place.list();
  const link = linkHeader(address, query, page, Math.max(1, Math.ceil(all.length / perPage)));
  return {
    status: 200,
    json: {
      total_count: all.length,
      secrets: all.slice((page - 1) * perPage, page * perPage).map(describe),
    },
    headers: link === "" ? {} : { link },
  };
}

export function getSecret({ place, parameter }: SecretsCall): Reply {
  const secret = place.get(parameter("secret"));
  if (secret === undefined) throw notFound();
  const unseen = place.unseen.get(secret.name) ?? 0;
  if (unseen > 0) {
    place.unseen.set(secret.name, unseen - 1);
    throw notFound();
  }
  return { status: 200, json: describe(secret) };
}

export function putSecret({ place, parameter, body, now, switches }: SecretsCall): Reply {
  const secretName = parameter("secret");
  const { keyId, sealed } = readBox(body);
  refuseBadName(secretName);
  if (keyId !== place.keyId) {
    // No public record of the real words was found; 422 is what a stale key_id is expected to get.
    throw new Refusal(422, "Bad request - validation failed due to an unknown key_id");
  }
  const opened = place.open(sealed);
  if (opened === undefined) {
    throw new Refusal(422, "Bad request - validation failed due to an improperly encrypted secret");
  }
  if (opened.length > MOST_BYTES) {
    // The words are those of the web page; the status is not confirmed.
    throw new Refusal(422, "Value is too large");
  }
  // What GitHub makes of an empty value is not confirmed; here it is stored.
  const isNew = place.get(secretName) === undefined;
  if (isNew && place.list().length >= switches.secretsPerPlace) {
    // Neither the status nor the words of the real answer are confirmed.
    throw new Refusal(422, `Secrets are limited to ${String(switches.secretsPerPlace)}`);
  }
  place.write(secretName, { value: opened.toString("utf8"), sealed, at: now });
  if (!isNew) return { status: 204 };
  place.unseen.set(secretName.toUpperCase(), switches.replicationLag);
  return { status: 201, json: {} };
}

export function deleteSecret({ place, parameter }: SecretsCall): Reply {
  const secretName = parameter("secret");
  if (place.get(secretName) === undefined) throw notFound();
  place.delete(secretName);
  return { status: 204 };
}

/**
 * Refuses a name that breaks GitHub's rules; the words were seen in public reports.
 * https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets
 */
export function refuseBadName(name: string): void {
  if (!/^[A-Z_][A-Z0-9_]*$/i.test(name)) {
    throw new Refusal(
      422,
      "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
    );
  }
  if (/^GITHUB_/i.test(name)) throw new Refusal(422, "Secret names must not start with GITHUB_.");
}

/**
 * A value has at most 48 KB. Whether that is 48,000 or 49,152 bytes, and of the value or of its box, is not
 * confirmed: the roomier reading is taken.
 * https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets
 */
const MOST_BYTES = 48 * 1024;

/** The pattern of GitHub's OpenAPI description: standard base64, padded, not empty. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

function readBox(body: string): { keyId: string; sealed: string } {
  const fields = readFields(body, ["encrypted_value", "key_id"]);
  const sealed = readString(fields, "encrypted_value");
  const keyId = readString(fields, "key_id");
  // GitHub quotes the value and the pattern in full.
  if (!BASE64.test(sealed)) {
    throw invalid(`${sealed} does not match /${BASE64.source.replaceAll("/", "\\/")}/.`);
  }
  return { keyId, sealed };
}

function describe({ name, createdAt, updatedAt }: StoredSecret): Record<string, string> {
  return { name, created_at: wholeSeconds(createdAt), updated_at: wholeSeconds(updatedAt) };
}

function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function positive(text: string | null): number | undefined {
  const number = Number(text ?? "");
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers */
function linkHeader(address: string, query: URLSearchParams, page: number, last: number): string {
  const to = (target: number, rel: string): string => {
    const there = new URLSearchParams(query);
    there.set("page", String(target));
    return `<${address}?${there.toString()}>; rel="${rel}"`;
  };
  return [
    ...(page > 1 ? [to(Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [to(page + 1, "next"), to(last, "last")] : []),
    ...(page > 1 ? [to(1, "first")] : []),
  ].join(", ");
}
