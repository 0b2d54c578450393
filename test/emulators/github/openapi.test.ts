import { expect, test } from "vitest";
import { createOpenApiCheck } from "../../support/openapi.ts";
import { PRODUCTION, REPOSITORY } from "./bench.ts";

const openApi = createOpenApiCheck();

const recorded = {
  method: "PUT",
  path: `${REPOSITORY}/TOKEN`,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ encrypted_value: "AAAA", key_id: "1" }),
  status: 201 as number | null,
  answer: "{}",
  startedAt: 0,
  endedAt: 1,
};

test.each([
  ["a good request and answer", {}, []],
  ["a broken connection", { status: null, answer: "" }, []],
  ["an undescribed path", { path: "/user" }, ["route PUT /user is not described"]],
  ["an undescribed method", { method: "POST" }, [`route POST ${REPOSITORY}/TOKEN is not described`]],
  ["a stray query", { path: `${REPOSITORY}/TOKEN?x=1` }, ["query x is not described"]],
  ["a missing body", { body: "" }, ["request body is missing"]],
  ["a body that is not JSON", { body: "{" }, ["request body is not JSON"]],
  ["another content type", { headers: {} }, ['request body has content-type ""']],
  [
    "a missing field",
    { body: JSON.stringify({ encrypted_value: "AAAA" }) },
    ["request body must have required property 'key_id'"],
  ],
  [
    "URL-safe base64",
    { body: JSON.stringify({ encrypted_value: "-_-_", key_id: "1" }) },
    [expect.stringMatching(/^request body\/encrypted_value must match pattern/)],
  ],
  ["an undescribed status", { status: 202 }, ["answer 202 is not described"]],
  ["a 201 with something in it", { answer: '{"a":1}' }, ["answer must NOT have additional properties"]],
  ["a 204 with a body", { status: 204 }, ["answer 204 has a body"]],
  ["an error in GitHub's form", { status: 403, answer: '{"message":"No"}' }, []],
  ["an error without a message", { status: 403 }, ["answer must have required property 'message'"]],
  ["an error that is not JSON", { status: 502, answer: "<html>" }, ["answer is not JSON"]],
])("judges %s", (_, change, problems) => {
  expect(openApi.problems({ ...recorded, ...change })).toEqual(problems);
});

test("judges queries, date-times and base paths of a list", () => {
  const list = {
    ...recorded,
    method: "GET",
    body: "",
    status: 200,
    answer: '{"total_count":0,"secrets":[]}',
  };

  expect(openApi.problems({ ...list, path: `/api/v3${PRODUCTION}?per_page=5` }, "/api/v3")).toEqual([]);
  expect(openApi.problems({ ...list, path: PRODUCTION }, "/api/v3")).toEqual([
    `route GET ${PRODUCTION} is not described`,
  ]);
  expect(openApi.problems({ ...list, path: `${PRODUCTION}?per_page=many` })).toEqual([
    "query per_page must be integer",
  ]);
  const secrets = [{ name: "A", created_at: "2026-11-22", updated_at: "2026-11-22T03:00:00Z" }];
  expect(
    openApi.problems({ ...list, path: PRODUCTION, answer: JSON.stringify({ total_count: 1, secrets }) }),
  ).toEqual(['answer/secrets/0/created_at must match format "date-time"']);
  expect(openApi.problems({ ...list, path: "/repos/acme/web/environments/%zz/secrets" })).toEqual([
    "path environment_name is not percent-encoded",
  ]);
});

test("judges dispatches", () => {
  const dispatched = {
    ...recorded,
    method: "POST",
    path: "/repos/acme/web/dispatches",
    body: JSON.stringify({ event_type: "a" }),
    status: 204,
    answer: "",
  };
  const path = "/repos/acme/web/actions/workflows/rotate.yml/dispatches";

  expect(openApi.problems(dispatched)).toEqual([]);
  expect(openApi.problems({ ...dispatched, body: JSON.stringify({ event_type: "" }) })).toEqual([
    "request body/event_type must NOT have fewer than 1 characters",
  ]);
  expect(openApi.problems({ ...dispatched, status: 422, answer: '{"message":"No"}' })).toEqual([
    "answer must have required property 'documentation_url'",
  ]);
  expect(openApi.problems({ ...dispatched, path })).toEqual([
    "request body must have required property 'ref'",
  ]);
  expect(
    openApi.problems({ ...dispatched, path, body: '{"ref":"main"}', status: 200, answer: "{}" }),
  ).toContain(
    "answer must have required property 'workflow_run_id', answer must have required property 'run_url', answer must have required property 'html_url'",
  );
});

test("knows organization and Dependabot secrets too", () => {
  const key = { ...recorded, method: "GET", body: "", status: 200, answer: '{"key_id":"1","key":"AAAA"}' };

  expect(openApi.problems({ ...key, path: "/orgs/acme/actions/secrets/public-key" })).toEqual([]);
  expect(openApi.problems({ ...key, path: "/repos/acme/web/dependabot/secrets/public-key" })).toEqual([]);
  expect(
    openApi.problems({
      ...recorded,
      path: "/orgs/acme/actions/secrets/TOKEN",
      body: JSON.stringify({ encrypted_value: "AAAA", key_id: "1" }),
    }),
  ).toEqual(["request body must have required property 'visibility'"]);
});
