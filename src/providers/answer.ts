import { RotationError } from "../errors.ts";
import { HttpFailure, type HttpRequest, type HttpResponse } from "../http.ts";
import { retry } from "../retry.ts";
import type { Masker, Secret } from "../secret.ts";
import type { ProviderContext } from "./provider.ts";

/** A request to a provider, and what it is for. */
export interface ProviderRequest extends HttpRequest {
  /** The provider's title. */
  readonly provider: string;
  /** What is being asked, in words for a message: "read the app". */
  readonly action: string;
}

/**
 * Sends a request once.
 *
 * @throws {RotationError} PROVIDER_UNREACHABLE, never sent; PROVIDER_ANSWER_LOST or PROVIDER_REDIRECT, which leave
 *   open whether the provider acted.
 */
export async function ask({ http }: ProviderContext, request: ProviderRequest): Promise<HttpResponse> {
  const { provider, action } = request;
  const { host } = new URL(request.url);
  let response: HttpResponse;
  try {
    response = await http(request);
  } catch (cause) {
    if (!(cause instanceof HttpFailure)) throw cause;
    const { reason } = cause;
    throw cause.sent
      ? RotationError.of(
          "PROVIDER_ANSWER_LOST",
          { provider, action, reason },
          { cause, transient: true, changed: "unknown" },
        )
      : RotationError.of("PROVIDER_UNREACHABLE", { provider, host, reason }, { cause, transient: true });
  }
  const { status } = response;
  if (status >= 300 && status < 400) {
    throw RotationError.of("PROVIDER_REDIRECT", { provider, host, status }, { changed: "unknown" });
  }
  return response;
}

/** Repeats a read while that may help, and says why it waits. */
export function askAgain<T>(
  { clock, onWait }: ProviderContext,
  read: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return retry(read, {
    clock,
    signal,
    onWait: (error, milliseconds) => {
      onWait(error.message, milliseconds);
    },
  });
}

/** The object that a body holds as JSON; undefined if it holds none. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands in an answer that is not what was expected, in words for a message. */
export function describeBody({ status, body }: HttpResponse): string {
  return `${kindOf(body)} (HTTP ${String(status)})`;
}

function kindOf(body: string): string {
  if (body.trim() === "") return "nothing";
  if (/^\s*</.test(body)) return "a web page";
  return parseObject(body) === undefined ? "no JSON object" : "a JSON object of another form";
}

/** An answer that is not what the provider documents: it leaves open what was done. */
export function invalidAnswer(
  provider: string,
  { action, found, expected }: { readonly action: string; readonly found: string; readonly expected: string },
): RotationError {
  return RotationError.of(
    "PROVIDER_ANSWER_INVALID",
    { provider, action, found, expected },
    { changed: "unknown" },
  );
}

/**
 * A value that the provider gave as a secret, masked.
 *
 * @throws {RotationError} SECRET_UNUSABLE, which leaves open what was done.
 */
export function usableSecret(provider: string, value: unknown, masker: Masker): Secret {
  const found = unusable(value);
  if (typeof value === "string" && found === undefined) return masker.secret(value);
  const context = { provider, found: found ?? "not a string" };
  throw RotationError.of("SECRET_UNUSABLE", context, { changed: "unknown" });
}

/** GitHub stores values up to 48 KB (https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets). */
const LARGEST_SECRET = 49_152;

/** Why a value cannot be a secret in GitHub, in words for a message; undefined if it can. */
export function unusable(value: unknown): string | undefined {
  if (typeof value !== "string") return value === undefined ? "missing" : "not a string";
  if (value.trim() === "") return "empty";
  if (/^\*+$/.test(value.trim())) return "hidden behind asterisks";
  if (!value.isWellFormed()) return "not well-formed Unicode text";
  if (Buffer.byteLength(value) > LARGEST_SECRET) return "larger than 48 KB";
  return undefined;
}
