import { describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../../src/http.ts";
import { callPlatform } from "../../../src/providers/feishu/platform.ts";
import { Masker } from "../../../src/secret.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { readingContext } from "../../support/reading-context.ts";

const BODY = { app_id: "cli_a1b2c3d4e5f60001", app_secret: "of-an-app" };

/** Calls a platform that gives one answer, and tells what it was asked. */
function callFor(answer: Partial<HttpResponse>) {
  const requests: HttpRequest[] = [];
  const context = {
    ...readingContext(new Masker(() => undefined)),
    clock: createFakeClock(),
    http: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: "", ...answer });
    },
  };
  const action = "push a new ticket";
  const call = { endpoint: "app_ticket/resend", action, body: BODY } as const;
  const answered = callPlatform(context, "https://feishu.example.test", call);
  answered.catch(() => undefined);
  return { answered, requests };
}

const coded = (code: number, more: object = {}): string => JSON.stringify({ code, msg: "no", ...more });

describe("a call of the platform", () => {
  test("posts its fields as JSON to the endpoint", async () => {
    const { answered, requests } = callFor({ body: coded(0, { expire: 7 }) });
    expect(await answered).toEqual({ code: 0, fields: { code: 0, msg: "no", expire: 7 } });
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: "https://feishu.example.test/open-apis/auth/v3/app_ticket/resend",
        headers: { "content-type": "application/json; charset=utf-8" },
        body: JSON.stringify(BODY),
      },
    ]);
  });

  test.each([200, 400])("leaves a ticket that was not accepted to its caller (HTTP %i)", async (status) => {
    expect(await callFor({ status, body: coded(10012) }).answered).toMatchObject({ code: 10012 });
  });
});

describe("a documented code", () => {
  test.each([10014, 10015, 20002, 99991543])("%i says that the pair is to be checked", async (code) => {
    await expect(callFor({ body: coded(code) }).answered).rejects.toMatchObject({
      code: "PROVIDER_UNAUTHORIZED",
      message: `Feishu refused the management credential; expected "app-id" and "app-secret" to be valid.`,
      hint: `Check "app-id" and "app-secret", and in the developer console that the app is not stopped, then run again.`,
    });
  });

  test("10016 says that only store apps have tickets", async () => {
    await expect(callFor({ body: coded(10016) }).answered).rejects.toMatchObject({
      code: "APP_NOT_ROTATABLE",
      message: "Feishu cannot rotate the app: it is no store app; expected a store (ISV) app.",
      hint: "A custom app has no ticket: it gets its tokens with app_id and app_secret alone. Set up a store app, or remove this rotation.",
    });
  });

  test.each([99991662, 99991673])("%i says that the app is to be enabled", async (code) => {
    await expect(callFor({ body: coded(code) }).answered).rejects.toMatchObject({
      code: "APP_NOT_ROTATABLE",
      message:
        "Feishu cannot rotate the app: it is not in use; expected an app that is running and installed.",
      hint: "Enable the app in the developer console, then run again.",
    });
  });

  test("99991401 says that the runner's address is not let in", async () => {
    await expect(callFor({ body: coded(99991401) }).answered).rejects.toMatchObject({
      code: "PROVIDER_REFUSED",
      message: "Feishu refused to push a new ticket (code 99991401); expected it to be done.",
      hint: "Let the runner's address into the app's IP allow-list in the developer console, or use a runner whose address is there.",
    });
  });

  test.each([2200, 10101, 10500])("%i is a fault that may pass", async (code) => {
    for (const status of [200, 500]) {
      await expect(callFor({ status, body: coded(code) }).answered).rejects.toMatchObject({
        code: "PROVIDER_UNAVAILABLE",
        transient: true,
        changed: "unknown",
        detail: "no",
        message: `Feishu answered with server error code ${String(code)} when asked to push a new ticket; expected it to be done.`,
      });
    }
  });

  test("that is not known refuses the request", async () => {
    await expect(callFor({ body: coded(1195) }).answered).rejects.toMatchObject({
      code: "PROVIDER_REFUSED",
      transient: false,
      changed: "no",
      message: "Feishu refused to push a new ticket (code 1195); expected it to be done.",
    });
  });
});

