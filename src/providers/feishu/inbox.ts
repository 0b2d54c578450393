import { RotationError } from "../../errors.ts";
import { followOnOrigin } from "../../http.ts";
import { parseRetryAfter } from "../../retry.ts";
import type { Secret } from "../../secret.ts";
import { ask, describeBody, invalidAnswer } from "../answer.ts";
import { digestOf } from "../credential-gate.ts";
import type { ProviderContext } from "../provider.ts";
import { type Envelope, readEnvelope } from "./envelope.ts";

/** The team's own service that keeps what the platform has pushed. It is trusted to deliver, and for nothing else. */
export interface Inbox {
  /**
   * The envelopes sent since a time (milliseconds since 1970), the newest first; what is no envelope is left out.
   *
   * @throws {RotationError} PROVIDER_…
   */
  list(since: number, signal?: AbortSignal): Promise<readonly Envelope[]>;
}

const title = "Feishu inbox";

/**
 * @param url asked with `since`, in seconds since 1970, and answers with a JSON list of envelopes.
 */
export function createInbox(url: string, token: Secret, context: ProviderContext): Inbox {
  const onOrigin = { ...context, http: followOnOrigin(context.http) };
  const key = digestOf(url, token.expose());
  return {
    async list(since, signal) {
      const action = "list what was pushed";
      const response = await context.gate.pass(key, async () => {
        const answer = await ask(onOrigin, {
          provider: title,
          action,
          method: "GET",
          url: withQuery(url, "since", String(Math.floor(since / 1_000))),
          headers: { authorization: `Bearer ${token.expose()}`, accept: "application/json" },
          signal,
        });
        if (answer.status !== 401 && answer.status !== 403) return answer;
        throw RotationError.of("PROVIDER_UNAUTHORIZED", { provider: title, inputs: `"inbox-token"` });
      });
      const { status, headers, body } = response;
      if (status === 429) {
        const retryAfter = parseRetryAfter(headers["retry-after"], context.clock.now());
        throw RotationError.of(
          "PROVIDER_RATE_LIMITED",
          { provider: title, action },
          { transient: true, retryAfter },
        );
      }
      if (status >= 500) {
        throw RotationError.of(
          "PROVIDER_UNAVAILABLE",
          { provider: title, action, status },
          { transient: true },
        );
      }
      const entries = parseList(body);
      if (status !== 200 || entries === undefined) {
        const expected = "a JSON list of envelopes";
        throw invalidAnswer(title, { action, found: describeBody(response), expected });
      }
      return entries.flatMap(toEnvelope).sort((a, b) => b.sentAt - a.sentAt);
    },
  };
}

function toEnvelope(entry: unknown): readonly Envelope[] {
  try {
    return [readEnvelope(entry)];
  } catch {
    return [];
  }
}

function parseList(body: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function withQuery(url: string, name: string, value: string): string {
  const parsed = new URL(url);
  parsed.searchParams.set(name, value);
  return parsed.href;
}
