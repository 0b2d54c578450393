import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { createFakeClock, type FakeClock } from "../../test/support/fake-clock.ts";
import { createRelay, type Relay } from "./relay.ts";
import { type Environment, readSettings } from "./settings.ts";

export const APP_ID = "cli_a1b2c3d4e5f60001";
export const ENCRYPT_KEY = "example-encrypt-key-0123456789ab";
export const VERIFICATION_TOKEN = "example-verification-token-000001";
export const DISPATCH_TOKEN = "github_pat_11EXAMPLE0dispatch0token0not0real";
export const INBOX_TOKEN = "inbox-token-of-the-test-0123456789";
export const TICKET = "g1049example0ticket0value0not0real000000";

/** Seconds since 1970, at which the clocks of the tests begin. */
export const NOW = 1_700_000_000;

/** A push as the platform makes it. All of it can be got wrong. */
export interface Pushing {
  /** The event as JSON text or as what becomes it. */
  readonly content: unknown;
  /** What it is encrypted with; undefined for not at all. */
  readonly key?: string | undefined;
  /** What it is signed with, if not with the same; undefined for no signature. */
  readonly signedWith?: string | undefined;
  /** Seconds. */
  readonly timestamp?: number;
  /** Sixteen bytes. */
  readonly iv?: Buffer;
  /** How the body is written around the ciphertext. */
  readonly wrap?: (sealed: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Pushed {
  readonly body: Buffer<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Knows nothing of the code under test. */
export function makePush(pushing: Pushing): Pushed {
  const {
    content,
    timestamp = NOW,
    iv = randomBytes(16),
    wrap = (sealed: string) => JSON.stringify({ encrypt: sealed }),
  } = pushing;
  const key = "key" in pushing ? pushing.key : ENCRYPT_KEY;
  const signedWith = "signedWith" in pushing ? pushing.signedWith : (key ?? "");
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const body = Buffer.from(key === undefined ? text : wrap(seal(text, key, iv)), "utf8");
  const nonce = "950646929";
  const digest = createHash("sha256")
    .update(`${timestamp}${nonce}${signedWith ?? ""}`)
    .update(body)
    .digest("hex");
  const signature = {
    "x-lark-request-timestamp": String(timestamp),
    "x-lark-request-nonce": nonce,
    "x-lark-signature": digest,
  };
  return {
    body,
    headers: {
      "content-type": "application/json;charset=utf-8",
      "x-request-id": "3b1f2a52-0000-4000-8000-000000000001",
      ...(signedWith === undefined ? {} : signature),
      ...pushing.headers,
    },
  };
}

export function seal(text: string | Buffer, key: string, iv: Buffer = randomBytes(16)): string {
  const cipher = createCipheriv("aes-256-cbc", createHash("sha256").update(key).digest(), iv);
  return Buffer.concat([iv, cipher.update(text), cipher.final()]).toString("base64");
}

/** An `app_ticket` event in the documented shape. */
export function ticketEvent(
  changes: { id?: string; ticket?: string; appId?: string; token?: string } = {},
): object {
  const {
    id = randomBytes(16).toString("hex"),
    ticket = TICKET,
    appId = APP_ID,
    token = VERIFICATION_TOKEN,
  } = changes;
  return {
    ts: `${NOW}.1234567`,
    uuid: id,
    token,
    type: "event_callback",
    event: { app_id: appId, app_ticket: ticket, type: "app_ticket" },
  };
}

/** The same in the newer shape, of which no page says that the platform uses it here. */
export function newerTicketEvent(id = randomBytes(16).toString("hex")): object {
  return {
    schema: "2.0",
    header: {
      event_id: id,
      event_type: "app_ticket",
      create_time: String(NOW * 1_000),
      token: VERIFICATION_TOKEN,
      app_id: APP_ID,
    },
    event: { app_id: APP_ID, app_ticket: TICKET },
  };
}

export function messageEvent(id = "5e3702a84e847582be8db7fb73283c02"): object {
  return {
    schema: "2.0",
    header: {
      event_id: id,
      event_type: "im.message.receive_v1",
      create_time: String(NOW * 1_000),
      token: VERIFICATION_TOKEN,
      app_id: APP_ID,
    },
    event: { message: { content: "a message of the team's own" } },
  };
}

export function addressCheck(token = VERIFICATION_TOKEN): object {
  return { challenge: "ajls384kdjx98XX", token, type: "url_verification" };
}

/** What reached a fake of GitHub or of the team's service. */
export interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

export type Answer = (call: Call) => Response | Promise<Response>;

export interface Bench {
  readonly relay: Relay;
  readonly clock: FakeClock;
  /** As `level: sentence`. */
  readonly lines: readonly string[];
  /** What was asked of GitHub, and of the service. */
  readonly dispatches: readonly Call[];
  readonly delivered: readonly Call[];
  /** Sets how GitHub answers: by these in turn, then by the last one of them. */
  readonly github: (...answers: readonly Answer[]) => void;
  /** The same for the service. */
  readonly service: (...answers: readonly Answer[]) => void;
  readonly push: (pushing: Pushing) => Promise<Response>;
  readonly send: (pushed: Pushed) => Promise<Response>;
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

export const done: Answer = () => new Response(null, { status: 204 });

/** A relay of the given settings, or of those of {@link complete}, with nothing but fakes around it. */
export function createBench(environment: Environment = {}): Bench {
  const clock = createFakeClock(NOW * 1_000 + 400);
  const lines: string[] = [];
  const dispatches: Call[] = [];
  const delivered: Call[] = [];
  let githubAnswers: Answer[] = [done];
  let serviceAnswers: Answer[] = [() => Response.json({ msg: "success" })];
  const relay = createRelay(readSettings({ ...complete, ...environment }).relay, {
    clock,
    log: (level, sentence) => lines.push(`${level}: ${sentence}`),
    fetch: async (url, init) => {
      const request = new Request(url, init);
      const call = {
        url,
        method: request.method,
        headers: Object.fromEntries(request.headers),
        body: Buffer.from(await request.arrayBuffer()),
        signal: init.signal ?? AbortSignal.abort(),
      };
      if (init.redirect !== "manual") throw new Error("redirects would be followed");
      const [calls, answers] = url.startsWith("https://api.github.com/")
        ? [dispatches, githubAnswers]
        : [delivered, serviceAnswers];
      calls.push(call);
      const [answer = done] = answers.length > 1 ? answers.splice(0, 1) : answers;
      return answer(call);
    },
  });
  const send = ({ body, headers }: Pushed): Promise<Response> =>
    relay.handle(new Request("https://relay.example/feishu/callback", { method: "POST", headers, body }));
  return {
    relay,
    clock,
    lines,
    dispatches,
    delivered,
    github: (...answers) => {
      githubAnswers = [...answers];
    },
    service: (...answers) => {
      serviceAnswers = [...answers];
    },
    send,
    push: (pushing) => send(makePush(pushing)),
    get: (path, headers = {}) => relay.handle(new Request(`https://relay.example${path}`, { headers })),
  };
}

export const complete: Environment = {
  FEISHU_APP_ID: APP_ID,
  FEISHU_ENCRYPT_KEY: ENCRYPT_KEY,
  FEISHU_VERIFICATION_TOKEN: VERIFICATION_TOKEN,
  GITHUB_REPOSITORY: "acme/rotation",
  GITHUB_DISPATCH_TOKEN: DISPATCH_TOKEN,
  EVENT_SERVICE_URL: "https://service.example/events?from=relay",
  INBOX_TOKEN,
};

/** Never settles before the signal aborts, as a server that does not answer. */
export const silence: Answer = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
