import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";
import { createTokenRegister, forbidden, type TokenRights } from "./github/access.ts";
import type { Dispatch } from "./github/dispatch-api.ts";
import {
  createPlace,
  type AcceptedWrite,
  type KeyPair,
  type SecretPlace,
  type StoredSecret,
} from "./github/place.ts";
import { createRateLimits } from "./github/rate-limits.ts";
import { notFound, Refusal, type Reply } from "./github/reply.ts";
import { matchRoute, type Match, type Route } from "./github/routes.ts";
import { type GitHubSwitches, refuseBadName } from "./github/secrets-api.ts";

export type { Access, TokenRights } from "./github/access.ts";
export type { Dispatch, RepositoryDispatch, WorkflowDispatch } from "./github/dispatch-api.ts";
export type { AcceptedWrite, KeyPair, StoredSecret } from "./github/place.ts";

export interface GitHubEmulatorOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** What every path begins with. Default none, as at api.github.com; GitHub Enterprise Server has `/api/v3`. */
  readonly basePath?: string;
}

/** A repository, or an environment in it. Neither name is case-sensitive. */
export interface PlaceName {
  /** `OWNER/REPO` */
  readonly repository: string;
  /** As shown on the web, not percent-encoded. */
  readonly environment?: string | undefined;
}

export interface SecretName extends PlaceName {
  readonly name: string;
}

/**
 * GitHub's REST API for repository and environment secrets of GitHub Actions, and for the events that start
 * workflows. It holds the private keys and opens what is written. Its properties from {@link GitHubSwitches} may be
 * set at any time.
 */
export interface GitHubEmulator extends Emulator, GitHubSwitches {
  addToken(token: string, rights: TokenRights): void;
  /** Adds a private repository. Throws where the name is taken. */
  addRepository(repository: string, content?: { readonly environments?: readonly string[] }): void;
  /** Renames a repository; requests for the old name are redirected from now on. */
  rename(from: string, to: string): void;
  /** Puts a secret there beforehand. `updatedAt` is in milliseconds, default now. Throws on an unknown place. */
  addSecret(secret: SecretName & { readonly value: string; readonly updatedAt?: number }): void;
  /** The secret with its value, or `undefined` where there is none. Throws on an unknown place. */
  secret(secret: SecretName): StoredSecret | undefined;
  /** The names in a place, sorted, in upper case. Throws on an unknown place. */
  secretNames(place: PlaceName): readonly string[];
  /** Every accepted PUT of a secret, oldest first, also when it was deleted since. Throws on an unknown place. */
  history(secret: SecretName): readonly AcceptedWrite[];
  /** The place's key pair of the moment, for another program to open boxes with. Throws on an unknown place. */
  privateKey(place: PlaceName): KeyPair;
  /** Every event made by a request, oldest first. */
  readonly dispatches: readonly Dispatch[];
  /** Told of each event before its request is answered. May be set at any time; default nobody. */
  onDispatch: ((dispatch: Dispatch) => void) | undefined;
}

