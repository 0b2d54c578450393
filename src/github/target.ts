import { RotationError } from "../errors.ts";
import { isPointer } from "../pointer.ts";

/** The repository, environment or organization of a target; `dependabot` is a repository's other store. */
export type Place =
  | { readonly kind: "repo"; readonly owner: string; readonly repo: string }
  | { readonly kind: "env"; readonly owner: string; readonly repo: string; readonly environment: string }
  | { readonly kind: "org"; readonly org: string }
  | { readonly kind: "dependabot"; readonly owner: string; readonly repo: string };

/** Where a secret lives in GitHub, what it is called there, and which form of the value it gets. */
export interface Target {
  readonly place: Place;
  readonly secretName: string;
  /** JSON Pointer (RFC 6901) to the part of the new secret that is written; absent: all of it. */
  readonly pointer?: string;
  readonly format?: "md5" | "base64";
  /** Of an organization's secret that does not exist yet: which repositories may use it. Default `private`. */
  readonly visibility?: "all" | "private";
}

/**
 * Reads `KIND:PLACE[?OPTION=VALUE&…][#SECRET_NAME]`, percent-encoded where a character would be ambiguous.
 *
 * @example
 *   parseTarget("env:acme/web/eu/staging?format=md5#LOGIN_SECRET");
 *
 * @param defaultName the secret's name where the target has none of its own.
 * @throws {RotationError} TARGET_INVALID, SECRET_NAME_INVALID, or INPUT_MISSING where no name is given at all.
 */
export function parseTarget(text: string, defaultName = ""): Target {
  const invalid = (expected: string): RotationError =>
    RotationError.of("TARGET_INVALID", { target: text, expected });
  if (!text.isWellFormed()) throw invalid("whole characters");
  const match = /^([a-z]+):([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su.exec(text);
  if (match === null) throw invalid("KIND:PLACE such as repo:OWNER/REPO or env:OWNER/REPO/ENVIRONMENT");
  const [, kind, path = "", query, name] = match;
  const place = parsePlace(kind ?? "", path, invalid);
  const options = parseOptions(query, place, invalid);
  const secretName = name === undefined ? defaultName : decode(name, invalid);
  if (secretName === "") {
    throw RotationError.of("INPUT_MISSING", {
      input: "secret-name",
      because: `the target "${text}" has no name of its own`,
      hint: `Set "secret-name", or end the target with "#SECRET_NAME".`,
    });
  }
  checkSecretName(secretName);
  return { place, secretName, ...options };
}

/** The canonical text of a target: `formatTarget(parseTarget(x))` is stable. */
export function formatTarget(target: Target): string {
  const options = [
    ...(target.visibility === undefined ? [] : [`visibility=${target.visibility}`]),
    ...(target.pointer === undefined ? [] : [`pointer=${encode(target.pointer, /[%#&\s\p{C}]/gu)}`]),
    ...(target.format === undefined ? [] : [`format=${target.format}`]),
  ];
  const query = options.length === 0 ? "" : `?${options.join("&")}`;
  return `${formatPlace(target.place)}${query}#${target.secretName}`;
}

export function formatPlace(place: Place): string {
  switch (place.kind) {
    case "repo":
    case "dependabot":
      return `${place.kind}:${place.owner}/${place.repo}`;
    case "env":
      return `env:${place.owner}/${place.repo}/${encode(place.environment, /[%?#\s\p{C}]/gu)}`;
    case "org":
      return `org:${place.org}`;
  }
}

/** Equal for two places that are the same to GitHub, which compares names of all kinds without case. */
export function placeKey(place: Place): string {
  return formatPlace(place).toLowerCase();
}

/** Equal for two targets that are the same secret. */
export function targetKey(target: Target): string {
  return `${placeKey(target.place)}#${target.secretName.toUpperCase()}`;
}

/** The distinct places of some targets, in their order. */
export function placesOf(targets: readonly Target[]): readonly Place[] {
  return [...new Map(targets.map(({ place }) => [placeKey(place), place])).values()];
}

/**
 * GitHub's rules for names of secrets
 * (https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets).
 *
 * @throws {RotationError} SECRET_NAME_INVALID
 */
export function checkSecretName(name: string): void {
  const expected = !/^[A-Z_][A-Z0-9_]*$/i.test(name)
    ? "letters, digits and underscores, and no digit in front"
    : /^GITHUB_/i.test(name)
      ? "a name that does not begin with GITHUB_, which GitHub keeps for itself"
      : /^ROTATING_[0-9A-F]{10}$/i.test(name)
        ? "a name that is not one of this action's own markers"
        : undefined;
  if (expected !== undefined) throw RotationError.of("SECRET_NAME_INVALID", { name, expected });
}

type Invalid = (expected: string) => RotationError;

function parsePlace(kind: string, path: string, invalid: Invalid): Place {
  const [owner = "", repo = "", ...rest] = path.split("/");
  switch (kind) {
    case "repo":
    case "dependabot":
      if (rest.length > 0) throw invalid(`${kind}:OWNER/REPO, without anything behind the repository`);
      return { kind, ...parseRepository(owner, repo, invalid) };
    case "org":
      if (!isLegalName(path)) throw invalid("org:ORGANIZATION");
      return { kind, org: path };
    case "env": {
      const environment = decode(rest.join("/"), invalid);
      // "." and ".." would climb in the API's path.
      if (/^\.{0,2}$/.test(environment))
        throw invalid("env:OWNER/REPO/ENVIRONMENT, with the environment's name");
      return { kind, ...parseRepository(owner, repo, invalid), environment };
    }
    default:
      throw invalid(`the kind "repo", "env", "org" or "dependabot" before the colon`);
  }
}

function parseRepository(owner: string, repo: string, invalid: Invalid): { owner: string; repo: string } {
  if (!isLegalName(owner) || !isLegalName(repo)) throw invalid("a repository written OWNER/REPO");
  return { owner, repo };
}

function isLegalName(name: string): boolean {
  // "." and ".." would climb in the API's path.
  return /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name);
}

type Options = Pick<Target, "pointer" | "format" | "visibility">;

function parseOptions(query: string | undefined, place: Place, invalid: Invalid): Options {
  const options: { -readonly [Name in keyof Options]: Options[Name] } = {};
  for (const option of query === undefined ? [] : query.split("&")) {
    const at = option.indexOf("=");
    const name = at < 0 ? option : option.slice(0, at);
    const value = at < 0 ? "" : decode(option.slice(at + 1), invalid);
    if (Object.hasOwn(options, name)) throw invalid(`the option "${name}" once`);
    if (name === "pointer") {
      if (!isPointer(value)) {
        throw invalid("pointer=/KEY, a JSON Pointer (RFC 6901)");
      }
      options.pointer = value;
    } else if (name === "format") {
      if (value !== "md5" && value !== "base64") throw invalid("format=md5 or format=base64");
      options.format = value;
    } else if (name === "visibility" && place.kind === "org") {
      // Which repositories are selected is decided in GitHub, and kept.
      if (value !== "all" && value !== "private") throw invalid("visibility=all or visibility=private");
      options.visibility = value;
    } else {
      const known = place.kind === "org" ? `"visibility", "pointer" and "format"` : `"pointer" and "format"`;
      throw invalid(`the options ${known} only`);
    }
  }
  return options;
}

function encode(text: string, ambiguous: RegExp): string {
  return text.replace(ambiguous, (character) => encodeURIComponent(character.toWellFormed()));
}

function decode(text: string, invalid: Invalid): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("percent-encoding such as %20, and %25 for a percent sign");
  }
}
