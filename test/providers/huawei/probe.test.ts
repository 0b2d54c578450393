import { describe, expect, test } from "vitest";
import { RotationError } from "../../../src/errors.ts";
import type { HttpRequest, HttpResponse } from "../../../src/http.ts";
import { createProbe } from "../../../src/providers/huawei/probe.ts";
import { Masker } from "../../../src/secret.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { readingContext } from "../../support/reading-context.ts";

const URL_OF_API = "https://weather.example.test/probe?city=a";
const PAIR = { appKey: "key-of-the-app", appSecret: "a-secret-of-a-test" };
const REFUSAL = JSON.stringify({ error_code: "APIGW.0303", error_msg: "Incorrect app authentication" });

/** Probes an API that gives these answers, the last one for ever. */
async function probe(...answers: Partial<HttpResponse>[]) {
  const requests: HttpRequest[] = [];
  const waits: string[] = [];
  const context = {
    ...readingContext(new Masker(() => undefined)),
    clock: createFakeClock(),
    onWait: (why: string) => waits.push(why),
    http: (request: HttpRequest) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: "", ...answer });
    },
  };
  const verdict = await createProbe(URL_OF_API, context, "A gateway")(PAIR);
  return { verdict, requests, waits };
}

describe("a probe", () => {
  test.each([200, 204, 299])("says valid where the API answers %i", async (status) => {
    const { verdict, requests } = await probe({ status });
    expect(verdict).toEqual({ state: "valid" });
    expect(requests).toMatchObject([
      {
        method: "GET",
        url: URL_OF_API,
        headers: { authorization: expect.stringContaining("Access=key-of-the-app, ") as unknown },
      },
    ]);
  });

  test("says invalid where the gateway refuses the signature", async () => {
    expect((await probe({ status: 401, body: REFUSAL })).verdict).toEqual({ state: "invalid" });
  });

  test.each(["", "log in first", "<html>", "[]", "{}", `{"error_code":17}`])(
    "cannot tell from an API's own 401 with %j",
    async (body) => {
      expect((await probe({ status: 401, body })).verdict).toEqual({
        state: "inconclusive",
        why: "the probe answered 401",
      });
    },
  );

  test.each([400, 403, 404, 428, 430, 499])("cannot tell from %i, whatever it says", async (status) => {
    const { verdict, requests } = await probe({ status, body: REFUSAL });
    expect(verdict).toEqual({ state: "inconclusive", why: `the probe answered ${String(status)}` });
    expect(requests).toHaveLength(1);
  });

  test.each([429, 500, 503])("is made again after %i, and says so", async (status) => {
    const { verdict, requests, waits } = await probe({ status }, { status: 401, body: REFUSAL });
    expect(verdict).toEqual({ state: "invalid" });
    expect(requests).toHaveLength(2);
    expect(waits).toEqual([
      `A gateway answered with server error ${String(status)} when asked to answer the probe; expected it to be done.`,
    ]);
  });

  test("cannot tell after four faults", async () => {
    const { verdict, requests } = await probe({ status: 500 });
    expect(verdict).toEqual({
      state: "inconclusive",
      why: "the probe did not answer (PROVIDER_UNAVAILABLE)",
    });
    expect(requests).toHaveLength(4);
  });

  test("ends with the run", async () => {
    const cancel = new AbortController();
    const signals: unknown[] = [];
    const context = {
      ...readingContext(new Masker(() => undefined)),
      clock: createFakeClock(),
      http: ({ signal }: HttpRequest) => {
        signals.push(signal);
        cancel.abort(RotationError.of("CANCELLED", { signal: "SIGTERM" }));
        return Promise.resolve({ status: 503, headers: {}, body: "" });
      },
    };
    expect(await createProbe(URL_OF_API, context, "A gateway")(PAIR, cancel.signal)).toEqual({
      state: "inconclusive",
      why: "the probe did not answer (CANCELLED)",
    });
    expect(signals).toEqual([cancel.signal]);
  });
});
