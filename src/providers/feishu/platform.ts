import { RotationError } from "../../errors.ts";
import type { HttpResponse } from "../../http.ts";
import { parseRetryAfter } from "../../retry.ts";
import { ask, describeBody, parseObject } from "../answer.ts";
import type { ProviderContext } from "../provider.ts";

export const title = "Feishu";

/** One call of the open platform. */
export interface PlatformCall {
  /** Below `/open-apis/auth/v3/`. */
  readonly endpoint: "app_ticket/resend" | "app_access_token";
  readonly action: string;
  /** With the app's secret in it: these endpoints take no other credential. */
  readonly body: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** What the platform answered: 0 for success, or another of its codes that the caller knows. */
export interface PlatformAnswer {
  readonly code: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The ticket was not accepted: "get app access token fail". */
export const TICKET_NOT_ACCEPTED = 10012;

/**
 * Calls the platform once. A failing body with HTTP 200 is normal, so only its code counts
 * (https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code).
 *
 * @throws {RotationError} for every code but 0 and {@link TICKET_NOT_ACCEPTED}.
 */
export async function callPlatform(
  context: ProviderContext,
  apiUrl: string,
  { endpoint, action, body, signal }: PlatformCall,
): Promise<PlatformAnswer> {
  const response = await ask(context, {
    provider: title,
    action,
    method: "POST",
    url: `${apiUrl}/open-apis/auth/v3/${endpoint}`,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
    signal,
  });
  const fields = parseObject(response.body);
  const code = fields?.["code"];
  if (fields !== undefined && typeof code === "number") {
    if ((code === 0 && response.status === 200) || code === TICKET_NOT_ACCEPTED) return { code, fields };
    if (code !== 0) throw refusal(code, action, response, context.clock.now());
  }
  throw undocumented(response, action, context.clock.now());
}

/** The longest that the platform may ask to wait, in milliseconds. */
const LONGEST_WAIT = 60_000;

function refusal(code: number, action: string, response: HttpResponse, now: number): RotationError {
  const provider = title;
  const detail = detailOf(response);
  switch (code) {
    case 10014:
    case 10015:
    case 20002:
    case 99991543:
      return RotationError.of(
        "PROVIDER_UNAUTHORIZED",
        {
          provider,
          inputs: `"app-id" and "app-secret"`,
          hint: `Check "app-id" and "app-secret", and in the developer console that the app is not stopped, then run again.`,
        },
        { detail },
      );
    case 10016:
      return notRotatable("it is no store app", "a store (ISV) app", {
        detail,
        hint: "A custom app has no ticket: it gets its tokens with app_id and app_secret alone. Set up a store app, or remove this rotation.",
      });
    case 99991662:
    case 99991673:
      return notRotatable("it is not in use", "an app that is running and installed", {
        detail,
        hint: "Enable the app in the developer console, then run again.",
      });
    case 99991401:
      return RotationError.of(
        "PROVIDER_REFUSED",
        {
          provider,
          action,
          code: `code ${String(code)}`,
          hint: "Let the runner's address into the app's IP allow-list in the developer console, or use a runner whose address is there.",
        },
        { detail },
      );
    case 99991400:
      return limited(action, response, now);
    case 2200:
    case 10101:
    case 10500:
      return RotationError.of(
        "PROVIDER_UNAVAILABLE",
        { provider, action, status: `code ${String(code)}` },
        { detail, transient: true, changed: "unknown" },
      );
    default:
      return RotationError.of(
        "PROVIDER_REFUSED",
        { provider, action, code: `code ${String(code)}` },
        { detail },
      );
  }
}

/** An answer without a code, as gateways in between give. */
function undocumented(response: HttpResponse, action: string, now: number): RotationError {
  const { status } = response;
  if (status === 429) return limited(action, response, now);
  if (status >= 500) {
    const context = { provider: title, action, status };
    return RotationError.of("PROVIDER_UNAVAILABLE", context, { transient: true, changed: "unknown" });
  }
  // Nothing that is asked here does harm when it is asked again.
  return RotationError.of(
    "PROVIDER_ANSWER_INVALID",
    { provider: title, action, found: describeBody(response), expected: `JSON with a "code"` },
    { transient: true, changed: "unknown" },
  );
}

/** `x-ogw-ratelimit-reset` says how many seconds to wait (https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control). */
function limited(action: string, { headers }: HttpResponse, now: number): RotationError {
  const asked = parseRetryAfter(headers["x-ogw-ratelimit-reset"] ?? headers["retry-after"], now);
  const retryAfter = asked === undefined ? undefined : Math.min(asked, LONGEST_WAIT);
  return RotationError.of(
    "PROVIDER_RATE_LIMITED",
    { provider: title, action },
    { transient: true, retryAfter },
  );
}

function notRotatable(
  found: string,
  expected: string,
  { detail, hint }: { readonly detail: string | undefined; readonly hint: string },
): RotationError {
  return RotationError.of("APP_NOT_ROTATABLE", { provider: title, found, expected, hint }, { detail });
}

/** The platform's message, and the id of the request that its support asks for. */
function detailOf({ body, headers }: HttpResponse): string | undefined {
  const message = parseObject(body)?.["msg"];
  const logId = headers["x-tt-logid"] ?? headers["x-request-id"];
  const parts = [
    ...(typeof message === "string" ? [message] : []),
    ...(logId === undefined ? [] : [`request ${logId}`]),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}