export function createGitHubEmulator(options: GitHubEmulatorOptions = {}): GitHubEmulator {
  const { now = Date.now, basePath = "" } = options;
  const repositories: Repository[] = [];
  const tokens = createTokenRegister();
  const rateLimits = createRateLimits(now);
  let answered = 0;
  let keyIds = 0;

  const dispatches: Dispatch[] = [];
  const switches: GitHubSwitches & Pick<GitHubEmulator, "onDispatch"> = {
    publicKeyBytes: 32,
    rotateKeysAfterRead: 0,
    rotatedKeysKeepTheirId: false,
    replicationLag: 0,
    secretsPerPlace: 100,
    publicKeyNeedsPermission: false,
    onDispatch: undefined,
  };

  const newKeyId = (): string => {
    keyIds += 1;
    return String(FIRST_KEY_ID + BigInt(keyIds));
  };
  const dispatch = (dispatched: Dispatch): number => {
    dispatches.push(dispatched);
    switches.onDispatch?.(dispatched);
    return FIRST_RUN_ID + dispatches.length;
  };
  // Different key pairs have been seen with the same key_id, so all places begin with one and the same:
  // https://github.com/Developer-DAO/pixel-avatars/issues/86.
  const newPlace = (): SecretPlace => createPlace(String(FIRST_KEY_ID));

  const find = (name: string): Repository | undefined =>
    repositories.find((repository) => repository.name.toLowerCase() === name.toLowerCase());

  const findFormer = (name: string): Repository | undefined =>
    repositories.find((repository) => repository.formerNames.has(name.toLowerCase()));

  const at = ({ repository, environment }: PlaceName): SecretPlace => {
    const found = find(repository);
    const place =
      environment === undefined ? found?.place : found?.environments.get(environment.toLowerCase());
    if (place !== undefined) return place;
    throw new Error(
      `The GitHub emulator has no ${environment === undefined ? "repository" : `environment ${environment} in`} ${repository}: addRepository() makes one.`,
    );
  };

  /** The answer of a request whose route is known, with the headers that tell which permission it takes. */
  const serve = (request: EmulatorRequest, version: string, match: Match): Reply => {
    const { route, head, tail, parameters } = match;
    const token = tokens.authenticate(request.headers.get("authorization"));
    const apiUrl = request.url.origin + basePath;
    const address = (repository: Repository): string =>
      `${apiUrl}/repositories/${String(repository.id)}${tail}`;
    const parameter = (name: string): string => decodeURIComponent(parameters[name] ?? "");

    const byId = repositories.find(({ id }) => head === `/repositories/${String(id)}`);
    const name = decodeURIComponent(head.replace("/repos/", ""));
    const repository = byId ?? find(name);
    if (repository === undefined) {
      const renamed = findFormer(name);
      if (renamed === undefined || !token.sees(renamed.name)) throw notFound();
      return redirect(request, address(renamed));
    }
    if (!token.sees(repository.name)) throw notFound();

    const accepted: Record<string, string> =
      token.kind === "classic"
        ? {}
        : { "x-accepted-github-permissions": `${route.permission}=${route.level}` };
    // GITHUB_TOKEN is refused even the public key: https://github.com/orgs/community/discussions/26292.
    const open = route.open === true && !switches.publicKeyNeedsPermission && token.kind !== "actions";
    if (!open && !token.may(route.permission, route.level)) throw forbidden(token.kind, accepted);

    const place =
      parameters["environment"] === undefined
        ? repository.place
        : repository.environments.get(parameter("environment").toLowerCase());
    // That a missing environment is 404 is not confirmed.
    if (place === undefined) throw notFound();
    const reply = route.answer({
      repository: repository.name,
      parameter,
      apiUrl,
      address: address(repository),
      query: request.url.searchParams,
      body: request.body,
      version,
      now: now(),
      place,
      switches,
      newKeyId,
      dispatch,
    });
    return { ...reply, headers: { ...accepted, ...reply.headers } };
  };

  const answer = (request: EmulatorRequest): Response => {
    const match = matchRoute(request, basePath);
    const version = request.headers.get("x-github-api-version") ?? OLDEST_VERSION;
    const reply = attempt(match.route, () => {
      if (!request.headers.has("user-agent")) return WITHOUT_USER_AGENT;
      if (!VERSIONS.includes(version)) throw unsupported(version);
      // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
      if (request.url.pathname.endsWith("/")) throw notFound();
      return serve(request, version, match);
    });
    answered += 1;
    const headers = new Headers({
      ...rateLimits.count(request.headers.get("authorization")),
      "x-github-request-id": `E0E0:${answered.toString(16).toUpperCase().padStart(6, "0")}`,
      "x-github-api-version-selected": VERSIONS.includes(version) ? version : OLDEST_VERSION,
      ...reply.headers,
    });
    if (reply.json === undefined) return new Response(reply.html ?? null, { status: reply.status, headers });
    headers.set("content-type", "application/json; charset=utf-8");
    return new Response(JSON.stringify(reply.json), { status: reply.status, headers });
  };

  return Object.assign(switches, createEmulator("github", answer), {
    addToken: (token, rights) => {
      tokens.add(token, rights);
    },
    addRepository: (repository, { environments = [] } = {}) => {
      if (!/^[^/]+\/[^/]+$/.test(repository)) throw new Error(`"${repository}" is not like OWNER/REPO.`);
      if (find(repository) !== undefined) throw new Error(`The GitHub emulator already has ${repository}.`);
      findFormer(repository)?.formerNames.delete(repository.toLowerCase());
      repositories.push({
        id: FIRST_REPOSITORY_ID + repositories.length,
        name: repository,
        formerNames: new Set(),
        place: newPlace(),
        environments: new Map(environments.map((environment) => [environment.toLowerCase(), newPlace()])),
      });
    },
    rename: (from, to) => {
      const repository = find(from);
      if (repository === undefined) throw new Error(`The GitHub emulator has no repository ${from}.`);
      if (find(to) !== undefined) throw new Error(`The GitHub emulator already has ${to}.`);
      tokens.renameRepository(from, to);
      repository.formerNames.delete(to.toLowerCase());
      repository.formerNames.add(from.toLowerCase());
      repository.name = to;
    },
    addSecret: ({ name, value, updatedAt = now(), ...place }) => {
      refuseBadName(name);
      at(place).store(name, { value, sealed: at(place).seal(value) }, updatedAt);
    },
    secret: ({ name, ...place }) => at(place).get(name),
    secretNames: (place) =>
      at(place)
        .list()
        .map(({ name }) => name),
    history: ({ name, ...place }) => at(place).history(name),
    privateKey: (place) => at(place).keyPair,
    dispatches,
  } satisfies Omit<GitHubEmulator, keyof Emulator | keyof typeof switches>);
}

