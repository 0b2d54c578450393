import type { EmulatorRequest } from "../emulator.ts";
import type { Permission } from "./access.ts";
import type { Reply } from "./reply.ts";
import * as api from "./secrets-api.ts";

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
  readonly answer: (call: api.SecretsCall) => Reply;
}

export interface Match {
  readonly route: Route;
  /** `/repos/OWNER/REPO` or `/repositories/ID`, still percent-encoded, as is all below. */
  readonly head: string;
  readonly tail: string;
  readonly environment: string | undefined;
  readonly secret: string | undefined;
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
    return {
      route,
      head,
      tail,
      environment: match.groups?.["environment"],
      secret: match.groups?.["secret"],
    };
  }
  throw new Error(
    `The GitHub emulator does not know ${method} ${path}. It serves repository and environment secrets; an environment's name is one path segment, percent-encoded.`,
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
    answer: api.listSecrets,
  },
  {
    method: "GET",
    path: "/actions/secrets/public-key",
    permission: "secrets",
    level: "read",
    open: true,
    docs: "https://docs.github.com/en/rest/actions/secrets#get-a-repository-public-key",
    answer: api.getPublicKey,
  },
  {
    method: "GET",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#get-a-repository-secret",
    answer: api.getSecret,
  },
  {
    method: "PUT",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#create-or-update-a-repository-secret",
    answer: api.putSecret,
  },
  {
    method: "DELETE",
    path: "/actions/secrets/{secret}",
    permission: "secrets",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#delete-a-repository-secret",
    answer: api.deleteSecret,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets",
    permission: "environments",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#list-environment-secrets",
    answer: api.listSecrets,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets/public-key",
    permission: "environments",
    level: "read",
    open: true,
    docs: "https://docs.github.com/en/rest/actions/secrets#get-an-environment-public-key",
    answer: api.getPublicKey,
  },
  {
    method: "GET",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "read",
    docs: "https://docs.github.com/en/rest/actions/secrets#get-an-environment-secret",
    answer: api.getSecret,
  },
  {
    method: "PUT",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#create-or-update-an-environment-secret",
    answer: api.putSecret,
  },
  {
    method: "DELETE",
    path: "/environments/{environment}/secrets/{secret}",
    permission: "environments",
    level: "write",
    docs: "https://docs.github.com/en/rest/actions/secrets#delete-an-environment-secret",
    answer: api.deleteSecret,
  },
];
