import { notFound, Refusal } from "./reply.ts";

export type Access = "none" | "read" | "write";

/** The permission names of fine-grained tokens and GitHub Apps. */
export type Permission =
  "secrets" | "environments" | "dependabot_secrets" | "organization_secrets" | "contents" | "actions";

export interface TokenRights {
  /** `actions` is the `GITHUB_TOKEN` of a workflow run, which no permission lets near secrets. */
  readonly kind: "fine-grained" | "classic" | "app" | "actions";
  /** `OWNER/REPO` of each repository the token sees; a renamed one stays visible. */
  readonly repositories: readonly string[] | "all";
  /** Repository secrets. Default `none`, with `classic` `write`. */
  readonly secrets?: Access;
  /** Environment secrets, which are a permission of their own. Default `none`, with `classic` `write`. */
  readonly environments?: Access;
  /** Dependabot's secrets of a repository, a permission of their own too. Default `none`, with `classic` `write`. */
  readonly dependabot_secrets?: Access;
  /** The names of the organizations that the token sees. Default the owners of `repositories`. */
  readonly organizations?: readonly string[] | "all";
  /** Organization secrets; the scope `admin:org` of a classic token. Default `none`, with `classic` `write`. */
  readonly organization_secrets?: Access;
  /** Files, and repository dispatches with them. Default `none`, with `classic` `write`. */
  readonly contents?: Access;
  /** Workflows and their runs. Default `none`, with `classic` `write`. */
  readonly actions?: Access;
}

/** A token as the service sees it. */
export interface Token {
  readonly kind: TokenRights["kind"];
  sees(repository: string): boolean;
  seesOrganization(organization: string): boolean;
  may(permission: Permission, wanted: "read" | "write"): boolean;
}

export interface TokenRegister {
  add(token: string, rights: TokenRights): void;
  renameRepository(from: string, to: string): void;
  /**
   * The token that sent an `authorization` header.
   *
   * Refuses an unknown token with 401. Without the header it refuses with 404, as GitHub does for private
   * resources, which all secrets of this emulator are:
   * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
   */
  authenticate(authorization: string | null): Token;
}

export function createTokenRegister(): TokenRegister {
  const tokens = new Map<string, Token & { readonly repositories: Set<string> | "all" }>();

  return {
    add: (token, { kind, repositories, organizations, ...rights }) => {
      const visible = toSet(repositories);
      const owners =
        repositories === "all" ? "all" : repositories.map((name) => name.slice(0, name.indexOf("/")));
      const visibleOrganizations = toSet(organizations ?? owners);
      const byDefault = kind === "classic" ? "write" : "none";
      tokens.set(token, {
        kind,
        repositories: visible,
        sees: (repository) => visible === "all" || visible.has(repository.toLowerCase()),
        seesOrganization: (name) =>
          visibleOrganizations === "all" || visibleOrganizations.has(name.toLowerCase()),
        may: (permission, wanted) => {
          const ofSecrets = permission !== "contents" && permission !== "actions";
          if (kind === "actions" && ofSecrets) return false;
          const granted = rights[permission] ?? byDefault;
          return granted === "write" || granted === wanted;
        },
      });
    },
    renameRepository: (from, to) => {
      for (const { repositories } of tokens.values()) {
        if (repositories !== "all" && repositories.delete(from.toLowerCase()))
          repositories.add(to.toLowerCase());
      }
    },
    authenticate: (authorization) => {
      if (authorization === null) throw notFound();
      const token = tokens.get(readCredential(authorization));
      if (token === undefined) throw new Refusal(401, "Bad credentials");
      return token;
    },
  };
}

/** The token in an `authorization` header; empty where there is none. */
export function readCredential(authorization: string | null): string {
  return /^(?:token|bearer) +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
}

/**
 * The words that a token lacking a permission gets.
 *
 * The two for GitHub Apps and fine-grained tokens:
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible.
 * The others are what classic tokens were seen to get, those of people who may not manage a repository's secrets
 * (https://github.com/github/docs/issues/29818), and those without `admin:org` (https://github.com/cli/cli/issues/8810).
 */
export function forbidden(
  kind: TokenRights["kind"],
  permission: Permission,
  headers: Readonly<Record<string, string>>,
): Refusal {
  switch (kind) {
    case "fine-grained":
      return new Refusal(403, "Resource not accessible by personal access token", headers);
    case "app":
    case "actions":
      return new Refusal(403, "Resource not accessible by integration", headers);
    case "classic":
      return new Refusal(
        403,
        permission === "organization_secrets"
          ? "You must be an org admin or have the actions secrets fine-grained permission."
          : "Must have admin rights to Repository.",
        headers,
      );
  }
}

function toSet(names: readonly string[] | "all"): Set<string> | "all" {
  return names === "all" ? "all" : new Set(names.map((name) => name.toLowerCase()));
}