interface Repository {
  readonly id: number;
  name: string;
  /** In lower case. */
  readonly formerNames: Set<string>;
  readonly place: SecretPlace;
  /** By name in lower case: https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments. */
  readonly environments: Map<string, SecretPlace>;
}

const FIRST_REPOSITORY_ID = 1_296_269;
const FIRST_RUN_ID = 30_433_642;
const FIRST_KEY_ID = 12_345_678_912_345_678n;

/** https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const OLDEST_VERSION = "2022-11-28";
const VERSIONS: readonly string[] = [OLDEST_VERSION, "2026-03-10"];

function attempt({ docs }: Route, work: () => Reply): Reply {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return error.toReply(docs);
    throw error;
  }
}

/**
 * 301 for reads and 307 for everything else, both with a body that says 301:
 * https://developer.github.com/changes/2015-04-17-preview-repository-redirects/
 */
function redirect({ method, url }: EmulatorRequest, address: string): Reply {
  const location = address + url.search;
  return {
    status: method === "GET" ? 301 : 307,
    json: {
      message: "Moved Permanently",
      url: location,
      documentation_url:
        "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    },
    headers: { location },
  };
}

/**
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#not-a-supported-version;
 * the words were seen in https://github.com/expipiplus1/update-nix-fetchgit/issues/79.
 */
function unsupported(version: string): Refusal {
  const supported = [...VERSIONS]
    .reverse()
    .map((each, index) => `"${each}"${index === 0 ? " (most recent)" : ""}`);
  return new Refusal(
    400,
    `Bad Request: The version you specified in the "X-GitHub-API-Version" request header, "${version}", is not a supported version. The following versions are currently supported: ${supported.join(", ")}.`,
  );
}

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#user-agent-required */
const WITHOUT_USER_AGENT: Reply = {
  status: 403,
  html: "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n",
  headers: { "content-type": "text/html" },
};
