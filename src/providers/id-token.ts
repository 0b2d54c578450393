import { RotationError } from "../errors.ts";
import { parseRetryAfter } from "../retry.ts";
import { ask, describeBody, invalidAnswer, parseObject } from "./answer.ts";
import type { IdTokenService, ProviderContext } from "./provider.ts";

const title = "GitHub's OIDC token service";
const action = "issue a token for this job";

/** The claims that a cloud decides by; "?" where one is missing. */
export interface Claims {
  readonly iss: string;
  readonly aud: string;
  /** Such as `repo:acme/web:environment:production`. */
  readonly sub: string;
}

/**
 * Asks GitHub for a token that names this job (https://docs.github.com/en/actions/reference/security/oidc).
 *
 * @param audience who the token is for (`aud`).
 * @returns a JWT, masked.
 * @throws {RotationError} PROVIDER_…, ID_TOKEN_UNAVAILABLE
 */
export async function requestIdToken(
  { url, requestToken }: IdTokenService,
  audience: string,
  context: ProviderContext,
  signal?: AbortSignal,
): Promise<string> {
  context.masker.mask(requestToken);
  const response = await ask(context, {
    provider: title,
    action,
    method: "GET",
    url: `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`,
    headers: { accept: "application/json", authorization: `Bearer ${requestToken}` },
    signal,
  });
  const token = parseObject(response.body)?.["value"];
  if (typeof token === "string") context.masker.mask(token);
  const { status } = response;
  if (status === 429) {
    const retryAfter = parseRetryAfter(response.headers["retry-after"], context.clock.now());
    throw RotationError.of(
      "PROVIDER_RATE_LIMITED",
      { provider: title, action },
      { transient: true, retryAfter },
    );
  }
  if (status >= 500) {
    throw RotationError.of("PROVIDER_UNAVAILABLE", { provider: title, action, status }, { transient: true });
  }
  if (status >= 400) {
    throw RotationError.of("ID_TOKEN_UNAVAILABLE", { found: `${title} answered ${String(status)}` });
  }
  if (typeof token !== "string" || token === "") {
    throw invalidAnswer(title, { action, found: describeBody(response), expected: `a token in "value"` });
  }
  return token;
}

/** What a JWT says; whether it is true is for those to check whom it is shown. */
export function claimsOf(token: string): Claims {
  const claims = parseObject(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const text = (claim: unknown): string => (typeof claim === "string" ? claim : "?");
  return { iss: text(claims?.["iss"]), aud: text(claims?.["aud"]), sub: text(claims?.["sub"]) };
}
