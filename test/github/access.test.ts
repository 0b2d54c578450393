import { afterEach, describe, expect, test } from "vitest";
import { accessOf, markerAccess, readAccess } from "../../src/github/access.ts";
import type { OpenPlace } from "../../src/github/secret-store.ts";
import { parseTarget, type Place } from "../../src/github/target.ts";
import { answer, createGitHubBench, type GitHubBench, production, web } from "../support/github-bench.ts";

const acme: Place = { kind: "org", org: "acme" };
const SECRET = "/orgs/acme/actions/secrets/LOGIN";

let bench: GitHubBench;

afterEach(() => {
  expect(bench.undescribed()).toEqual([]);
});

/** An organization with `acme/web` and this many other repositories, a secret of which some may use. */
function start(repositories: number, selected = repositories): readonly number[] {
  bench = createGitHubBench({ rights: { organizations: "all", organization_secrets: "write" } });
  const names = Array.from({ length: repositories }, (_, at) => `r${String(at)}`);
  bench.emulator.addOrganization("acme", { repositories: names });
  const chosen = names.slice(0, selected).map((name) => `acme/${name}`);
  bench.emulator.addSecret({
    organization: "acme",
    name: "LOGIN",
    value: "x",
    visibility: "selected",
    selectedRepositories: chosen,
  });
  return chosen.map((name) => bench.emulator.repositoryId(name));
}

const readIt = (visibility = "selected", signal?: AbortSignal) =>
  readAccess(bench.api, { visibility, path: SECRET, place: acme, signal });

describe("who may use a secret", () => {
  test.each(["all", "private"] as const)("is known from the list where that is %s", async (visibility) => {
    start(1);
    expect(await readIt(visibility)).toEqual({ visibility });
    expect(bench.emulator.requests).toEqual([]);
  });

  test.each([
    [0, 1],
    [1, 1],
    [100, 1],
    [101, 2],
    [250, 3],
  ])("is read to its end (%i repositories, in %i pages)", async (count, pages) => {
    const ids = start(count);
    expect(await readIt()).toEqual({ visibility: "selected", selected_repository_ids: ids });
    expect(bench.emulator.requests.map(({ path }) => path)).toEqual(
      Array.from({ length: pages }, (_, at) => `${SECRET}/repositories?per_page=100&page=${String(at + 1)}`),
    );
  });

  test.each([
    { visibility: undefined },
    { visibility: null },
    { visibility: "everybody" },
    { visibility: 1 },
  ])("is not guessed from $visibility", async ({ visibility }) => {
    start(0);
    await expect(
      readAccess(bench.api, { visibility, path: SECRET, place: acme, signal: undefined }),
    ).rejects.toMatchObject({
      code: "GITHUB_ANSWER_INVALID",
      message: expect.stringContaining("no visibility") as unknown,
    });
  });

  test.each([
    ["nothing", "", "no list of repositories"],
    ["no list", JSON.stringify({ total_count: 1 }), "no list of repositories"],
    ["no count", JSON.stringify({ repositories: [] }), "no list of repositories"],
    [
      "a list that is too short",
      JSON.stringify({ total_count: 2, repositories: [] }),
      "fewer repositories than it counts",
    ],
    [
      "a repository without id",
      JSON.stringify({ total_count: 1, repositories: [{}] }),
      "a repository without id",
    ],
    [
      "no repository at all",
      JSON.stringify({ total_count: 1, repositories: [null] }),
      "a repository without id",
    ],
    [
      "an id as a text",
      JSON.stringify({ total_count: 1, repositories: [{ id: "1" }] }),
      "a repository without id",
    ],
  ])("is not guessed from %s", async (_, body, found) => {
    start(2);
    bench.fault(answer(200, { body, headers: { "content-type": "application/json" } }), {
      path: /repositories/,
      times: Infinity,
    });
    await expect(readIt()).rejects.toMatchObject({
      code: "GITHUB_ANSWER_INVALID",
      transient: true,
      message: expect.stringContaining(found) as unknown,
    });
  });

  test("is never read for ever from pages that are all the same", async () => {
    start(2);
    const body = JSON.stringify({ total_count: 1_000, repositories: [{ id: 1 }] });
    bench.fault(answer(200, { body, headers: { "content-type": "application/json" } }), {
      path: /repositories/,
      times: Infinity,
    });
    await expect(readIt()).rejects.toThrowWithCode("GITHUB_ANSWER_INVALID");
    expect(bench.emulator.requests).toHaveLength(2);
  });
});

describe("what a write says of who may use it", () => {
  const open = (place: Place, access: OpenPlace["access"] = new Map()): OpenPlace => ({
    place,
    publicKey: { keyId: "1", key: new Uint8Array(32) },
    secrets: new Map(),
    access,
    limit: 1_000,
    claim: () => 0,
  });

  test("is what holds, whatever the case of the name and the target's own wish", () => {
    const access = { visibility: "selected", selected_repository_ids: [1, 2] } as const;
    const target = parseTarget("org:acme?visibility=all#login");
    expect(accessOf(open(acme, new Map([["LOGIN", access]])), target)).toEqual(access);
  });

  test.each([
    ["org:acme#LOGIN", "private"],
    ["org:acme?visibility=private#LOGIN", "private"],
    ["org:acme?visibility=all#LOGIN", "all"],
  ])("is the target's wish for a new secret (%s)", (target, visibility) => {
    expect(accessOf(open(acme), parseTarget(target))).toEqual({ visibility });
  });

  test.each([web, production, { kind: "dependabot", owner: "acme", repo: "web" } as const])(
    "is nothing outside organizations ($kind)",
    (place) => {
      start(0);
      expect(accessOf(open(place), parseTarget("repo:acme/web#LOGIN"))).toEqual({});
      expect(markerAccess(place)).toEqual({});
    },
  );

  test("is nobody for a marker", () => {
    expect(markerAccess(acme)).toEqual({ visibility: "selected", selected_repository_ids: [] });
  });
});
