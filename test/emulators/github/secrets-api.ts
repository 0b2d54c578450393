import { type Fields, invalid, readFields, readString } from "./body.ts";
import type { Call } from "./call.ts";
import type { Organization } from "./organization.ts";
import { cutPage } from "./pages.ts";
import type { SecretPlace, Sharing, StoredSecret } from "./place.ts";
import { notFound, Refusal, type Reply } from "./reply.ts";

/** What of secrets may be made to go wrong, or to be otherwise, at any time. */
export interface SecretsSwitches {
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
  /**
   * For a repository and for an environment. Default 100:
   * https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets.
   */
  secretsPerPlace: number;
  /** Default 1,000; the same page. */
  secretsPerOrganization: number;
  /** Default 100, as for the repository's own; no page gives a limit for Dependabot's. */
  dependabotSecretsPerRepository: number;
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
  /** How many secrets the place can have. */
  readonly limit: number;
  /** Where the place is one. */
  readonly organization?: Organization;
  readonly switches: SecretsSwitches;
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

export function listSecrets(call: SecretsCall): Reply {
  const all = call.place.list();
  const { items, headers } = cutPage(all, call);
  const secrets = items.map((secret) => describe(secret, call));
  return { status: 200, json: { total_count: all.length, secrets }, headers };
}

export function getSecret(call: SecretsCall): Reply {
  const { place, parameter } = call;
  const secret = place.get(parameter("secret"));
  if (secret === undefined) throw notFound();
  const unseen = place.unseen.get(secret.name) ?? 0;
  if (unseen > 0) {
    place.unseen.set(secret.name, unseen - 1);
    throw notFound();
  }
  return { status: 200, json: describe(secret, call) };
}

/** The description asks for neither field of Dependabot's; what GitHub makes of a lack is not confirmed. */
export function putSecret(call: SecretsCall): Reply {
  return write(call, readFields(call.body, BOX_FIELDS));
}

/** `sharing` is that of an organization's secret. */
export function write(
  { place, limit, parameter, now, switches }: SecretsCall,
  fields: Fields,
  sharing?: Sharing,
): Reply {
  const secretName = parameter("secret");
  const { keyId, sealed } = readBox(fields);
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
  if (isNew && place.list().length >= limit) {
    // Neither the status nor the words of the real answer are confirmed.
    throw new Refusal(422, `Secrets are limited to ${String(limit)}`);
  }
  place.write(secretName, { value: opened.toString("utf8"), sealed, at: now, ...sharing });
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

/** What every PUT of a secret has. */
export const BOX_FIELDS = ["encrypted_value", "key_id"] as const;

/**
 * A value has at most 48 KB. Whether that is 48,000 or 49,152 bytes, and of the value or of its box, is not
 * confirmed: the roomier reading is taken.
 * https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets
 */
const MOST_BYTES = 48 * 1024;

/** The pattern of GitHub's OpenAPI description: standard base64, padded, not empty. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

function readBox(fields: Fields): { keyId: string; sealed: string } {
  const sealed = readString(fields, "encrypted_value");
  const keyId = readString(fields, "key_id");
  // GitHub quotes the value and the pattern in full.
  if (!BASE64.test(sealed)) {
    throw invalid(`${sealed} does not match /${BASE64.source.replaceAll("/", "\\/")}/.`);
  }
  return { keyId, sealed };
}

function describe(
  { name, createdAt, updatedAt, visibility }: StoredSecret,
  { apiUrl, organization }: SecretsCall,
): Record<string, string> {
  const common = { name, created_at: wholeSeconds(createdAt), updated_at: wholeSeconds(updatedAt) };
  if (organization === undefined || visibility === undefined) return common;
  // Where other repositories than the selected ones may use it there is no address:
  // https://docs.github.com/en/rest/actions/secrets#list-organization-secrets.
  if (visibility !== "selected") return { ...common, visibility };
  const url = `${apiUrl}/orgs/${organization.name}/actions/secrets/${name}/repositories`;
  return { ...common, visibility, selected_repositories_url: url };
}

function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
