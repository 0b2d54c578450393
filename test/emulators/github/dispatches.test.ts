import { getOctokit } from "@actions/github";
import { afterEach, expect, test } from "vitest";
import type { Dispatch, GitHubEmulator, GitHubEmulatorOptions } from "../github.ts";
import { listen } from "../listen.ts";
import { ask, type Asked, expectDescribed, github } from "./bench.ts";

afterEach(expectDescribed);

const DISPATCHES = "/repos/acme/web/dispatches";
const WORKFLOW = "/repos/acme/web/actions/workflows/rotate.yml/dispatches";

/** Its token `relay` may make both kinds of events, and nothing else. */
function dispatching(options: GitHubEmulatorOptions = {}): GitHubEmulator {
  const emulator = github(options);
  const rights = { contents: "write", actions: "write" } as const;
  emulator.addToken("relay", { kind: "fine-grained", repositories: ["acme/web"], ...rights });
  return emulator;
}
const relay = { authorization: "Bearer relay" };
const post = (emulator: GitHubEmulator, path: string, body: unknown, headers = {}): Promise<Asked> =>
  ask(emulator, "POST", path, body, { ...relay, ...headers });

test("a repository dispatch is kept and told, and answered with 204", async () => {
  const emulator = dispatching({ now: () => 5000 });
  const told: Dispatch[] = [];
  emulator.onDispatch = (dispatch) => {
    told.push(dispatch);
  };
  const payload = { feishu: { v: 1, body_b64: "e30=" } };

  const { status, json } = await post(emulator, DISPATCHES, {
    event_type: "ticket",
    client_payload: payload,
  });
  emulator.onDispatch = undefined;
  const bare = await post(emulator, "/repos/ACME/Web/dispatches", { event_type: "bare" });

  expect([status, json, bare.status]).toEqual([204, "", 204]);
  const event = { event: "repository_dispatch", repository: "acme/web", at: 5000 };
  expect(emulator.dispatches).toEqual([
    { ...event, eventType: "ticket", payload },
    { ...event, eventType: "bare", payload: {} },
  ]);
  expect(told).toEqual(emulator.dispatches.slice(0, 1));
});

test("a workflow dispatch names its workflow, its ref and its inputs", async () => {
  const emulator = dispatching({ now: () => 5000 });

  const given = await post(emulator, WORKFLOW, { ref: "main", inputs: { envelope: "{}" } });
  const bare = await post(emulator, WORKFLOW.replace("rotate.yml", "161335"), { ref: "v1" });

  expect([given.status, given.json, bare.status]).toEqual([204, "", 204]);
  const event = { event: "workflow_dispatch", repository: "acme/web", at: 5000 };
  expect(emulator.dispatches).toEqual([
    { ...event, workflow: "rotate.yml", ref: "main", inputs: { envelope: "{}" } },
    { ...event, workflow: "161335", ref: "v1", inputs: {} },
  ]);
});

test.each([
  ["on demand", { return_run_details: true }, {}],
  ["always as of 2026-03-10", {}, { "x-github-api-version": "2026-03-10" }],
])("a workflow dispatch tells its run %s", async (_, body, headers) => {
  const emulator = dispatching({ basePath: "/api/v3" });

  const first = await post(emulator, `/api/v3${WORKFLOW}`, { ref: "main", ...body }, headers);
  const second = await post(emulator, `/api/v3${WORKFLOW}`, { ref: "main", ...body }, headers);

  expect([first.status, second.status]).toEqual([200, 200]);
  const { workflow_run_id: id } = first.json as { workflow_run_id: number };
  expect(first.json).toEqual({
    workflow_run_id: id,
    run_url: `http://127.0.0.1/api/v3/repos/acme/web/actions/runs/${String(id)}`,
    html_url: `https://github.com/acme/web/actions/runs/${String(id)}`,
  });
  expect(second.json).toMatchObject({ workflow_run_id: id + 1 });
});

const properties = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${String(index)}`, ""]));
/** An object whose JSON has so many characters. */
const large = (characters: number): Record<string, string> => ({ a: "é".repeat(characters - 8) });

test.each([
  [DISPATCHES, { event_type: "é".repeat(100), client_payload: properties(10) }],
  [DISPATCHES, { event_type: "a", client_payload: large(65_535) }],
  [WORKFLOW, { ref: "main", inputs: properties(25) }],
  [WORKFLOW, { ref: "main", inputs: large(65_535), return_run_details: false }],
])("%s takes the most that is allowed", async (path, body) => {
  expect((await post(dispatching(), path, body)).status).toBe(204);
});

test.each([
  [DISPATCHES, {}, `"event_type" wasn't supplied.`],
  [DISPATCHES, { event_type: 5 }, "For 'properties/event_type', 5 is not a string."],
  [DISPATCHES, { event_type: "" }, /1 character/],
  [DISPATCHES, { event_type: "a".repeat(101) }, "Only 100 characters are allowed; 101 were supplied."],
  [
    DISPATCHES,
    { event_type: "a", client_payload: "{}" },
    `For 'properties/client_payload', "{}" is not an object.`,
  ],
  [
    DISPATCHES,
    { event_type: "a", client_payload: null },
    "For 'properties/client_payload', null is not an object.",
  ],
  [
    DISPATCHES,
    { event_type: "a", client_payload: properties(11) },
    "No more than 10 properties are allowed; 11 were supplied.",
  ],
  [DISPATCHES, { event_type: "a", inputs: {} }, `"inputs" is not a permitted key.`],
  [DISPATCHES, { a: 1, b: 2 }, `"a", "b" are not permitted keys.\n"event_type" wasn't supplied.`],
  [WORKFLOW, { inputs: {} }, `"ref" wasn't supplied.`],
  [WORKFLOW, { ref: null }, "For 'properties/ref', null is not a string."],
  [WORKFLOW, { ref: "main", inputs: [] }, "For 'properties/inputs', [] is not an object."],
  [
    WORKFLOW,
    { ref: "main", inputs: properties(26) },
    "No more than 25 properties are allowed; 26 were supplied.",
  ],
  [WORKFLOW, { ref: "a", return_run_details: 1 }, "For 'properties/return_run_details', 1 is not a boolean."],
])("%s refuses %j", async (path, body, why) => {
  const emulator = dispatching();

  const { status, json } = await post(emulator, path, body);

  const message =
    typeof why === "string" ? `Invalid request.\n\n${why}` : (expect.stringMatching(why) as unknown);
  expect([status, json]).toEqual([422, expect.objectContaining({ message, status: "422" })]);
  expect(emulator.dispatches).toEqual([]);
});

