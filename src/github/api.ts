import type { Clock } from "../clock.ts";
import { RotationError } from "../errors.ts";
import { followOnOrigin, type Http, HttpFailure, type HttpRequest, letRequestsLeave } from "../http.ts";
import { parseRetryAfter } from "../retry.ts";
import type { Secret } from "../secret.ts";
import { formatPlace, type Place } from "./target.ts";

export interface GitHubRequest {
  readonly method: "GET" | "PUT" | "DELETE";
  /** Path below the API's base URL, every name in it percent-encoded once. */
  readonly path: string;
  readonly place: Place;
  /** What is being done, in words for a message: "write secret X". */
  readonly action: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
}

export interface GitHubAnswer {
  readonly status: number;
  readonly data: unknown;
}

/**
 * One request to GitHub's REST API.
 *
 * @throws {RotationError} GITHUB_… for every status from 400 on, for redirects to elsewhere, and where no whole
 *   answer came. Its `transient` says whether the same request may succeed later.
 */
export type GitHubApi = (request: GitHubRequest) => Promise<GitHubAnswer>;

/** Right for github.com, data residency and every GHES (https://docs.github.com/en/rest/about-the-rest-api/api-versions). */
const API_VERSION = "2022-11-28";

/**
 * @param apiUrl such as `https://api.github.com`, or `https://HOST/api/v3` on GHES.
 */
export function createGitHubApi(options: {
  readonly token: Secret;
  readonly apiUrl: string;
  readonly http: Http;
  readonly clock: Clock;
}): GitHubApi {
  const { clock } = options;
  const http = followOnOrigin(options.http);
  let loaded: Promise<Octokit> | undefined;
  return async ({ method, path, place, action, body, signal }) => {
    // Loaded with the first request: a run whose inputs are wrong never needs it.
    loaded ??= loadOctokit(options.token, options.apiUrl);
    const octokit = await loaded;
    try {
      const response = await octokit.request({
        method,
        url: path,
        headers: { "x-github-api-version": API_VERSION },
        // Octokit would print texts from outside, such as the link of a deprecation.
        request: { fetch: createFetch(http, signal), log: SILENT },
        ...body,
      });
      if (response.status >= 300)
        throw invalidAnswer(action, `redirect ${String(response.status)} to elsewhere`);
      return { status: response.status, data: response.data };
    } catch (thrown) {
      throw toRotationError(thrown, { place, action, now: clock.now() });
    }
  };
}

/** The permission that reads and writes the secrets of a place, as GitHub's token pages call it. */
export function permissionFor(place: Place): string {
  switch (place.kind) {
    case "repo":
      return `"Secrets: read and write"`;
    case "env":
      return `"Environments: read and write"`;
    case "org":
      return `"Secrets: read and write" of the organization`;
    case "dependabot":
      return `"Dependabot secrets: read and write"`;
  }
}

/** An answer that does not have the documented shape. Worth another try: something in between may have answered. */
export function invalidAnswer(action: string, found: string): RotationError {
  return RotationError.of("GITHUB_ANSWER_INVALID", { action, found }, { transient: true });
}

const say = (): void => undefined;
const SILENT = { debug: say, info: say, warn: say, error: say };

interface Octokit {
  request(
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly status: number; readonly data: unknown }>;
}

async function loadOctokit(token: Secret, apiUrl: string): Promise<Octokit> {
  await letRequestsLeave();
  const { getOctokit } = await import("@actions/github");
  return getOctokit(token.expose(), { baseUrl: apiUrl, log: SILENT });
}

/**
 * Octokit's `fetch` over our own HTTP client: one pool of connections, one rule for proxies and timeouts, and
 * redirects are followed on the same origin only.
 */
function createFetch(http: Http, signal: AbortSignal | undefined) {
  return async (url: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
    const { status, headers, body } = await http({
      method: init.method as HttpRequest["method"],
      url,
      headers: init.headers,
      ...(init.body === undefined ? {} : { body: init.body }),
      signal,
    });
    return {
      status,
      url,
      headers: new Map(Object.entries(headers)),
      text: () => Promise.resolve(body),
      arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
    };
  };
}

function toRotationError(
  thrown: unknown,
  { place, action, now }: { place: Place; action: string; now: number },
): RotationError {
  if (thrown instanceof RotationError) return thrown;
  if (!(thrown instanceof Error)) return RotationError.from(thrown);
  if (thrown.cause instanceof HttpFailure) {
    const { reason } = thrown.cause;
    return RotationError.of(
      "GITHUB_UNREACHABLE",
      { action, reason },
      { cause: thrown.cause, transient: true, changed: thrown.cause.sent ? "unknown" : "no" },
    );
  }
  const { status, response } = thrown as { status?: number; response?: GitHubFailure };
  if (status === undefined || response === undefined) return RotationError.from(thrown);

  const headers = response.headers;
  const message = readMessage(response.data);
  const accepted = headers["x-accepted-github-permissions"];
  const detail = [message, accepted === undefined ? "" : `X-Accepted-GitHub-Permissions: ${accepted}`]
    .filter((part) => part !== "")
    .join("; ");
  const options = { detail: detail === "" ? undefined : detail };
  const wait = rateLimitWait(status, headers, message, now);
  if (wait !== undefined) {
    const seconds = Math.ceil(wait / 1_000);
    return RotationError.of(
      "GITHUB_RATE_LIMITED",
      { action, seconds },
      { ...options, transient: true, retryAfter: wait },
    );
  }
  const permission = permissionFor(place);
  switch (status) {
    case 401:
      return RotationError.of("GITHUB_UNAUTHORIZED", { action }, options);
    case 403:
      return RotationError.of("GITHUB_FORBIDDEN", { place: formatPlace(place), action, permission }, options);
    case 404:
      return RotationError.of("GITHUB_NOT_FOUND", { place: formatPlace(place), permission }, options);
    default: {
      if (status === 422) return RotationError.of("GITHUB_REJECTED", { action, status }, options);
      // 408 and 409 speak of the moment, not of the request.
      if (status < 500 && status !== 408 && status !== 409) {
        const found = `status ${String(status)}`;
        return RotationError.of("GITHUB_ANSWER_INVALID", { action, found }, options);
      }
      const retryAfter = parseRetryAfter(headers["retry-after"], now);
      return RotationError.of(
        "GITHUB_UNAVAILABLE",
        { action, status },
        { ...options, transient: true, retryAfter },
      );
    }
  }
}

interface GitHubFailure {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly data: unknown;
}

/**
 * How long GitHub wants us to wait, in milliseconds; undefined if this is no rate limit: a 403 without its signs is
 * a missing permission
 * (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately).
 */
function rateLimitWait(
  status: number,
  headers: GitHubFailure["headers"],
  message: string,
  now: number,
): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const asked = parseRetryAfter(headers["retry-after"], now);
  if (asked !== undefined) return asked;
  if (headers["x-ratelimit-remaining"] === "0") {
    const reset = Number(headers["x-ratelimit-reset"]) * 1_000;
    return Number.isFinite(reset) ? Math.max(1_000, reset + 1_000 - now) : 60_000;
  }
  return status === 429 || /secondary rate limit/i.test(message) ? 60_000 : undefined;
}

function readMessage(data: unknown): string {
  if (typeof data === "object" && data !== null && "message" in data && typeof data.message === "string") {
    return data.message;
  }
  return typeof data === "string" ? data : "";
}