describe("a throttle", () => {
  test.each([
    ["the platform's own code", { status: 200, body: coded(99991400) }],
    ["the platform's own code with HTTP 400", { status: 400, body: coded(99991400) }],
    ["HTTP 429 of a gateway", { status: 429, body: "<html></html>" }],
  ])("is %s, and changes nothing", async (_, answer) => {
    await expect(callFor(answer).answered).rejects.toMatchObject({
      code: "PROVIDER_RATE_LIMITED",
      transient: true,
      changed: "no",
      message: `Feishu answered "too many requests" when asked to push a new ticket; expected it to be done.`,
    });
  });

  test.each([
    ["the platform's header", { "x-ogw-ratelimit-reset": "7" }, 7_000],
    ["a gateway's header", { "retry-after": "8" }, 8_000],
    ["the platform's header before a gateway's", { "x-ogw-ratelimit-reset": "7", "retry-after": "8" }, 7_000],
    ["a date", { "retry-after": "Sun, 22 Nov 2026 03:00:09 GMT" }, 8_500],
    ["a minute at most", { "x-ogw-ratelimit-reset": "3600" }, 60_000],
    ["nothing that can be read", { "x-ogw-ratelimit-reset": "soon" }, undefined],
    ["no header", {}, undefined],
  ])("asks for a wait by %s", async (_, headers, retryAfter) => {
    for (const answer of [{ status: 429 }, { body: coded(99991400) }]) {
      await expect(callFor({ ...answer, headers }).answered).rejects.toMatchObject({ retryAfter });
    }
  });
});

describe("an answer without a code", () => {
  test.each([500, 502, 503])("is a fault that may pass with HTTP %i", async (status) => {
    await expect(callFor({ status, body: "<html></html>" }).answered).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      transient: true,
      changed: "unknown",
      message: `Feishu answered with server error ${String(status)} when asked to push a new ticket; expected it to be done.`,
    });
  });

  test.each([
    ["a web page (HTTP 200)", { body: "<html></html>" }],
    ["a web page (HTTP 404)", { status: 404, body: "<html></html>" }],
    ["nothing (HTTP 200)", {}],
    ["no JSON object (HTTP 499)", { status: 499, body: "[0]" }],
  ])("is not what the platform documents if it is %s", async (found, answer) => {
    await expect(callFor(answer).answered).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      transient: true,
      changed: "unknown",
      message: `Feishu answered ${found} when asked to push a new ticket; expected JSON with a "code".`,
    });
  });

  test.each([
    ["a text", 200, `{"code":"0"}`],
    ["a success with another status", 201, `{"code":0}`],
  ])("is one too if its code is %s", async (_, status, body) => {
    await expect(callFor({ status, body }).answered).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      transient: true,
    });
  });
});

describe("the detail of a refusal", () => {
  const detail = (body: object, headers: Readonly<Record<string, string>>) =>
    expect(callFor({ body: JSON.stringify({ code: 10003, ...body }), headers }).answered).rejects;

  test.each([
    ["what the platform says", { msg: "invalid param" }, {}, "invalid param"],
    [
      "what it says and the request's id",
      { msg: "invalid param" },
      { "x-tt-logid": "log-1" },
      "invalid param; request log-1",
    ],
    ["the id alone, where nothing is said", {}, { "x-tt-logid": "log-1" }, "request log-1"],
    ["the id that a gateway gave", {}, { "x-request-id": "gateway-1" }, "request gateway-1"],
    [
      "the platform's id before a gateway's",
      {},
      { "x-tt-logid": "log-1", "x-request-id": "gateway-1" },
      "request log-1",
    ],
    ["nothing of a message that is no text", { msg: { text: "no" } }, {}, undefined],
    ["nothing, where there is neither", {}, {}, undefined],
  ])("is %s", async (_, body, headers, expected) => {
    await detail(body, headers).toMatchObject({ code: "PROVIDER_REFUSED", detail: expected });
  });
});
