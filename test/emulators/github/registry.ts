import type { SecretPlace, Sharing, Visibility } from "./place.ts";

/** A repository, an environment in it, or its store for Dependabot. No name is case-sensitive. */
export interface PlaceName {
  /** `OWNER/REPO` */
  readonly repository: string;
  /** As shown on the web, not percent-encoded. */
  readonly environment?: string | undefined;
  /** Whether Dependabot's secrets are meant, not those of Actions; never with an environment. */
  readonly dependabot?: boolean | undefined;
}

export interface SecretName extends PlaceName {
  readonly name: string;
}

/** An organization and its secrets of Actions. Its name is not case-sensitive. */
export interface OrganizationName {
  readonly organization: string;
}

export interface OrganizationSecretName extends OrganizationName {
  readonly name: string;
}

export interface NewSecret extends SecretName {
  readonly value: string;
  /** Milliseconds. Default now. */
  readonly updatedAt?: number;
}

export interface NewOrganizationSecret extends OrganizationSecretName {
  readonly value: string;
  /** Milliseconds. Default now. */
  readonly updatedAt?: number;
  /** Default `private`. */
  readonly visibility?: Visibility;
  /** `OWNER/REPO` of each repository that may use it, with `selected` only. Default none. */
  readonly selectedRepositories?: readonly string[];
}

export interface Repository {
  readonly id: number;
  /** `OWNER/REPO` */
  readonly name: string;
  /** In lower case. */
  readonly formerNames: ReadonlySet<string>;
  readonly place: SecretPlace;
  readonly dependabot: SecretPlace;
  /** By name in lower case: https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments. */
  readonly environments: ReadonlyMap<string, SecretPlace>;
}

export interface RegisteredOrganization {
  readonly id: number;
  readonly name: string;
  readonly place: SecretPlace;
}

/** The repositories and organizations that there are. Names are compared without regard to case. */
export interface Registry {
  /** By `OWNER/REPO` or by its number. */
  repository(nameOrId: string | number): Repository | undefined;
  /** The repository that had a name before it was renamed. */
  formerRepository(name: string): Repository | undefined;
  /** By its name or its number. */
  organization(nameOrId: string | number): RegisteredOrganization | undefined;
  /** The repositories of an organization, in the order in which they were added. */
  repositoriesOf(organization: RegisteredOrganization): readonly Repository[];
  /** Throws on an unknown place. */
  at(place: PlaceName | OrganizationName): SecretPlace;
  /** Throws on an unknown repository. */
  readonly idOf: (repository: string) => number;
  /** Who may use a secret that is put there beforehand; `undefined` outside organizations. */
  sharingOf(secret: NewSecret | NewOrganizationSecret): Sharing | undefined;
  readonly addRepository: (
    repository: string,
    content?: { readonly environments?: readonly string[] },
  ) => void;
  readonly addOrganization: (
    organization: string,
    content?: { readonly repositories?: readonly string[] },
  ) => void;
  rename(from: string, to: string): void;
}

export function createRegistry(newPlace: () => SecretPlace): Registry {
  const repositories: (Repository & { name: string; readonly formerNames: Set<string> })[] = [];
  const organizations: RegisteredOrganization[] = [];

  const find = (name: string) => repositories.find((repository) => isSame(repository.name, name));

  const findFormer = (name: string) =>
    repositories.find(({ formerNames }) => formerNames.has(name.toLowerCase()));

  const findOrganization = (nameOrId: string | number) =>
    organizations.find(({ id, name }) =>
      typeof nameOrId === "number" ? id === nameOrId : isSame(name, nameOrId),
    );

  const at = (name: PlaceName | OrganizationName): SecretPlace => {
    if ("organization" in name) {
      const found = findOrganization(name.organization)?.place;
      if (found !== undefined) return found;
      throw new Error(
        `The GitHub emulator has no organization ${name.organization}: addOrganization() makes one.`,
      );
    }
    const { repository, environment, dependabot = false } = name;
    if (dependabot && environment !== undefined)
      throw new Error("Dependabot has no secrets in environments.");
    const found = find(repository);
    const place =
      environment !== undefined
        ? found?.environments.get(environment.toLowerCase())
        : dependabot
          ? found?.dependabot
          : found?.place;
    if (place !== undefined) return place;
    throw new Error(
      `The GitHub emulator has no ${environment === undefined ? "repository" : `environment ${environment} in`} ${repository}: addRepository() makes one.`,
    );
  };

  const idOf = (repository: string): number => {
    const found = find(repository);
    if (found !== undefined) return found.id;
    throw new Error(`The GitHub emulator has no repository ${repository}: addRepository() makes one.`);
  };

  const addRepository: Registry["addRepository"] = (repository, { environments = [] } = {}) => {
    if (!/^[^/]+\/[^/]+$/.test(repository)) throw new Error(`"${repository}" is not like OWNER/REPO.`);
    if (find(repository) !== undefined) throw new Error(`The GitHub emulator already has ${repository}.`);
    findFormer(repository)?.formerNames.delete(repository.toLowerCase());
    repositories.push({
      id: FIRST_REPOSITORY_ID + repositories.length,
      name: repository,
      formerNames: new Set(),
      place: newPlace(),
      dependabot: newPlace(),
      environments: new Map(environments.map((environment) => [environment.toLowerCase(), newPlace()])),
    });
  };

  return {
    repository: (nameOrId) =>
      typeof nameOrId === "number" ? repositories.find(({ id }) => id === nameOrId) : find(nameOrId),
    formerRepository: findFormer,
    organization: findOrganization,
    repositoriesOf: ({ name }) => repositories.filter((repository) => isSame(ownerOf(repository.name), name)),
    at,
    idOf,
    sharingOf: (secret) => {
      if (!("organization" in secret)) return undefined;
      const { organization, visibility = "private", selectedRepositories = [] } = secret;
      if (visibility !== "selected" && selectedRepositories.length > 0) {
        throw new Error(`A secret that is visible to "${visibility}" has no selected repositories.`);
      }
      const stranger = selectedRepositories.find((name) => !isSame(ownerOf(name), organization));
      if (stranger !== undefined) throw new Error(`${stranger} is no repository of ${organization}.`);
      return { visibility, selectedRepositoryIds: selectedRepositories.map(idOf) };
    },
    addRepository,
    addOrganization: (organization, content = {}) => {
      if (!/^[^/]+$/.test(organization)) throw new Error(`"${organization}" is not like OWNER.`);
      if (findOrganization(organization) !== undefined) {
        throw new Error(`The GitHub emulator already has ${organization}.`);
      }
      const id = FIRST_ORGANIZATION_ID + organizations.length;
      organizations.push({ id, name: organization, place: newPlace() });
      for (const name of content.repositories ?? []) addRepository(`${organization}/${name}`);
    },
    rename: (from, to) => {
      const repository = find(from);
      if (repository === undefined) throw new Error(`The GitHub emulator has no repository ${from}.`);
      if (find(to) !== undefined) throw new Error(`The GitHub emulator already has ${to}.`);
      repository.formerNames.delete(to.toLowerCase());
      repository.formerNames.add(from.toLowerCase());
      repository.name = to;
    },
  };
}

const FIRST_ORGANIZATION_ID = 9919;
const FIRST_REPOSITORY_ID = 1_296_269;

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function ownerOf(repository: string): string {
  return repository.slice(0, repository.indexOf("/"));
}
