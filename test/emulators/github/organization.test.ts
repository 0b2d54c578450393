import { getOctokit } from "@actions/github";
import { afterEach, describe, expect, test } from "vitest";
import type { GitHubEmulator, GitHubEmulatorOptions } from "../github.ts";
import { listen } from "../listen.ts";
import {
  as,
  ask,
  type Asked,
  expectDescribed,
  github,
  names,
  publicKey,
  REPOSITORY,
  seal,
  web,
  write,
} from "./bench.ts";

afterEach(expectDescribed);

const ACME = "/orgs/acme/actions/secrets";
const acme = { organization: "acme" };

/** Has the organization `acme` with the repositories `web`, `api` and `site`, and `other/web`, which is not its own. */
function organization(options: GitHubEmulatorOptions = {}): GitHubEmulator {
  const emulator = github(options);
  emulator.addRepository("other/web");
  emulator.addOrganization("acme", { repositories: ["api", "site"] });
  return emulator;
}

/** A PUT with a good box, and whatever else. */
async function put(emulator: GitHubEmulator, name: string, value: string, more: object): Promise<Asked> {
  const { key, key_id } = await publicKey(emulator, ACME);
  return ask(emulator, "PUT", `${ACME}/${name}`, { encrypted_value: seal(value, key), key_id, ...more });
}

