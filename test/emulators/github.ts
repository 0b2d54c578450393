import { setTimeout as sleep } from "node:timers/promises";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";
import {
  createTokenRegister,
  forbidden,
  readCredential,
  type Token,
  type TokenRights,
} from "./github/access.ts";
import type { Dispatch } from "./github/dispatch-api.ts";
import { answerGraphQl } from "./github/graphql.ts";
import type { Organization } from "./github/organization.ts";
import { createPlace, type AcceptedWrite, type KeyPair, type StoredSecret } from "./github/place.ts";
import { createRateLimits } from "./github/rate-limits.ts";
import {
  createRegistry,
  type NewOrganizationSecret,
  type NewSecret,
  type OrganizationName,
  type OrganizationSecretName,
  type PlaceName,
  type Repository,
  type SecretName,
} from "./github/registry.ts";
import { notFound, Refusal, type Reply } from "./github/reply.ts";
import { matchRoute, type Match, type OrganizationRoute, type RepositoryRoute } from "./github/routes.ts";
import { refuseBadName, type SecretsSwitches } from "./github/secrets-api.ts";
import { createTraffic, type SecondaryLimits, type TokenTraffic } from "./github/traffic.ts";

export type { Access, TokenRights } from "./github/access.ts";
export type { Dispatch, RepositoryDispatch, WorkflowDispatch } from "./github/dispatch-api.ts";
export type { AcceptedWrite, KeyPair, StoredSecret, Visibility } from "./github/place.ts";
export type {
  NewOrganizationSecret,
  NewSecret,
  OrganizationName,
  OrganizationSecretName,
  PlaceName,
  SecretName,
} from "./github/registry.ts";
export type { SecondaryLimits, TokenTraffic } from "./github/traffic.ts";

export interface GitHubEmulatorOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** What every path begins with. Default none, as at api.github.com; GitHub Enterprise Server has `/api/v3`. */
  readonly basePath?: string;
  /** What the switch of this name begins with. */
  readonly limits?: Partial<SecondaryLimits>;
}

/** What may be made to go wrong, or to be otherwise, at any time. */
export interface GitHubSwitches extends SecretsSwitches {
  /**
   * The secondary limits to enforce, `{}` for GitHub's own. What exceeds them is answered 403 with `retry-after`.
   * Default `undefined`: none. What was sent before counts from the start.
   */
  limits: Partial<SecondaryLimits> | undefined;
  /**
   * Milliseconds of real time that each answer takes longer, whatever clock the emulator has. The work is done before.
   * An answer that a fault gives in place of the emulator's own comes at once. Default 0.
   */
  latency: number;
}

/**
 * GitHub's REST API for secrets of GitHub Actions and Dependabot, and for the events that start workflows. It holds
 * the private keys and opens what is written. Its properties from {@link GitHubSwitches} may be set at any time.
 */
export interface GitHubEmulator extends Emulator, GitHubSwitches {
  addToken(token: string, rights: TokenRights): void;
  /** Adds a private repository. Throws where the name is taken. */
  addRepository(repository: string, content?: { readonly environments?: readonly string[] }): void;
  /**
   * Adds an organization, which owns all repositories `ORGANIZATION/…`: those there are already, those to come, and
   * those that are named here, without their owner. Throws where a name is taken.
   */
  addOrganization(organization: string, content?: { readonly repositories?: readonly string[] }): void;
  /** Renames a repository; requests for the old name are redirected from now on. */
  rename(from: string, to: string): void;
  /** The number that an organization's secret selects a repository by. Throws on an unknown repository. */
  repositoryId(repository: string): number;
  /** Puts a secret there beforehand. Throws on an unknown place. */
  addSecret(secret: NewSecret | NewOrganizationSecret): void;
  /** The secret with its value, or `undefined` where there is none. Throws on an unknown place. */
  secret(secret: SecretName | OrganizationSecretName): StoredSecret | undefined;
  /** The names in a place, sorted, in upper case. Throws on an unknown place. */
  secretNames(place: PlaceName | OrganizationName): readonly string[];
  /** Every accepted PUT of a secret, oldest first, also when it was deleted since. Throws on an unknown place. */
  history(secret: SecretName | OrganizationSecretName): readonly AcceptedWrite[];
  /** The place's key pair of the moment, for another program to open boxes with. Throws on an unknown place. */
  privateKey(place: PlaceName | OrganizationName): KeyPair;
  /** What a token has sent so far, counted whether or not there are `limits`. */
  traffic(token: string): TokenTraffic;
  /** Every event made by a request, oldest first. */
  readonly dispatches: readonly Dispatch[];
  /** Told of each event before its request is answered. May be set at any time; default nobody. */
  onDispatch: ((dispatch: Dispatch) => void) | undefined;
}

