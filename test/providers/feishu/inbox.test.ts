import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../../src/http.ts";
import { createInbox } from "../../../src/providers/feishu/inbox.ts";
import { Masker } from "../../../src/secret.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { readingContext } from "../../support/reading-context.ts";

const INBOX = "https://inbox.example.test/feishu?team=a";
const SECONDS = 1_700_000_000;
const SINCE = SECONDS * 1_000 + 900;

/** Looks into an inbox that gives one answer, and tells what it was asked. */
function listFrom(answer: Partial<HttpResponse>) {
  const requests: HttpRequest[] = [];
  const masker = new Masker(() => undefined);
  const context = {
    ...readingContext(masker),
    clock: createFakeClock(),
    http: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: "[]", ...answer });
    },
  };
  const inbox = createInbox(INBOX, masker.secret("token-of-the-inbox"), context);
  const listed = inbox.list(SINCE);
  listed.catch(() => undefined);
  return { listed, requests, again: () => inbox.list(SINCE) };
}

/** In the form of an envelope; what it holds is none of the inbox's business. */
function envelopeAt(timestamp: number) {
  const signature = createHash("sha256").update(String(timestamp)).digest("hex");
  return { v: 1, body_b64: "e30=", timestamp: String(timestamp), nonce: "n", signature };
}

/** A number stands for the envelope of so many seconds after a time. */
const bodyOf = (entries: readonly unknown[]): string =>
  JSON.stringify(entries.map((entry) => (typeof entry === "number" ? envelopeAt(SECONDS + entry) : entry)));

describe("an inbox", () => {
  test("is asked with its token for what was sent since a time, in whole seconds", async () => {
    const { listed, requests } = listFrom({});
    expect(await listed).toEqual([]);
    expect(requests).toMatchObject([
      {
        method: "GET",
        url: "https://inbox.example.test/feishu?team=a&since=1700000000",
        headers: { authorization: "Bearer token-of-the-inbox", accept: "application/json" },
      },
    ]);
  });

  test.each([
    ["the oldest first", [1, 2, 3, 4]],
    ["the newest first", [4, 3, 2, 1]],
    ["no order", [2, 4, 1, 3]],
  ])("tells the newest first, where it keeps %s", async (_, kept) => {
    const listed = await listFrom({ body: bodyOf(kept) }).listed;
    expect(listed.map(({ sentAt }) => sentAt / 1_000 - SECONDS)).toEqual([4, 3, 2, 1]);
  });

  test("tells only what has the form of an envelope", async () => {
    const others = [null, "text", true, [], {}, { v: 1 }, { ...envelopeAt(SECONDS), v: 2 }];
    const listed = await listFrom({ body: bodyOf([...others, 1, ...others]) }).listed;
    expect(listed).toEqual([
      {
        push: {
          rawBody: Buffer.from("{}"),
          timestamp: "1700000001",
          nonce: "n",
          signature: envelopeAt(SECONDS + 1).signature,
        },
        sentAt: 1_700_000_001_000,
      },
    ]);
  });

  test.each([401, 403])("that answers %i has refused its token, and is not asked again", async (status) => {
    const { listed, requests, again } = listFrom({ status });
    const refusal = {
      code: "PROVIDER_UNAUTHORIZED",
      transient: false,
      message: `Feishu inbox refused the management credential; expected "inbox-token" to be valid.`,
      hint: `Check "inbox-token", then run again.`,
    };
    await expect(listed).rejects.toMatchObject(refusal);
    await expect(again()).rejects.toMatchObject(refusal);
    expect(requests).toHaveLength(1);
  });

  test.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "Sun, 22 Nov 2026 03:00:09 GMT" }, 8_500],
    [{}, undefined],
  ])("that throttles may be asked later, with %j", async (headers, retryAfter) => {
    await expect(listFrom({ status: 429, headers }).listed).rejects.toMatchObject({
      code: "PROVIDER_RATE_LIMITED",
      transient: true,
      retryAfter,
      message: `Feishu inbox answered "too many requests" when asked to list what was pushed; expected it to be done.`,
    });
  });

  test.each([500, 503])("that answers %i has a fault that may pass", async (status) => {
    await expect(listFrom({ status }).listed).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      transient: true,
      message: `Feishu inbox answered with server error ${String(status)} when asked to list what was pushed; expected it to be done.`,
    });
  });

  test.each([
    ["a web page (HTTP 404)", { status: 404, body: "<html></html>" }],
    ["no JSON object (HTTP 200)", { body: "[" }],
    ["a web page (HTTP 200)", { body: "<html></html>" }],
    ["nothing (HTTP 204)", { status: 204, body: "" }],
  ])("must answer with a list, and not with %s", async (found, answer) => {
    await expect(listFrom(answer).listed).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      transient: false,
      message: `Feishu inbox answered ${found} when asked to list what was pushed; expected a JSON list of envelopes.`,
    });
  });
});