describe("secrets of an organization", () => {
  test("a first PUT answers 201, the next ones 204, and each sets who may use the secret", async () => {
    let now = 1000;
    const emulator = organization({ now: () => now });
    const api = emulator.repositoryId("acme/api");

    const created = await put(emulator, "token", "one", {
      visibility: "selected",
      selected_repository_ids: [api],
    });
    now += 5000;
    const updated = await put(emulator, "TOKEN", "two", { visibility: "private" });

    expect([created.status, created.json]).toEqual([201, {}]);
    expect([updated.status, updated.json]).toEqual([204, ""]);
    expect(emulator.secret({ ...acme, name: "token" })).toMatchObject({
      name: "TOKEN",
      value: "two",
      visibility: "private",
      selectedRepositoryIds: [],
      createdAt: 1000,
      updatedAt: 6000,
    });
    expect(emulator.history({ organization: "ACME", name: "TOKEN" })).toMatchObject([
      { value: "one", at: 1000, visibility: "selected", selectedRepositoryIds: [api] },
      { value: "two", at: 6000, visibility: "private", selectedRepositoryIds: [] },
    ]);
    expect(emulator.secretNames(web)).toEqual([]);
  });

  test("it has a key pair of its own, and takes no box of a repository", async () => {
    const emulator = organization();
    const { key, key_id } = await publicKey(emulator, REPOSITORY);

    const { status, json } = await ask(emulator, "PUT", `${ACME}/TOKEN`, {
      encrypted_value: seal("value", key),
      key_id,
      visibility: "all",
    });

    expect(status).toBe(422);
    expect(json).toMatchObject({
      message: expect.stringContaining("improperly encrypted") as unknown,
      documentation_url:
        "https://docs.github.com/en/rest/actions/secrets#create-or-update-an-organization-secret",
    });
    expect(emulator.privateKey(acme).publicKey).not.toBe(key);
  });

  test("reading and listing show the visibility, and for selected repositories an address", async () => {
    const emulator = organization({ now: () => Date.parse("2026-11-22T03:00:00.999Z") });
    emulator.addSecret({ ...acme, name: "open", value: "", visibility: "all" });
    emulator.addSecret({ ...acme, name: "PLAIN", value: "" });
    emulator.addSecret({
      ...acme,
      name: "SELECTED",
      value: "",
      visibility: "selected",
      selectedRepositories: ["ACME/api", "acme/web"],
    });

    const list = await ask(emulator, "GET", ACME);
    const selected = await ask(emulator, "GET", `${ACME}/selected`);

    const times = { created_at: "2026-11-22T03:00:00Z", updated_at: "2026-11-22T03:00:00Z" };
    const last = {
      name: "SELECTED",
      ...times,
      visibility: "selected",
      selected_repositories_url: "http://127.0.0.1/orgs/acme/actions/secrets/SELECTED/repositories",
    };
    expect(list.json).toEqual({
      total_count: 3,
      secrets: [
        { name: "OPEN", ...times, visibility: "all" },
        { name: "PLAIN", ...times, visibility: "private" },
        last,
      ],
    });
    expect(selected.json).toEqual(last);
    const { pathname } = new URL(last.selected_repositories_url);
    expect((await ask(emulator, "GET", pathname)).json).toMatchObject({ total_count: 2 });
  });

  test("the selected repositories are listed by id and name, in pages that link by the organization's id", async () => {
    const emulator = organization({ basePath: "/api/v3" });
    const selectedRepositories = ["acme/web", "acme/api", "acme/site"];
    emulator.addSecret({ ...acme, name: "TOKEN", value: "", visibility: "selected", selectedRepositories });
    emulator.rename("acme/api", "acme/service");

    const first = await ask(emulator, "GET", `/api/v3${ACME}/TOKEN/repositories?per_page=2`);
    const link = first.headers.get("link") ?? "";
    const next = new URL(/<([^>]+)>; rel="next"/.exec(link)?.[1] ?? "");
    const second = await ask(emulator, "GET", next.pathname + next.search);

    const shown = ({ json }: Asked): unknown[] => (json as { repositories: unknown[] }).repositories;
    expect(next.pathname).toMatch(/^\/api\/v3\/organizations\/\d+\/actions\/secrets\/TOKEN\/repositories$/);
    expect(first.json).toMatchObject({ total_count: 3 });
    expect(shown(first)).toMatchObject([
      { id: emulator.repositoryId("acme/web"), name: "web", full_name: "acme/web", private: true },
      { id: emulator.repositoryId("acme/service"), name: "service", full_name: "acme/service" },
    ]);
    expect(shown(second)).toMatchObject([{ full_name: "acme/site", owner: { login: "acme" } }]);
  });

  test("a list is paged, and links by the organization's id", async () => {
    const emulator = organization();
    for (const name of ["a", "b", "c"]) emulator.addSecret({ ...acme, name, value: "" });

    const first = await ask(emulator, "GET", `${ACME}?per_page=2`);
    const next = new URL(/<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "");

    expect(next.pathname).toMatch(/^\/organizations\/\d+\/actions\/secrets$/);
    expect(names(first)).toEqual(["A", "B"]);
    expect(names(await ask(emulator, "GET", next.pathname + next.search))).toEqual(["C"]);
  });

  test("a secret that no repository was selected for has an empty list, and so has one for all", async () => {
    const emulator = organization();
    emulator.addSecret({ ...acme, name: "ALL", value: "", visibility: "all" });
    await put(emulator, "NOBODY", "value", { visibility: "selected", selected_repository_ids: [] });

    for (const name of ["ALL", "NOBODY"]) {
      const { json } = await ask(emulator, "GET", `${ACME}/${name}/repositories`);
      expect(json).toEqual({ total_count: 0, repositories: [] });
    }
    expect((await ask(emulator, "GET", `${ACME}/NOTHING/repositories`)).status).toBe(404);
  });

  test("a new secret stays unseen for some reads on demand, and a deleted one is gone", async () => {
    const emulator = organization();
    emulator.replicationLag = 1;
    await put(emulator, "TOKEN", "value", { visibility: "all" });

    const seen = [await ask(emulator, "GET", `${ACME}/TOKEN`), await ask(emulator, "GET", `${ACME}/TOKEN`)];
    const removed = [
      await ask(emulator, "DELETE", `${ACME}/token`),
      await ask(emulator, "DELETE", `${ACME}/token`),
    ];

    expect(seen.map(({ status }) => status)).toEqual([404, 200]);
    expect(removed.map(({ status }) => status)).toEqual([204, 404]);
    expect(emulator.secret({ ...acme, name: "TOKEN" })).toBeUndefined();
    expect(emulator.history({ ...acme, name: "TOKEN" })).toHaveLength(1);
  });

  test("it holds 1,000 secrets, or as many as the switch says, whatever a repository holds", async () => {
    const emulator = organization();
    expect(emulator.secretsPerOrganization).toBe(1000);
    emulator.secretsPerOrganization = 1;
    emulator.secretsPerPlace = 0;

    const first = await put(emulator, "A", "a", { visibility: "all" });
    const second = await put(emulator, "B", "b", { visibility: "all" });
    const again = await put(emulator, "a", "new", { visibility: "all" });

    expect([first.status, second.status, again.status]).toEqual([201, 422, 204]);
    expect(emulator.secretNames(acme)).toEqual(["A"]);
  });
});

