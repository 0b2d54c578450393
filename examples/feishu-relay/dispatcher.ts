import { backoff, parseRetryAfter } from "../../src/retry.ts";
import { readAll } from "./body.ts";
import { type Envelope, LONGEST_AGE, sentAt } from "./envelope.ts";
import { quote, reasonOf } from "./log.ts";
import type { DispatchSettings } from "./settings.ts";
import { type Tools, USER_AGENT } from "./tools.ts";

/** Starts a workflow of GitHub Actions with an envelope. */
export interface Dispatcher {
  /** Resolves when it is done or given up, which the log tells; it does not reject. */
  dispatch(envelope: Envelope): Promise<void>;
}

export function createDispatcher(settings: DispatchSettings, tools: Tools): Dispatcher {
  const { clock, log } = tools;
  const { repository } = settings;
  /** When the newest ticket that was dispatched had been sent. */
  let newest = 0;

  const isOvertaken = (envelope: Envelope): boolean => newest > sentAt(envelope);

  return {
    dispatch: async (envelope) => {
      const giveUpAt = Math.min(clock.now() + PATIENCE, sentAt(envelope) + LONGEST_AGE);
      const ticket = `the ticket sent at ${new Date(sentAt(envelope)).toISOString()}`;
      for (let attempt = 1; ; attempt += 1) {
        if (isOvertaken(envelope)) {
          log("info", `Did not dispatch ${ticket}: a newer one has been dispatched.`);
          return;
        }
        const result = await tryOnce(envelope, settings, tools);
        if (result.kind === "done") {
          newest = Math.max(newest, sentAt(envelope));
          log("info", `Dispatched ${ticket} to ${repository}.`);
          return;
        }
        if (result.kind === "final") {
          log("error", `Gave up dispatching ${ticket}: ${result.what}`);
          return;
        }
        const wait = backoff(WAITS, attempt, result.wait);
        if (clock.now() + wait > giveUpAt) {
          log(
            "error",
            `Gave up dispatching ${ticket} after ${attempt} tries: ${result.what} The next one comes within an hour.`,
          );
          return;
        }
        log(
          "warning",
          `Could not dispatch ${ticket}: ${result.what} Trying again in ${Math.ceil(wait / 1_000)} s.`,
        );
        await clock.sleep(wait);
      }
    },
  };
}

/** How long one ticket is tried, in milliseconds; the next one comes within the hour. */
const PATIENCE = 10 * 60_000;

/** Before the second try and the further ones, in milliseconds. */
const WAITS = { firstWait: 1_000, longestWait: 60_000 };

/** For one call of GitHub, in milliseconds. */
const TIMEOUT = 10_000;

/** What GitHub asks to wait after a secondary rate limit that names no time, in milliseconds. */
const LIMITED_WAIT = 60_000;

/** Of an answer that is read for its message, in bytes. */
const LARGEST_ANSWER = 65_536;

type Result =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly what: string; readonly wait?: number }
  | { readonly kind: "final"; readonly what: string };

/** A lost answer may mean that the workflow has been started: a second run with the same ticket harms nothing. */
async function tryOnce(envelope: Envelope, settings: DispatchSettings, tools: Tools): Promise<Result> {
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    const response = await tools.fetch(addressOf(settings), {
      method: "POST",
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${settings.token}`,
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "x-github-api-version": "2022-11-28",
      },
      body: JSON.stringify(payloadOf(envelope, settings)),
      redirect: "manual",
      signal,
    });
    if (response.ok) {
      await response.body?.cancel();
      return { kind: "done" };
    }
    const message = messageIn(await readAll(response.body, LARGEST_ANSWER, signal));
    return understand(response, message, settings, tools.clock.now());
  } catch (thrown) {
    return { kind: "again", what: `GitHub cannot be reached (${reasonOf(thrown)}).` };
  }
}

/**
 * https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event and
 * https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
 */
function addressOf({ apiUrl, repository, event }: DispatchSettings): string {
  const path =
    event.kind === "repository_dispatch" ? "dispatches" : `actions/workflows/${event.workflow}/dispatches`;
  return `${apiUrl}/repos/${repository}/${path}`;
}

function payloadOf(envelope: Envelope, { event }: DispatchSettings): unknown {
  return event.kind === "repository_dispatch"
    ? { event_type: event.eventType, client_payload: { feishu: envelope } }
    : { ref: event.ref, inputs: { envelope: JSON.stringify(envelope) } };
}

function understand(
  { status, headers }: Response,
  message: string,
  settings: DispatchSettings,
  now: number,
): Result {
  const says = message === "" ? "" : ` GitHub says: "${message}".`;
  if (isLimited(status, headers, message)) {
    return {
      kind: "again",
      what: `GitHub's rate limit is reached (${status}).${says}`,
      wait: limitedWait(headers, now),
    };
  }
  if (status >= 500) {
    const wait = parseRetryAfter(headers.get("retry-after") ?? undefined, now) ?? 0;
    return { kind: "again", what: `GitHub answered ${status}.${says}`, wait };
  }
  return { kind: "final", what: `${adviceOn(status, settings)}${says}` };
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function isLimited(status: number, headers: Headers, message: string): boolean {
  if (status === 429) return true;
  const signs =
    headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0" || /rate limit/i.test(message);
  return status === 403 && signs;
}

function limitedWait(headers: Headers, now: number): number {
  const asked = parseRetryAfter(headers.get("retry-after") ?? undefined, now);
  if (asked !== undefined) return asked;
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  const known = headers.get("x-ratelimit-remaining") === "0" && Number.isFinite(reset);
  return known ? Math.max(0, reset * 1_000 - now) : LIMITED_WAIT;
}

function adviceOn(status: number, { repository, event }: DispatchSettings): string {
  const byWorkflow = event.kind === "workflow_dispatch";
  switch (status) {
    case 401:
      return "GitHub does not accept GITHUB_DISPATCH_TOKEN (401): make a new one, set it, and restart the relay.";
    case 403:
      return `GITHUB_DISPATCH_TOKEN may not do this (403): grant it "${byWorkflow ? "Actions" : "Contents"}: Read and write" on ${repository}.`;
    case 404:
      return byWorkflow
        ? `GitHub shows the token no ${event.workflow} in ${repository} (404): check GITHUB_REPOSITORY, GITHUB_WORKFLOW, that the file is on the default branch, and that the token reaches the repository.`
        : `GitHub shows the token no ${repository} (404): check GITHUB_REPOSITORY, and that the token reaches the repository and has "Contents: Read and write".`;
    case 422:
      return byWorkflow
        ? `GitHub does not take the call (422): check that ${event.workflow} has "on: workflow_dispatch" with an input "envelope", and that GITHUB_REF is a branch of ${repository}.`
        : "GitHub does not take the call (422): check GITHUB_EVENT_TYPE.";
    default:
      return status >= 300 && status < 400
        ? `${repository} has moved (${status}): set GITHUB_REPOSITORY to its new name.`
        : `GitHub answered ${status}: check GITHUB_API_URL and GITHUB_REPOSITORY.`;
  }
}

function messageIn(answer: Uint8Array | undefined): string {
  try {
    const { message } = JSON.parse(Buffer.from(answer ?? []).toString("utf8")) as {
      readonly message?: unknown;
    };
    return typeof message === "string" ? quote(message) : "";
  } catch {
    return "";
  }
}
