import { RotationError } from "../../errors.ts";
import type { HttpResponse } from "../../http.ts";
import { parseRetryAfter } from "../../retry.ts";
import { ask, askAgain, describeBody, invalidAnswer, isObject, parseObject } from "../answer.ts";
import { claimsOf, requestIdToken } from "../id-token.ts";
import type { IdTokenService, ProviderContext } from "../provider.ts";
import { readError } from "./error-body.ts";

/** What the workflow's OIDC token is traded by. */
export interface Federation {
  /** Tells it apart from other credentials. */
  readonly digest: string;
  /** The inputs that it was read from, in words for a message. */
  readonly inputs: string;
  /** Base URL, without a trailing slash. */
  readonly stsUrl: string;
  readonly agencyUrn: string;
  readonly providerUrn: string;
  /** The client id that the OIDC provider in IAM expects as `aud`. */
  readonly audience: string;
  readonly idTokens: IdTokenService;
}

/** Temporary keys. */
export interface Session {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly securityToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const title = "Huawei Cloud STS";
const action = "trade the workflow's OIDC token for temporary keys";

/** Keys that expire sooner are not used any more: a call and its repetitions take some time. In milliseconds. */
const MARGIN = 5 * 60_000;

/** The shortest time that STS gives, for an answer that does not say when its keys expire. In milliseconds. */
const SHORTEST_LIFE = 15 * 60_000;

/**
 * Trades the workflow's OIDC token for temporary keys, once for all rotations that use them and again before they
 * expire (https://support.huaweicloud.com/api-iam5/AssumeAgencyWithOIDC.html). The call itself needs no signature.
 *
 * @throws {RotationError} PROVIDER_…, ID_TOKEN_UNAVAILABLE; always with `changed` "no", as trading ends no secret.
 */
export async function openSession(
  federation: Federation,
  context: ProviderContext,
  signal?: AbortSignal,
): Promise<Session> {
  const { gate, clock } = context;
  const { digest, idTokens, audience } = federation;
  const open = async (): Promise<Session> => {
    const idToken = await askAgain(
      context,
      () => requestIdToken(idTokens, audience, context, signal),
      signal,
    );
    return askAgain(
      context,
      () => gate.pass(digest, () => trade(idToken, federation, context, signal)),
      signal,
    );
  };
  try {
    return await gate.session(digest, open, ({ expiresAt }) => expiresAt - clock.now() > MARGIN);
  } catch (thrown) {
    throw thrown instanceof RotationError ? thrown.harmless() : thrown;
  }
}

async function trade(
  idToken: string,
  federation: Federation,
  context: ProviderContext,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const { stsUrl, agencyUrn, providerUrn } = federation;
  const response = await ask(context, {
    provider: title,
    action,
    method: "POST",
    url: `${stsUrl}/v5/agencies/assume-with-oidc`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      agency_urn: agencyUrn,
      provider_urn: providerUrn,
      agency_session_name: "rotate-app-secret",
      id_token: idToken,
    }),
    signal,
  });
  const answer = parseObject(response.body);
  const credentials = isObject(answer?.["credentials"]) ? answer["credentials"] : {};
  const [accessKey, secretKey, securityToken] = ["access_key_id", "secret_access_key", "security_token"].map(
    (field) => {
      const value = credentials[field];
      if (typeof value !== "string" || value === "") return undefined;
      context.masker.mask(value);
      return value;
    },
  );
  const { status } = response;
  if (status < 200 || status >= 300) throw refusal(response, idToken, federation, context.clock.now());
  if (accessKey === undefined || secretKey === undefined || securityToken === undefined) {
    const found = answer === undefined ? describeBody(response) : "no temporary keys";
    throw invalidAnswer(title, { action, found, expected: `"credentials" with a key pair and its token` });
  }
  const expiresAt = Date.parse(String(credentials["expiration"]));
  return {
    accessKey,
    secretKey,
    securityToken,
    expiresAt: Number.isNaN(expiresAt) ? context.clock.now() + SHORTEST_LIFE : expiresAt,
  };
}

/** No error of this call is documented: a 4xx is taken for a refusal of the token, or of who it names. */
function refusal(
  response: HttpResponse,
  idToken: string,
  { inputs }: Federation,
  now: number,
): RotationError {
  const { status } = response;
  const { code, message } = readError(parseObject(response.body));
  const detail = [code, message].filter((part) => part !== undefined).join(": ") || undefined;
  if (status === 429) {
    const retryAfter = parseRetryAfter(response.headers["retry-after"], now);
    return RotationError.of(
      "PROVIDER_RATE_LIMITED",
      { provider: title, action },
      { detail, transient: true, retryAfter },
    );
  }
  if (status >= 500) {
    return RotationError.of(
      "PROVIDER_UNAVAILABLE",
      { provider: title, action, status },
      { detail, transient: true },
    );
  }
  const { iss, aud, sub } = claimsOf(idToken);
  const hint = `The token has iss "${iss}", aud "${aud}" and sub "${sub}": let the OIDC provider and the agency's trust policy in IAM accept just these, check the two URNs, then run again.`;
  return RotationError.of("PROVIDER_UNAUTHORIZED", { provider: title, inputs, hint }, { detail });
}