describe("who may use a secret", () => {
  test("ids are taken as numbers and as texts, and each counts once", async () => {
    const emulator = organization();
    const [one, other] = [emulator.repositoryId("acme/web"), emulator.repositoryId("acme/api")];

    const { status } = await put(emulator, "TOKEN", "value", {
      visibility: "selected",
      selected_repository_ids: [String(one), other, one],
    });

    expect(status).toBe(201);
    expect(emulator.secret({ ...acme, name: "TOKEN" })?.selectedRepositoryIds).toEqual([one, other]);
  });

  test("selected without ids takes the secret from those that had it", async () => {
    const emulator = organization();
    const selectedRepositories = ["acme/web"];
    emulator.addSecret({ ...acme, name: "TOKEN", value: "", visibility: "selected", selectedRepositories });

    const { status } = await put(emulator, "TOKEN", "value", { visibility: "selected" });

    expect(status).toBe(204);
    expect(emulator.secret({ ...acme, name: "TOKEN" })?.selectedRepositoryIds).toEqual([]);
  });

  test.each([
    ["no visibility", {}, `"visibility" wasn't supplied.`],
    [
      "another visibility",
      { visibility: "public" },
      "Invalid property /visibility: `public` is not a possible value. Must be one of the following: all, private, selected.",
    ],
    ["a visibility that is no text", { visibility: null }, /^Invalid request\.\n\n.*`null`/],
    [
      "ids for all",
      { visibility: "all", selected_repository_ids: [] },
      /only when "visibility" is "selected"/,
    ],
    ["no array of ids", { visibility: "selected", selected_repository_ids: "1" }, /"1" is not an array/],
    [
      "a name for an id",
      { visibility: "selected", selected_repository_ids: ["web"] },
      /"web" is not an integer/,
    ],
    ["half an id", { visibility: "selected", selected_repository_ids: [1.5] }, /1\.5 is not an integer/],
    ["an unknown id", { visibility: "selected", selected_repository_ids: [1] }, /ids of no repository: 1\./],
  ])("%s is refused and changes nothing", async (_, more, why) => {
    const emulator = organization();
    emulator.addSecret({ ...acme, name: "TOKEN", value: "old", visibility: "all" });

    const { status, json } = await put(emulator, "TOKEN", "new", more);

    const message =
      typeof why === "string" ? `Invalid request.\n\n${why}` : (expect.stringMatching(why) as unknown);
    expect([status, json]).toEqual([422, expect.objectContaining({ message })]);
    expect(emulator.secret({ ...acme, name: "TOKEN" })).toMatchObject({ value: "old", visibility: "all" });
  });

  test("the repository of another owner is refused", async () => {
    const emulator = organization();
    const selected_repository_ids = [emulator.repositoryId("other/web")];

    expect(
      (await put(emulator, "TOKEN", "value", { visibility: "selected", selected_repository_ids })).status,
    ).toBe(422);
  });

  test("all that is missing is named at once", async () => {
    const { json } = await ask(organization(), "PUT", `${ACME}/TOKEN`, {});

    expect(json).toMatchObject({
      message: `Invalid request.\n\n"encrypted_value", "key_id", "visibility" weren't supplied.`,
    });
  });
});

