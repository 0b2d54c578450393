import { describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../src/http.ts";
import { claimsOf, requestIdToken } from "../../src/providers/id-token.ts";
import { Masker } from "../../src/secret.ts";
import { readingContext } from "../support/reading-context.ts";

const SERVICE = { url: "https://token.example.test/issue?api-version=2.0", requestToken: "of-the-runner" };

/** Asks a service that gives one answer, and tells what it was asked and what was masked. */
function askFor(answer: Partial<HttpResponse>, url = SERVICE.url) {
  const requests: HttpRequest[] = [];
  const masked: string[] = [];
  const context = {
    ...readingContext(new Masker((form) => masked.push(form))),
    http: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: "", ...answer });
    },
  };
  const token = requestIdToken({ ...SERVICE, url }, "a cloud", context);
  token.catch(() => undefined);
  return { token, requests, masked };
}

describe("a token that names the job", () => {
  test("is asked for with the runner's own token, for its audience", async () => {
    const { token, requests, masked } = askFor({ body: `{"value":"header.claims.signature"}` });
    expect(await token).toBe("header.claims.signature");
    expect(requests).toMatchObject([
      {
        method: "GET",
        url: `${SERVICE.url}&audience=a%20cloud`,
        headers: { accept: "application/json", authorization: "Bearer of-the-runner" },
      },
    ]);
    expect(masked).toEqual(expect.arrayContaining(["of-the-runner", "header.claims.signature"]));
  });

  test("is asked for at an address without a query too", async () => {
    const { token, requests } = askFor({ body: `{"value":"a.b.c"}` }, "https://token.example.test/issue");
    await token;
    expect(requests[0]?.url).toBe("https://token.example.test/issue?audience=a%20cloud");
  });

  test.each([
    [{ "retry-after": "7" }, 7_000],
    [{}, undefined],
  ])("may come later where the service throttles, with %j", async (headers, retryAfter) => {
    await expect(askFor({ status: 429, headers }).token).rejects.toMatchObject({
      code: "PROVIDER_RATE_LIMITED",
      transient: true,
      retryAfter,
    });
  });

  test.each([500, 503])("may come later after %i", async (status) => {
    await expect(askFor({ status }).token).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      transient: true,
      message: `GitHub's OIDC token service answered with server error ${String(status)} when asked to issue a token for this job; expected it to be done.`,
    });
  });

  test.each([400, 401, 403, 404])("is refused with %i", async (status) => {
    await expect(askFor({ status, body: `{"value":"a.b.c"}` }).token).rejects.toMatchObject({
      code: "ID_TOKEN_UNAVAILABLE",
      transient: false,
      message: expect.stringContaining(`GitHub's OIDC token service answered ${String(status)}`) as unknown,
    });
  });

  test.each(["", "{}", `{"value":""}`, `{"value":17}`, "<html>"])("is not what %j holds", async (body) => {
    await expect(askFor({ body }).token).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      message: expect.stringMatching(/issue a token for this job.*a token in "value"/) as unknown,
    });
  });
});

describe("what a token says", () => {
  const tokenOf = (claims: string): string => `e30.${Buffer.from(claims).toString("base64url")}.sig`;

  test("is read from its middle", () => {
    const claims = { iss: "https://token.example.test", aud: "a cloud", sub: "repo:acme/web:环境" };
    expect(claimsOf(tokenOf(JSON.stringify({ ...claims, exp: 1 })))).toEqual(claims);
  });

  test.each([
    ["no token", ""],
    ["one part", "abc"],
    ["no JSON", tokenOf("{")],
    ["no object", tokenOf("[]")],
    ["other types", tokenOf(`{"iss":1,"aud":["a"],"sub":null}`)],
  ])("is unknown of %s", (_, token) => {
    expect(claimsOf(token)).toEqual({ iss: "?", aud: "?", sub: "?" });
  });
});
