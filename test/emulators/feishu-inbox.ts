import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";
import { type Envelope, envelopeOf, unseal } from "./feishu/push.ts";

export interface FeishuInboxOptions {
  /** What readers must show. */
  readonly token: string;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** The app's Encrypt Key, to answer the check of the address, which comes encrypted. Default none. */
  readonly encryptKey?: string;
}

/**
 * A user's own service between the platform and the action, as this project's documentation asks for it: it takes
 * the platform's pushes at `POST /callback`, and shows them at `GET /inbox` for an hour. It judges none of them.
 */
export interface FeishuInboxEmulator extends Emulator {
  /** What the inbox shows at the moment, newest first. */
  envelopes(): readonly unknown[];
  /** Puts something in, whatever it is; `since` passes by what has no timestamp. */
  put(envelope: unknown): void;
  /** Throws everything away. */
  clear(): void;
}

export function createFeishuInboxEmulator(options: FeishuInboxOptions): FeishuInboxEmulator {
  const { token, now = Date.now, encryptKey } = options;
  let entries: { readonly envelope: unknown; readonly receivedAt: number }[] = [];

  const put = (envelope: unknown): void => {
    entries.unshift({ envelope, receivedAt: now() });
  };

  const shown = (): unknown[] => {
    entries = entries.filter(({ receivedAt }) => now() - receivedAt < KEPT_FOR);
    return entries.map(({ envelope }) => envelope);
  };

  const routes: Readonly<Record<string, (request: EmulatorRequest) => Response>> = {
    "POST /callback": ({ headers, body }) => {
      const challenge = challengeIn(body, encryptKey);
      if (challenge !== undefined) return Response.json({ challenge });
      const header = (name: string): string => headers.get(name) ?? "";
      put(
        envelopeOf({
          rawBody: Buffer.from(body),
          timestamp: header("x-lark-request-timestamp"),
          nonce: header("x-lark-request-nonce"),
          signature: header("x-lark-signature"),
        }),
      );
      return Response.json({ msg: "success" });
    },

    "GET /inbox": ({ headers, url }) => {
      if (headers.get("authorization") !== `Bearer ${token}`) return refuse(401, "wrong or missing token");
      const { searchParams } = url;
      const since = searchParams.get("since") ?? "0";
      const known = [...searchParams.keys()].every((name) => name === "since") && searchParams.size <= 1;
      if (!known || !/^\d+$/.test(since)) return refuse(400, "the query may have since=SECONDS");
      return Response.json(shown().filter((envelope) => !isBefore(envelope, Number(since))));
    },
  };

  const answer = (request: EmulatorRequest): Response => {
    const call = `${request.method} ${request.url.pathname}`;
    const route = routes[call];
    if (route === undefined) throw new Error(`no such route: ${call}`);
    return route(request);
  };

  return Object.assign(createEmulator("feishu-inbox", answer), {
    envelopes: shown,
    put,
    clear: () => {
      entries = [];
    },
  });
}

/** Milliseconds. */
const KEPT_FOR = 3_600_000;

function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

function isBefore(envelope: unknown, since: number): boolean {
  const timestamp = (envelope as Partial<Envelope> | null)?.timestamp;
  return timestamp !== undefined && Number(timestamp) < since;
}

/** What the check of an address asks for; `undefined` in an event, and where it cannot be opened. */
function challengeIn(body: string, encryptKey: string | undefined): unknown {
  try {
    const fields = JSON.parse(body) as { encrypt?: unknown };
    const sealed = typeof fields.encrypt === "string" && encryptKey !== undefined;
    const opened = sealed ? (JSON.parse(unseal(String(fields.encrypt), encryptKey)) as object) : fields;
    const { type, challenge } = opened as { type?: unknown; challenge?: unknown };
    return type === "url_verification" ? challenge : undefined;
  } catch {
    return undefined;
  }
}
