/** An organization as its secrets see it. */
export interface Organization {
  readonly id: number;
  readonly name: string;
  /** As they are now, in the order in which they were added. */
  readonly repositories: readonly OwnedRepository[];
}

export interface OwnedRepository {
  readonly id: number;
  /** `OWNER/REPO` */
  readonly name: string;
}

/**
 * A repository as lists show it. Beside its names and numbers it has little of interest, but GitHub's description
 * asks for all of these fields; their values follow its example:
 * https://docs.github.com/en/rest/actions/secrets#list-selected-repositories-for-an-organization-secret
 */
export function describeRepository(
  { id, name: fullName }: OwnedRepository,
  organization: Organization,
  apiUrl: string,
): Record<string, unknown> {
  const url = `${apiUrl}/repos/${fullName}`;
  return {
    id,
    node_id: toNodeId(`010:Repository${String(id)}`),
    name: fullName.slice(fullName.indexOf("/") + 1),
    full_name: fullName,
    owner: describeOwner(organization, apiUrl),
    // All repositories of this emulator are.
    private: true,
    html_url: `https://github.com/${fullName}`,
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(ADDRESSES).map(([field, path]) => [field, url + path])),
  };
}

function describeOwner({ id, name }: Organization, apiUrl: string): Record<string, unknown> {
  const url = `${apiUrl}/users/${name}`;
  return {
    login: name,
    id,
    node_id: toNodeId(`012:Organization${String(id)}`),
    avatar_url: `https://avatars.githubusercontent.com/u/${String(id)}?v=4`,
    gravatar_id: "",
    url,
    html_url: `https://github.com/${name}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "Organization",
    site_admin: false,
  };
}

function toNodeId(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** What of a repository's addresses follows its own. */
const ADDRESSES: Readonly<Record<string, string>> = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};
