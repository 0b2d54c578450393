import { describe, expect, test } from "vitest";
import { createGitHubIdTokens, GITHUB_ISSUER } from "./github-id-tokens.ts";
import { createHuaweiSts } from "./huawei-sts.ts";
import { createHuaweiAccount } from "./huawei/account.ts";

const JOB = { repository: "acme/web", environment: "rotation" };

function setUp() {
  let now = Date.parse("2026-11-22T03:00:00Z");
  const clock = { now: () => now, advance: (milliseconds: number) => (now += milliseconds) };
  const issuer = createGitHubIdTokens(clock);
  const account = createHuaweiAccount(clock);
  const sts = createHuaweiSts({ account, fetch: (url) => issuer.handle(new Request(url)) });
  sts.addProvider({ urn: "provider", issuer: GITHUB_ISSUER, clientIds: ["huawei"] });
  const subjects = ["repo:acme/web:environment:rotation"];
  sts.addAgency({ urn: "agency", providerUrn: "provider", subjects, projectId: "p" });
  const trade = async (id_token: string, change: object = {}): Promise<readonly [number, string]> => {
    const body = { provider_urn: "provider", agency_urn: "agency", agency_session_name: "a test", id_token };
    const response = await sts.handle(
      new Request("https://sts.example.test/v5/agencies/assume-with-oidc", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...body, ...change }),
      }),
    );
    return [response.status, await response.text()];
  };
  return { clock, issuer, sts, trade };
}

describe("STS", () => {
  test("gives temporary keys for a token of the job that the agency trusts", async () => {
    const { issuer, trade, sts } = setUp();
    const [status, text] = await trade(issuer.sign(issuer.claims(JOB, "huawei")));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      credentials: { access_key_id: sts.sessions[0]?.accessKeyId, expiration: "2026-11-22T04:00:00.000Z" },
      subject_from_id_token: "repo:acme/web:environment:rotation",
    });
  });

  test("refuses a token that nobody vouches for", async () => {
    const { issuer, trade, clock } = setUp();
    const claims = issuer.claims(JOB, "huawei");
    const good = issuer.sign(claims);
    const [head = "", , signature = ""] = good.split(".");
    const other = Buffer.from(JSON.stringify({ ...claims, sub: "repo:evil/web" })).toString("base64url");
    const bad = {
      "another key": issuer.sign(claims, {}, "unknown"),
      "an unknown key id": issuer.sign(claims, { kid: "another" }),
      "no algorithm": issuer.sign(claims, { alg: "none" }),
      "a symmetric one": issuer.sign(claims, { alg: "HS256" }),
      "other claims below the signature": `${head}.${other}.${signature}`,
      "no signature": good.slice(0, good.lastIndexOf(".") + 1),
      "no JWT": "token",
      "another issuer": issuer.sign({ ...claims, iss: "https://elsewhere.test" }),
      "another audience": issuer.sign(issuer.claims(JOB, "aws")),
    };
    for (const [what, token] of Object.entries(bad)) expect((await trade(token))[0], what).toBe(401);
    clock.advance(300_000);
    expect((await trade(good))[0], "an expired token").toBe(401);
  });

  test("refuses a job that the agency does not trust, and what breaks the documented limits", async () => {
    const { issuer, trade } = setUp();
    const token = issuer.sign(issuer.claims(JOB, "huawei"));
    const elsewhere = issuer.claims({ ...JOB, environment: "staging" }, "huawei");
    expect((await trade(issuer.sign(elsewhere)))[0]).toBe(403);
    expect((await trade(token, { agency_urn: "another" }))[0]).toBe(403);
    expect((await trade(token, { provider_urn: "another" }))[0]).toBe(404);
    expect((await trade(token, { agency_session_name: "x" }))[0]).toBe(400);
    expect((await trade(token, { duration_seconds: 899 }))[0]).toBe(400);
    expect((await trade(token, { duration_seconds: 7_200 }))[0]).toBe(400);
    expect((await trade(token, { policies: [] }))[0]).toBe(501);
  });
});
