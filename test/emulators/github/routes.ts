import type { EmulatorRequest } from "../emulator.ts";
import type { Permission } from "./access.ts";
import * as dispatches from "./dispatch-api.ts";
import * as organizations from "./organization-secrets-api.ts";
import type { Reply } from "./reply.ts";
import * as secrets from "./secrets-api.ts";

export type Route = RepositoryRoute | OrganizationRoute;

export interface RepositoryRoute extends RouteOf<RepositoryRouteCall> {
  readonly of: "repository";
}

export interface OrganizationRoute extends RouteOf<organizations.OrganizationSecretsCall> {
  readonly of: "organization";
}

interface RouteOf<Call> {
  readonly method: string;
  /** What follows the repository or organization; each name in braces stands for one path segment. */
  readonly path: string;
  readonly permission: Permission;
  readonly level: "read" | "write";
  /** Whoever can read the repository may ask, unless `publicKeyNeedsPermission`. */
  readonly open?: boolean;
  /** GitHub's page of the route, which its error bodies name too. */
  readonly docs: string;
  readonly answer: (call: Call) => Reply;
}

export interface Match {
  readonly route: Route;
  /** `OWNER/REPO` or `ORG`, still percent-encoded, as is all below; or `undefined` where an id stands in its place. */
  readonly name: string | undefined;
  /** The id in place of a name. */
  readonly id: number | undefined;
  readonly tail: string;
  /** By the names in braces. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Throws on a request that is not emulated, which `createEmulator` answers with 501. */
export function matchRoute({ method, path, url }: EmulatorRequest, basePath: string): Match {
  if (!url.pathname.startsWith(`${basePath}/`)) {
    throw new Error(`The GitHub emulator serves ${basePath}/…, not ${method} ${path}.`);
  }
  for (const route of ROUTES) {
    const found = HEADS[route.of].exec(url.pathname.slice(basePath.length));
    if (found?.groups === undefined || route.method !== method) continue;
    const { name, id, tail = "" } = found.groups;
    const pattern = route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const match = new RegExp(`^${pattern}$`).exec(tail);
    if (match === null) continue;
    return {
      route,
      name,
      id: id === undefined ? undefined : Number(id),
      tail,
      parameters: match.groups ?? {},
    };
  }
  throw new Error(
    `The GitHub emulator does not know ${method} ${path}. It serves secrets and dispatches; an environment's name is one path segment, percent-encoded.`,
  );
}

const HEADS = {
  repository: /^(?:\/repos\/(?<name>[^/]+\/[^/]+)|\/repositories\/(?<id>\d+))(?<tail>\/.+?)\/?$/,
  organization: /^(?:\/orgs\/(?<name>[^/]+)|\/organizations\/(?<id>\d+))(?<tail>\/.+?)\/?$/,
};

type RepositoryRouteCall = secrets.SecretsCall & dispatches.DispatchCall;

/** The five routes that every store of secrets has. */
function routesOfStore<Call extends secrets.SecretsCall>(store: {
  readonly path: string;
  readonly permission: Permission;
  readonly page: "actions" | "dependabot";
  /** As the headings of the page call it. */
  readonly noun: "a-repository" | "an-environment" | "an-organization";
  readonly openKey: boolean;
  readonly put: (call: Call) => Reply;
}): readonly RouteOf<Call>[] {
  const { path, permission, page, noun, openKey, put } = store;
  const docs = (heading: string): string => `https://docs.github.com/en/rest/${page}/secrets#${heading}`;
  return [
    {
      method: "GET",
      path,
      permission,
      level: "read",
      docs: docs(`list-${noun.replace(/^an?-/, "")}-secrets`),
      answer: secrets.listSecrets,
    },
    {
      method: "GET",
      path: `${path}/public-key`,
      permission,
      level: "read",
      open: openKey,
      docs: docs(`get-${noun}-public-key`),
      answer: secrets.getPublicKey,
    },
    {
      method: "GET",
      path: `${path}/{secret}`,
      permission,
      level: "read",
      docs: docs(`get-${noun}-secret`),
      answer: secrets.getSecret,
    },
    {
      method: "PUT",
      path: `${path}/{secret}`,
      permission,
      level: "write",
      docs: docs(`create-or-update-${noun}-secret`),
      answer: put,
    },
    {
      method: "DELETE",
      path: `${path}/{secret}`,
      permission,
      level: "write",
      docs: docs(`delete-${noun}-secret`),
      answer: secrets.deleteSecret,
    },
  ];
}

const OF_REPOSITORIES: readonly RouteOf<RepositoryRouteCall>[] = [
  ...routesOfStore({
    path: "/actions/secrets",
    permission: "secrets",
    page: "actions",
    noun: "a-repository",
    openKey: true,
    put: secrets.putSecret,
  }),
  ...routesOfStore({
    path: "/environments/{environment}/secrets",
    permission: "environments",
    page: "actions",
    noun: "an-environment",
    openKey: true,
    put: secrets.putSecret,
  }),
  ...routesOfStore({
    path: "/dependabot/secrets",
    permission: "dependabot_secrets",
    page: "dependabot",
    noun: "a-repository",
    openKey: true,
    put: secrets.putSecret,
  }),
  {
    method: "POST",
    path: "/dispatches",
    permission: "contents",
    level: "write",
    docs: "https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event",
    answer: dispatches.createRepositoryDispatch,
  },
  {
    method: "POST",
    path: "/actions/workflows/{workflow}/dispatches",
    permission: "actions",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event",
    answer: dispatches.createWorkflowDispatch,
  },
];

const OF_ORGANIZATIONS: readonly RouteOf<organizations.OrganizationSecretsCall>[] = [
  ...routesOfStore({
    path: "/actions/secrets",
    permission: "organization_secrets",
    page: "actions",
    noun: "an-organization",
    // Unlike a repository's, its reference does not say that whoever can read may read the key too.
    openKey: false,
    put: organizations.putOrganizationSecret,
  }),
  {
    method: "GET",
    path: "/actions/secrets/{secret}/repositories",
    permission: "organization_secrets",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#list-selected-repositories-for-an-organization-secret",
    answer: organizations.listSelectedRepositories,
  },
];

// Permissions: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens.
const ROUTES: readonly Route[] = [
  ...OF_REPOSITORIES.map((route) => ({ ...route, of: "repository" as const })),
  ...OF_ORGANIZATIONS.map((route) => ({ ...route, of: "organization" as const })),
];
