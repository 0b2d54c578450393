import { getOctokit } from "@actions/github";
import { afterEach, expect, test } from "vitest";
import { listen } from "../listen.ts";
import { as, ask, expectDescribed, github, names, publicKey, REPOSITORY, seal, web, write } from "./bench.ts";

afterEach(expectDescribed);

const DEPENDABOT = "/repos/acme/web/dependabot/secrets";
const dependabot = { repository: "acme/web", dependabot: true };

test("Dependabot's secrets are a store beside the repository's, with a key pair of its own", async () => {
  const emulator = github();
  emulator.addSecret({ ...web, name: "TOKEN", value: "of Actions" });

  const created = await write(emulator, DEPENDABOT, "token", "of Dependabot");
  const updated = await write(emulator, DEPENDABOT, "TOKEN", "of Dependabot, again");

  expect([created.status, created.json, updated.status]).toEqual([201, {}, 204]);
  expect(emulator.secret({ ...dependabot, name: "TOKEN" })?.value).toBe("of Dependabot, again");
  expect(emulator.secret({ ...web, name: "TOKEN" })?.value).toBe("of Actions");
  expect(emulator.history({ ...dependabot, name: "TOKEN" }).map(({ value }) => value)).toEqual([
    "of Dependabot",
    "of Dependabot, again",
  ]);
  const { key } = await publicKey(emulator, DEPENDABOT);
  expect(key).toBe(emulator.privateKey(dependabot).publicKey);
  expect(key).not.toBe(emulator.privateKey(web).publicKey);
});

test("a box for the repository's own secrets is refused, in the words of Dependabot's page", async () => {
  const emulator = github();
  const { key, key_id } = await publicKey(emulator, REPOSITORY);

  const { status, json } = await ask(emulator, "PUT", `${DEPENDABOT}/TOKEN`, {
    encrypted_value: seal("value", key),
    key_id,
  });

  expect(status).toBe(422);
  expect(json).toMatchObject({
    documentation_url:
      "https://docs.github.com/en/rest/dependabot/secrets#create-or-update-a-repository-secret",
  });
});

test("they are listed, read and deleted like others", async () => {
  const emulator = github({ now: () => Date.parse("2026-11-22T03:00:00Z") });
  for (const name of ["b", "a", "c"]) emulator.addSecret({ ...dependabot, name, value: "" });

  const list = await ask(emulator, "GET", `${DEPENDABOT}?per_page=2`);
  const { json } = await ask(emulator, "GET", `${DEPENDABOT}/a`);
  const removed = await ask(emulator, "DELETE", `${DEPENDABOT}/A`);

  expect(names(list)).toEqual(["A", "B"]);
  expect(list.headers.get("link")).toMatch(/\/repositories\/\d+\/dependabot\/secrets\?per_page=2&page=2>/);
  expect(json).toEqual({ name: "A", created_at: "2026-11-22T03:00:00Z", updated_at: "2026-11-22T03:00:00Z" });
  expect(removed.status).toBe(204);
  expect(emulator.secretNames(dependabot)).toEqual(["B", "C"]);
});

test("they have a limit of their own", async () => {
  const emulator = github();
  emulator.secretsPerPlace = 0;
  emulator.dependabotSecretsPerRepository = 1;

  const statuses = [];
  for (const name of ["A", "B", "A"]) {
    statuses.push((await write(emulator, DEPENDABOT, name, "value")).status);
  }

  expect(statuses).toEqual([201, 422, 204]);
});

test("they take a permission of their own, but whoever sees the repository may read the public key", async () => {
  const emulator = github();
  const fine = { kind: "fine-grained", repositories: "all" } as const;
  emulator.addToken("secrets", { ...fine, secrets: "write", environments: "write" });
  emulator.addToken("dependabot", { ...fine, dependabot_secrets: "read" });
  emulator.addToken("run", { kind: "actions", repositories: "all", dependabot_secrets: "write" });

  const refused = await ask(emulator, "GET", DEPENDABOT, undefined, as("secrets"));
  const unwritten = await ask(emulator, "DELETE", `${DEPENDABOT}/A`, undefined, as("dependabot"));

  expect([refused.status, unwritten.status]).toEqual([403, 403]);
  expect(refused.headers.get("x-accepted-github-permissions")).toBe("dependabot_secrets=read");
  expect(unwritten.headers.get("x-accepted-github-permissions")).toBe("dependabot_secrets=write");
  const key = `${DEPENDABOT}/public-key`;
  expect((await ask(emulator, "GET", key, undefined, as("secrets"))).status).toBe(200);
  expect((await ask(emulator, "GET", DEPENDABOT, undefined, as("dependabot"))).status).toBe(200);
  expect((await ask(emulator, "GET", REPOSITORY, undefined, as("dependabot"))).status).toBe(403);
  expect((await ask(emulator, "GET", key, undefined, as("run"))).status).toBe(403);
});

test("Dependabot has no secrets in environments", () => {
  expect(() => github().secretNames({ ...dependabot, environment: "production" })).toThrow(
    "Dependabot has no",
  );
});

test("octokit writes and lists them", async () => {
  const emulator = github();
  await using server = await listen(emulator);
  const api = getOctokit("pat", { baseUrl: server.url }).rest.dependabot;
  const repository = { owner: "acme", repo: "web" };

  const { data: key } = await api.getRepoPublicKey(repository);
  const encrypted_value = seal("value", key.key);
  await api.createOrUpdateRepoSecret({
    ...repository,
    secret_name: "TOKEN",
    encrypted_value,
    key_id: key.key_id,
  });
  const { data } = await api.listRepoSecrets(repository);

  expect(data.secrets.map(({ name }) => name)).toEqual(["TOKEN"]);
  expect(emulator.secret({ ...dependabot, name: "TOKEN" })?.value).toBe("value");
});