export function createGitHubEmulator(options: GitHubEmulatorOptions = {}): GitHubEmulator {
  const { now = Date.now, basePath = "" } = options;
  // GitHub Enterprise Server's REST API is below /api/v3, its GraphQL API is /api/graphql:
  // https://docs.github.com/en/enterprise-server@3.19/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint.
  const graphQlPath = `${basePath.replace(/\/v3$/, "")}/graphql`;
  const tokens = createTokenRegister();
  const rateLimits = createRateLimits(now);
  const traffic = createTraffic(now);
  let answered = 0;
  let keyIds = 0;

  const dispatches: Dispatch[] = [];
  const switches: GitHubSwitches & Pick<GitHubEmulator, "onDispatch"> = {
    publicKeyBytes: 32,
    rotateKeysAfterRead: 0,
    rotatedKeysKeepTheirId: false,
    replicationLag: 0,
    secretsPerPlace: 100,
    secretsPerOrganization: 1000,
    dependabotSecretsPerRepository: 100,
    publicKeyNeedsPermission: false,
    limits: options.limits,
    latency: 0,
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
  const registry = createRegistry(() => createPlace(String(FIRST_KEY_ID)));

  /** What a request whose route is known brings along, whatever it is about. */
  const callOf = (request: EmulatorRequest, version: string, { parameters }: Match) => ({
    parameter: (name: string): string => decodeURIComponent(parameters[name] ?? ""),
    apiUrl: request.url.origin + basePath,
    query: request.url.searchParams,
    body: request.body,
    version,
    now: now(),
    switches,
    newKeyId,
  });

  /** Refuses a token without the permission. Gives the header that tells which one the route takes. */
  const admit = (token: Token, route: RepositoryRoute | OrganizationRoute): Record<string, string> => {
    const { permission, level } = route;
    const accepted: Record<string, string> =
      token.kind === "classic" ? {} : { "x-accepted-github-permissions": `${permission}=${level}` };
    // GITHUB_TOKEN is refused even the public key: https://github.com/orgs/community/discussions/26292.
    const open = route.open === true && !switches.publicKeyNeedsPermission && token.kind !== "actions";
    if (!open && !token.may(permission, level)) throw forbidden(token.kind, permission, accepted);
    return accepted;
  };

  const serveRepository = (
    request: EmulatorRequest,
    token: Token,
    match: Match,
    route: RepositoryRoute,
    call: ReturnType<typeof callOf>,
  ): Reply => {
    const addressOf = ({ id }: Repository): string =>
      `${call.apiUrl}/repositories/${String(id)}${match.tail}`;
    const name = decodeURIComponent(match.name ?? "");
    const repository = registry.repository(match.id ?? name);
    if (repository === undefined) {
      const renamed = registry.formerRepository(name);
      if (renamed === undefined || !token.sees(renamed.name)) throw notFound();
      return redirect(request, addressOf(renamed));
    }
    if (!token.sees(repository.name)) throw notFound();

    const accepted = admit(token, route);
    const isDependabot = route.permission === "dependabot_secrets";
    const place =
      match.parameters["environment"] !== undefined
        ? repository.environments.get(call.parameter("environment").toLowerCase())
        : isDependabot
          ? repository.dependabot
          : repository.place;
    // That a missing environment is 404 is not confirmed.
    if (place === undefined) throw notFound();
    const reply = route.answer({
      ...call,
      repository: repository.name,
      address: addressOf(repository),
      place,
      limit: isDependabot ? switches.dependabotSecretsPerRepository : switches.secretsPerPlace,
      dispatch,
    });
    return { ...reply, headers: { ...accepted, ...reply.headers } };
  };

  const serveOrganization = (
    token: Token,
    match: Match,
    route: OrganizationRoute,
    call: ReturnType<typeof callOf>,
  ): Reply => {
    const found = registry.organization(match.id ?? decodeURIComponent(match.name ?? ""));
    if (found === undefined || !token.seesOrganization(found.name)) throw notFound();

    const accepted = admit(token, route);
    const organization: Organization = {
      id: found.id,
      name: found.name,
      repositories: registry.repositoriesOf(found),
    };
    const reply = route.answer({
      ...call,
      organization,
      // By the id, as links to the next page of an organization's lists are.
      address: `${call.apiUrl}/organizations/${String(found.id)}${match.tail}`,
      place: found.place,
      limit: switches.secretsPerOrganization,
    });
    return { ...reply, headers: { ...accepted, ...reply.headers } };
  };

  /** The answer of a request whose route is known. */
  const serve = (request: EmulatorRequest, version: string, match: Match): Reply => {
    if (!request.headers.has("user-agent")) return WITHOUT_USER_AGENT;
    if (!VERSIONS.includes(version)) throw unsupported(version);
    // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
    if (request.url.pathname.endsWith("/")) throw notFound();
    const token = tokens.authenticate(request.headers.get("authorization"));
    const call = callOf(request, version, match);
    const { route } = match;
    return route.of === "repository"
      ? serveRepository(request, token, match, route, call)
      : serveOrganization(token, match, route, call);
  };

  const serveGraphQl = ({ headers, body }: EmulatorRequest): Reply => {
    const token = tokens.authenticate(headers.get("authorization"));
    return answerGraphQl(body, (name) => (token.sees(name) ? registry.repository(name)?.id : undefined));
  };

  const answer = async (request: EmulatorRequest): Promise<Response> => {
    const isGraphQl = request.method === "POST" && request.url.pathname === graphQlPath;
    const match = isGraphQl ? undefined : matchRoute(request, basePath);
    const version = request.headers.get("x-github-api-version") ?? OLDEST_VERSION;
    const credential = readCredential(request.headers.get("authorization"));
    const isWrite = !isGraphQl && request.method !== "GET";
    const refusal = traffic.arrive(credential, isWrite, switches.limits);
    try {
      const reply =
        refusal ??
        (match === undefined
          ? attempt(GRAPHQL_DOCS, () => serveGraphQl(request))
          : attempt(match.route.docs, () => serve(request, version, match)));
      answered += 1;
      const headers = new Headers({
        ...rateLimits.count(request.headers.get("authorization")),
        "x-github-request-id": `E0E0:${answered.toString(16).toUpperCase().padStart(6, "0")}`,
        "x-github-api-version-selected": VERSIONS.includes(version) ? version : OLDEST_VERSION,
        ...reply.headers,
      });
      if (switches.latency > 0) await sleep(switches.latency);
      return toResponse(reply, headers);
    } finally {
      if (refusal === undefined) traffic.leave(credential);
    }
  };

  return Object.assign(switches, createEmulator("github", answer), {
    addToken: (token, rights) => {
      tokens.add(token, rights);
    },
    addRepository: registry.addRepository,
    addOrganization: registry.addOrganization,
    rename: (from, to) => {
      registry.rename(from, to);
      tokens.renameRepository(from, to);
    },
    repositoryId: registry.idOf,
    addSecret: (secret) => {
      const { name, value, updatedAt = now() } = secret;
      refuseBadName(name);
      const place = registry.at(secret);
      place.store(name, { value, sealed: place.seal(value), ...registry.sharingOf(secret) }, updatedAt);
    },
    secret: (secret) => registry.at(secret).get(secret.name),
    secretNames: (place) =>
      registry
        .at(place)
        .list()
        .map(({ name }) => name),
    history: (secret) => registry.at(secret).history(secret.name),
    privateKey: (place) => registry.at(place).keyPair,
    traffic: (token) => traffic.of(token),
    dispatches,
  } satisfies Omit<GitHubEmulator, keyof Emulator | keyof typeof switches>);
}

const FIRST_RUN_ID = 30_433_642;
const FIRST_KEY_ID = 12_345_678_912_345_678n;

/** https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const OLDEST_VERSION = "2022-11-28";
const VERSIONS: readonly string[] = [OLDEST_VERSION, "2026-03-10"];

const GRAPHQL_DOCS = "https://docs.github.com/graphql";

function toResponse({ status, json, html }: Reply, headers: Headers): Response {
  if (json === undefined) return new Response(html ?? null, { status, headers });
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(JSON.stringify(json), { status, headers });
}

/** `docs` is what an error's body names. */
function attempt(docs: string, work: () => Reply): Reply {
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
