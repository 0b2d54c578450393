import type { EmulatorRequest } from "../emulator.ts";
import type { Permission } from "./access.ts";
import * as dispatches from "./dispatch-api.ts";
import type { Reply } from "./reply.ts";
import * as secrets from "./secrets-api.ts";

export interface Route {
  readonly method: string;
  /** What follows the repository; each name in braces stands for one path segment. */
  readonly path: string;
  readonly permission: Permission;
  readonly level: "read" | "write";
  /** Whoever can read the repository may ask, unless `publicKeyNeedsPermission`. */
  readonly open?: true;
  /** GitHub's page of the route, which its error bodies name too. */
  readonly docs: string;
  readonly answer: (call: secrets.SecretsCall & dispatches.DispatchCall) => Reply;
}

export interface Match {
  readonly route: Route;
  /** `/repos/OWNER/REPO` or `/repositories/ID`, still percent-encoded, as is all below. */
  readonly head: string;
  readonly tail: string;
  /** By the names in braces. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Throws on a request that is not emulated, which `createEmulator` answers with 501. */
export function matchRoute({ method, path, url }: EmulatorRequest, basePath: string): Match {
  if (!url.pathname.startsWith(`${basePath}/`)) {
    throw new Error(`The GitHub emulator serves ${basePath}/…, not ${method} ${path}.`);
  }
  const found = /^(\/repos\/[^/]+\/[^/]+|\/repositories\/\d+)(\/.+?)\/?$/.exec(
    url.pathname.slice(basePath.length),
  );
  for (const route of ROUTES) {
    if (found === null || route.method !== method) continue;
    const [, head = "", tail = ""] = found;
    const pattern = route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const match = new RegExp(`^${pattern}$`).exec(tail);
    if (match === null) continue;
    return { route, head, tail, parameters: match.groups ?? {} };
  }
  throw new Error(
    `The GitHub emulator does not know ${method} ${path}. It serves repository and environment secrets, and dispatches; an environment's name is one path segment, percent-encoded.`,
  );
}

// Permissions: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens.
const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/actions/secrets",
    permission: "secrets",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#list-repository-secrets",
    answer: secrets.listSecrets,
  },
  {
    method: "GET",
    path: "/actions/secrets/public-key",
    permission: "secrets",
    level: "read",
    open: true,
    docs: "https://docs.github.com/en/rest/actions/secrets#get-a-repository-public-key",
    answer: secrets.getPublicKey,
  },
  {
    method: "GET",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#get-a-repository-secret",
    answer: secrets.getSecret,
  },
  {
    method: "PUT",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#create-or-update-a-repository-secret",
    answer: secrets.putSecret,
  },
  {
    method: "DELETE",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#delete-a-repository-secret",
    answer: secrets.deleteSecret,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets",
    permission: "environments",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#list-environment-secrets",
    answer: secrets.listSecrets,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets/public-key",
    permission: "environments",
    level: "read",
    open: true,
    docs: "https://docs.github.com/en/rest/actions/secrets#get-an-environment-public-key",
    answer: secrets.getPublicKey,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#get-an-environment-secret",
    answer: secrets.getSecret,
  },
  {
    method: "PUT",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#create-or-update-an-environment-secret",
    answer: secrets.putSecret,
  },
  {
    method: "DELETE",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#delete-an-environment-secret",
    answer: secrets.deleteSecret,
  },
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