test.each([
  [DISPATCHES, { event_type: "a", client_payload: large(65_536) }, "client_payload is too large."],
  [WORKFLOW, { ref: "a", inputs: large(65_536) }, "inputs is too large."],
])("%s refuses 65,536 characters", async (path, body, message) => {
  const { status, json } = await post(dispatching(), path, body);

  expect([status, json]).toEqual([422, expect.objectContaining({ message })]);
});

test.each(["{", "[]"])("the body %s is a bad request", async (body) => {
  expect((await post(dispatching(), DISPATCHES, body)).status).toBe(400);
  expect((await post(dispatching(), WORKFLOW, body)).status).toBe(400);
});

test("each kind takes a permission of its own, which no other one brings", async () => {
  const emulator = github();
  const all = { secrets: "write", environments: "write", contents: "write", actions: "write" } as const;
  const fine = { kind: "fine-grained", repositories: "all" } as const;
  emulator.addToken("contents", { ...fine, contents: "write" });
  emulator.addToken("no-contents", { ...fine, ...all, contents: "read" });
  emulator.addToken("actions", { ...fine, actions: "write" });
  emulator.addToken("no-actions", { ...fine, ...all, actions: "read" });
  const repository = { event_type: "a" };
  const workflow = { ref: "main" };
  const by = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  const asked = [
    await post(emulator, DISPATCHES, repository, by("contents")),
    await post(emulator, DISPATCHES, repository, by("no-contents")),
    await post(emulator, WORKFLOW, workflow, by("actions")),
    await post(emulator, WORKFLOW, workflow, by("no-actions")),
  ];

  expect(asked.map(({ status }) => status)).toEqual([204, 403, 204, 403]);
  expect(asked.map(({ headers }) => headers.get("x-accepted-github-permissions"))).toEqual([
    "contents=write",
    "contents=write",
    "actions=write",
    "actions=write",
  ]);
  expect(asked[1]?.json).toMatchObject({ message: "Resource not accessible by personal access token" });
  expect(emulator.dispatches).toHaveLength(2);
});

test("a token without the new permissions makes no events, one of GITHUB_TOKEN or a classic one does", async () => {
  const emulator = github();
  emulator.addToken("run", { kind: "actions", repositories: "all", contents: "write", actions: "write" });
  emulator.addToken("classic", { kind: "classic", repositories: "all" });

  for (const [token, status] of [
    ["pat", 403],
    ["run", 204],
    ["classic", 204],
  ] as const) {
    const headers = { authorization: `Bearer ${token}` };
    expect((await post(emulator, DISPATCHES, { event_type: "a" }, headers)).status).toBe(status);
    expect((await post(emulator, WORKFLOW, { ref: "main" }, headers)).status).toBe(status);
  }
});

test("a repository that the token may not see, or none, is not found", async () => {
  const emulator = dispatching();
  emulator.addRepository("acme/private");

  for (const repository of ["acme/private", "acme/nothing"]) {
    const path = `/repos/${repository}/dispatches`;
    expect((await post(emulator, path, { event_type: "a" })).status).toBe(404);
  }
  expect((await post(emulator, `${DISPATCHES}/`, { event_type: "a" })).status).toBe(404);
  expect((await ask(emulator, "GET", DISPATCHES, undefined, relay)).status).toBe(501);
});

test("a renamed repository redirects, and the event bears the new name", async () => {
  const emulator = dispatching();
  emulator.rename("acme/web", "acme/site");

  const { status, headers } = await post(emulator, DISPATCHES, { event_type: "a" });
  const { pathname } = new URL(headers.get("location") ?? "");
  const followed = await post(emulator, pathname, { event_type: "a" });

  expect([status, followed.status]).toEqual([307, 204]);
  expect(emulator.dispatches.map(({ repository }) => repository)).toEqual(["acme/site"]);
});

test("octokit makes both", async () => {
  const emulator = dispatching();
  await using server = await listen(emulator);
  const { actions, repos } = getOctokit("relay", { baseUrl: server.url }).rest;
  const repository = { owner: "acme", repo: "web" };

  await repos.createDispatchEvent({ ...repository, event_type: "ticket", client_payload: { a: 1 } });
  await actions.createWorkflowDispatch({ ...repository, workflow_id: "rotate.yml", ref: "main" });

  expect(emulator.dispatches).toMatchObject([
    { event: "repository_dispatch", eventType: "ticket", payload: { a: 1 } },
    { event: "workflow_dispatch", workflow: "rotate.yml", ref: "main", inputs: {} },
  ]);
});
