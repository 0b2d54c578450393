import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import { type Http, HttpFailure, type HttpResponse } from "../../src/http.ts";
import { ask, askAgain, describeBody, isObject, parseObject, unusable } from "../../src/providers/answer.ts";
import { createCredentialGate } from "../../src/providers/credential-gate.ts";
import type { ProviderContext } from "../../src/providers/provider.ts";
import { Masker } from "../../src/secret.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const request = {
  provider: "Acme",
  action: "read the app",
  method: "GET",
  url: "https://user:s3cr3tInTheUrl@api.acme.test:8443/path?token=s3cr3tInTheUrl",
  headers: { authorization: "Bearer s3cr3tInAHeader" },
  body: "s3cr3tInTheBody",
} as const;
const secrets = ["s3cr3tInTheUrl", "s3cr3tInAHeader", "s3cr3tInTheBody"];

const response = (status: number, body = "", headers = {}): HttpResponse => ({ status, body, headers });

function bench(http: Http) {
  const clock = createFakeClock();
  const waits: [string, number][] = [];
  const context: ProviderContext = {
    http,
    gate: createCredentialGate(),
    clock,
    masker: new Masker(() => undefined),
    onWait: (why, milliseconds) => waits.push([why, milliseconds]),
    warn: () => undefined,
  };
  return { context, clock, waits };
}

describe("asking once", () => {
  test.each([200, 204, 400, 401, 404, 500])("gives back an answer with %i", async (status) => {
    const { context } = bench(() => Promise.resolve(response(status, "x")));
    await expect(ask(context, request)).resolves.toEqual(response(status, "x"));
  });

  test.each([300, 301, 302, 303, 307, 308, 399])(
    "refuses a redirect (%i), after which nothing is known",
    async (status) => {
      const { context } = bench(() =>
        Promise.resolve(response(status, "", { location: "https://s3cr3tInTheUrl/" })),
      );
      await expect(ask(context, request)).rejects.toMatchObject({
        code: "PROVIDER_REDIRECT",
        message: `Acme at api.acme.test:8443 answered with redirect ${String(status)}; expected an answer.`,
        changed: "unknown",
        transient: false,
      });
      await expect(ask(context, request)).rejects.toHide(secrets);
    },
  );

  test("tells what was never sent", async () => {
    const { context } = bench(() => Promise.reject(new HttpFailure("ENOTFOUND", false)));
    await expect(ask(context, request)).rejects.toMatchObject({
      code: "PROVIDER_UNREACHABLE",
      message: "Acme could not be reached at api.acme.test:8443 (ENOTFOUND); expected a connection.",
      changed: "no",
      transient: true,
    });
    await expect(ask(context, request)).rejects.toHide(secrets);
  });

  test("tells what was sent and not answered", async () => {
    const { context } = bench(() => Promise.reject(new HttpFailure("ECONNRESET", true)));
    await expect(ask(context, request)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_LOST",
      message:
        "The answer of Acme to the request to read the app was lost (ECONNRESET); expected a whole answer.",
      changed: "unknown",
      transient: true,
    });
    await expect(ask(context, request)).rejects.toHide(secrets);
  });

  test("lets through what nobody foresaw", async () => {
    const defect = new TypeError("x");
    await expect(ask(bench(() => Promise.reject(defect)).context, request)).rejects.toBe(defect);
  });
});

describe("asking again", () => {
  test("repeats what is transient, and tells each wait with its reason", async () => {
    let tries = 0;
    const { context, clock, waits } = bench(() => {
      tries += 1;
      return tries < 3
        ? Promise.reject(new HttpFailure("ECONNRESET", true))
        : Promise.resolve(response(200, "x"));
    });
    await expect(askAgain(context, () => ask(context, request))).resolves.toMatchObject({ body: "x" });
    expect(waits.map(([, milliseconds]) => milliseconds)).toEqual(clock.waits);
    expect(waits.map(([why]) => why)).toEqual([
      expect.stringContaining("was lost (ECONNRESET)"),
      expect.stringContaining("was lost (ECONNRESET)"),
    ]);
  });

  test("never repeats what is final", async () => {
    let tries = 0;
    const { context } = bench(() => Promise.reject(new Error("not used")));
    const refused = (): Promise<never> => {
      tries += 1;
      return Promise.reject(RotationError.of("PROVIDER_UNAUTHORIZED", { provider: "Acme", inputs: "x" }));
    };
    await expect(askAgain(context, refused)).rejects.toThrowWithCode("PROVIDER_UNAUTHORIZED");
    expect(tries).toBe(1);
  });

  test("stops at its signal", async () => {
    const reason = RotationError.of("CANCELLED", { signal: "SIGINT" });
    const { context } = bench(() => Promise.reject(new HttpFailure("cancelled", false)));
    await expect(askAgain(context, () => ask(context, request), AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
  });
});

test.each([
  ['{"a":1}', { a: 1 }],
  [" {} ", {}],
  ["[]", undefined],
  ["null", undefined],
  ['"x"', undefined],
  ["7", undefined],
  ["", undefined],
  ["{", undefined],
  ["<html>", undefined],
])("%j holds the object %j", (body, object) => {
  expect(parseObject(body)).toEqual(object);
});

test("an object is neither null nor a list", () => {
  expect([{}, [], null, "x", undefined].map(isObject)).toEqual([true, false, false, false, false]);
});

test.each([
  [response(200, ""), "nothing (HTTP 200)"],
  [response(502, " \n"), "nothing (HTTP 502)"],
  [response(404, "  <!DOCTYPE html>"), "a web page (HTTP 404)"],
  [response(200, "[1]"), "no JSON object (HTTP 200)"],
  [response(200, `{"a":1}`), "a JSON object of another form (HTTP 200)"],
  [response(200, "not <b>now</b>"), "no JSON object (HTTP 200)"],
])("a body that is not what it should be is described without being quoted (%#)", (answer, words) => {
  expect(describeBody(answer)).toBe(words);
});

describe("a value can be a secret in GitHub", () => {
  test.each([
    ["one character", "x"],
    ["asterisks and more", "***x"],
    ["more and asterisks", "x***"],
    ["Chinese", "密钥"],
    ["49152 bytes", "x".repeat(49_152)],
    ["49152 bytes of Chinese", "密".repeat(16_384)],
    ["text with a newline at its end", "x\n"],
  ])("if it is %s", (_, value) => {
    expect(unusable(value)).toBeUndefined();
  });

  test.each([
    ["undefined", undefined, "missing"],
    ["null", null, "not a string"],
    ["a number", 12345678, "not a string"],
    ["an object", {}, "not a string"],
    ["empty", "", "empty"],
    ["blank", " \t\n", "empty"],
    ["asterisks", "******", "hidden behind asterisks"],
    ["asterisks between blanks", " ******\n", "hidden behind asterisks"],
    ["half a character", "abcdef\ud83d", "not well-formed Unicode text"],
    ["49153 bytes", "x".repeat(49_153), "larger than 48 KB"],
    ["49153 bytes in fewer characters", `${"密".repeat(16_384)}x`, "larger than 48 KB"],
  ])("not if it is %s", (_, value, words) => {
    expect(unusable(value)).toBe(words);
  });
});