describe("tokens", () => {
  test("an organization that the token does not see is not found, just as one that does not exist", async () => {
    const emulator = organization();
    emulator.addOrganization("private");
    emulator.addToken("stranger", { kind: "classic", repositories: ["other/web"] });
    emulator.addToken("friend", { kind: "classic", repositories: [], organizations: ["Private"] });

    const unseen = await ask(emulator, "GET", "/orgs/private/actions/secrets");
    const missing = await ask(emulator, "GET", "/orgs/nothing/actions/secrets");
    const byId = await ask(emulator, "GET", "/organizations/1/actions/secrets");

    expect([unseen.status, missing.status, byId.status]).toEqual([404, 404, 404]);
    expect(unseen.json).toEqual(missing.json);
    expect((await ask(emulator, "GET", ACME, undefined, as("stranger"))).status).toBe(404);
    const seen = await ask(emulator, "GET", "/orgs/PRIVATE/actions/secrets", undefined, as("friend"));
    expect(seen.status).toBe(200);
  });

  test.each([
    ["fine-grained", "Resource not accessible by personal access token"],
    ["app", "Resource not accessible by integration"],
  ] as const)("a %s token needs the permission, for the public key too", async (kind, message) => {
    const emulator = organization();
    const all = { secrets: "write", environments: "write", dependabot_secrets: "write" } as const;
    emulator.addToken("bare", { kind, repositories: "all", ...all });
    emulator.addToken("reader", { kind, repositories: ["acme/web"], organization_secrets: "read" });

    for (const path of [ACME, `${ACME}/public-key`, `${ACME}/TOKEN`, `${ACME}/TOKEN/repositories`]) {
      const { status, json, headers } = await ask(emulator, "GET", path, undefined, as("bare"));
      expect([status, json]).toEqual([403, expect.objectContaining({ message })]);
      expect(headers.get("x-accepted-github-permissions")).toBe("organization_secrets=read");
    }
    expect((await ask(emulator, "GET", `${ACME}/public-key`, undefined, as("reader"))).status).toBe(200);
    const refused = await ask(emulator, "DELETE", `${ACME}/TOKEN`, undefined, as("reader"));
    expect(refused.status).toBe(403);
    expect(refused.headers.get("x-accepted-github-permissions")).toBe("organization_secrets=write");
  });

  test("the permission for an organization does not reach into its repositories", async () => {
    const emulator = organization();
    emulator.addToken("org", { kind: "app", repositories: "all", organization_secrets: "write" });

    expect((await ask(emulator, "GET", REPOSITORY, undefined, as("org"))).status).toBe(403);
  });

  test("a classic token without admin:org is refused in words of its own, and GITHUB_TOKEN always", async () => {
    const emulator = organization();
    emulator.addToken("classic", { kind: "classic", repositories: "all", organization_secrets: "none" });
    emulator.addToken("run", { kind: "actions", repositories: "all", organization_secrets: "write" });

    const classic = await ask(emulator, "GET", `${ACME}/public-key`, undefined, as("classic"));
    const run = await ask(emulator, "GET", `${ACME}/public-key`, undefined, as("run"));

    expect([classic.status, run.status]).toEqual([403, 403]);
    expect(classic.json).toMatchObject({
      message: "You must be an org admin or have the actions secrets fine-grained permission.",
    });
    expect(classic.headers.get("x-accepted-github-permissions")).toBeNull();
    expect(run.json).toMatchObject({ message: "Resource not accessible by integration" });
  });
});

describe("seeding", () => {
  test("names that do not exist, or are taken, are errors of the test", () => {
    const emulator = organization();
    const seed = (more: object): void => {
      emulator.addSecret({ ...acme, name: "A", value: "", ...more });
    };

    expect(() => emulator.secretNames({ organization: "nothing" })).toThrow("no organization nothing");
    expect(() => {
      emulator.addOrganization("Acme");
    }).toThrow("already has");
    expect(() => {
      emulator.addOrganization("acme/web");
    }).toThrow("not like OWNER");
    expect(() => emulator.repositoryId("acme/nothing")).toThrow("no repository acme/nothing");
    expect(() => {
      seed({ selectedRepositories: ["acme/web"] });
    }).toThrow(`visible to "private"`);
    expect(() => {
      seed({ visibility: "selected", selectedRepositories: ["other/web"] });
    }).toThrow("no repository of acme");
    expect(() => {
      seed({ visibility: "selected", selectedRepositories: ["acme/nothing"] });
    }).toThrow("no repository acme/nothing");
  });
});

test("octokit writes an organization's secret, and reads it and its repositories", async () => {
  const emulator = organization();
  await using server = await listen(emulator);
  const { actions } = getOctokit("pat", { baseUrl: server.url }).rest;
  const api = emulator.repositoryId("acme/api");
  const secret = { org: "acme", secret_name: "TOKEN" };

  const { data: key } = await actions.getOrgPublicKey({ org: "acme" });
  await actions.createOrUpdateOrgSecret({
    ...secret,
    encrypted_value: seal("value", key.key),
    key_id: key.key_id,
    visibility: "selected",
    selected_repository_ids: [api],
  });
  const { data } = await actions.getOrgSecret(secret);
  const listed = await actions.listOrgSecrets({ org: "acme" });
  const selected = await actions.listSelectedReposForOrgSecret(secret);

  expect(emulator.secret({ ...acme, name: "TOKEN" })?.value).toBe("value");
  expect(listed.data.secrets).toEqual([data]);
  expect(selected.data.repositories.map(({ id, full_name }) => [id, full_name])).toEqual([[api, "acme/api"]]);
  await actions.deleteOrgSecret(secret);
  expect(emulator.secretNames(acme)).toEqual([]);
});

test("an organization may own the repositories that were there before it", async () => {
  const emulator = github();
  emulator.addOrganization("ACME");

  const { status } = await put(emulator, "TOKEN", "value", {
    visibility: "selected",
    selected_repository_ids: [emulator.repositoryId("acme/web")],
  });

  expect(status).toBe(201);
  expect((await write(emulator, REPOSITORY, "TOKEN", "value")).status).toBe(201);
});
