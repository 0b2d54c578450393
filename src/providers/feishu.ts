import { RotationError } from "../errors.ts";
import { retry } from "../retry.ts";
import type { Secret } from "../secret.ts";
import { askAgain, invalidAnswer } from "./answer.ts";
import { digestOf } from "./credential-gate.ts";
import { type Envelope, openEnvelope, readEnvelope } from "./feishu/envelope.ts";
import { createInbox } from "./feishu/inbox.ts";
import { isSigned } from "./feishu/push.ts";
import { callPlatform, type PlatformAnswer, TICKET_NOT_ACCEPTED, title } from "./feishu/platform.ts";
import type { NewSecret, Provider, ProviderContext, ProviderInputs, Verdict } from "./provider.ts";

/** The Lark edition has the same API at `https://open.larksuite.com`. */
const API_URL = "https://open.feishu.cn";

const SECOND = 1_000;
const MINUTE = 60_000;

/** How long a ticket works, whether there is a newer one or not (https://open.feishu.cn/document/faq/questions-related-to-isv). */
const LIFETIME = 180 * MINUTE;

/** A shorter key can be guessed from a signature that somebody has seen; the console makes 32 characters. */
const SHORTEST_SAFE_KEY = 20;

/** The request may be repeated: each one only has another ticket pushed. */
const REQUEST_POLICY = { attempts: 3, firstWait: SECOND, longestWait: 8 * SECOND, longestRetryAfter: MINUTE };

/** Between two looks into the inbox. */
const POLL_INTERVAL = 5 * SECOND;

/** How much the clocks of runner and platform may differ. */
const CLOCK_SKEW = MINUTE;

/**
 * Renews a store app's `app_ticket`
 * (https://open.feishu.cn/document/server-docs/authentication-management/access-token/app_ticket_resend). The answer
 * to the request holds no ticket: the platform pushes it to the app's one callback URL, and it comes here as an
 * envelope, with the event that starts the run or through an inbox. The former ticket works until it expires.
 */
export function createFeishu(inputs: ProviderInputs, context: ProviderContext): Provider {
  const settings = readSettings(inputs, context);
  const delivered = deliveredEnvelope(inputs);
  if (delivered !== undefined) return taking(delivered, settings, context);
  return settings.inbox === undefined
    ? requesting(settings, context)
    : fetching(settings.inbox, settings, context);
}

interface Settings {
  readonly appId: string;
  readonly apiUrl: string;
  readonly appSecret: Secret;
  readonly encryptKey: Secret;
  readonly verificationToken: Secret | undefined;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Whether the platform is to be asked about a ticket. */
  readonly verifies: boolean;
  readonly inbox: InboxSettings | undefined;
}

interface InboxSettings {
  readonly url: string;
  readonly token: Secret;
  /** Milliseconds. */
  readonly timeout: number;
}

/** The ticket has come with the event of this run. Taking it changes nothing at the platform. */
function taking(deliver: () => Envelope, settings: Settings, context: ProviderContext): Provider {
  let ticket: Secret | undefined;
  /** What preflight has found out, so that it is not asked twice. */
  let accepted: Verdict | undefined;
  return {
    ...common(settings),
    arrived: true,
    addressed: isAddressed(deliver, settings),

    async preflight(signal) {
      ticket = open(deliver(), settings, context);
      if (settings.verifies) accepted = await tryEarly(ticket, settings, context, signal);
      return undefined;
    },

    rotate() {
      if (ticket === undefined) throw new Error("Invariant violation: an envelope is taken after preflight");
      return Promise.resolve({ value: ticket });
    },

    async verify({ value }) {
      const known = accepted;
      accepted = undefined;
      return known ?? askAgain(context, () => tryTicket(value, settings, context));
    },
  };
}

/** Whether an envelope is signed with the key of this app. */
function isAddressed(deliver: () => Envelope, { encryptKey }: Settings): boolean {
  try {
    return isSigned(deliver().push, encryptKey.expose());
  } catch {
    return false;
  }
}

/** The ticket comes with a later event: it is only asked for. */
function requesting(settings: Settings, context: ProviderContext): Provider {
  return {
    ...common(settings),
    preflight: () => Promise.resolve(undefined),
    request: () => requestTicket(settings, context),
    rotate: () => Promise.reject(new Error("Invariant violation: the ticket comes with a later event")),
  };
}

/** The ticket comes through the inbox, while this run waits for it. */
function fetching(
  { url, token, timeout }: InboxSettings,
  settings: Settings,
  context: ProviderContext,
): Provider {
  const { clock } = context;
  const inbox = createInbox(url, token, context);
  /** The signatures of what was there before the request. */
  const known = new Set<string>();

  const preflight = async (signal: AbortSignal): Promise<undefined> => {
    const before = await askAgain(context, () => inbox.list(clock.now() - settings.maxAge, signal), signal);
    for (const { push } of before) known.add(push.signature);
  };

  /** The newest ticket that the inbox has now, or why it has none. */
  const look = async (since: number, cancel: AbortSignal | undefined): Promise<Secret | string> => {
    const envelopes = await inbox.list(since, cancel);
    const fresh = envelopes.filter(({ push, sentAt }) => sentAt >= since && !known.has(push.signature));
    let found = "it held none that is newer than the request";
    for (const envelope of fresh) {
      try {
        return open(envelope, settings, context);
      } catch (thrown) {
        // Whatever else is in the inbox must not hide the ticket.
        found = RotationError.from(thrown).message;
      }
    }
    return found;
  };

  const waitForTicket = async (requestedAt: number, cancel: AbortSignal | undefined): Promise<Secret> => {
    context.onWait("the platform pushes the ticket to the inbox, which may take two minutes", timeout);
    const until = requestedAt + timeout;
    let wait = POLL_INTERVAL;
    for (;;) {
      await clock.sleep(wait, cancel);
      wait = POLL_INTERVAL;
      const found = await look(requestedAt - CLOCK_SKEW, cancel).catch((thrown: unknown) => {
        const error = RotationError.from(thrown);
        if (!error.transient) throw error;
        wait = Math.max(wait, Math.min(error.retryAfter ?? 0, until - clock.now()));
        return error.message;
      });
      if (typeof found !== "string") return found;
      if (clock.now() >= until) {
        throw RotationError.of("TICKET_NOT_DELIVERED", { seconds: Math.round(timeout / SECOND), found });
      }
    }
  };

  return {
    ...common(settings),
    preflight,

    async rotate(cancel) {
      const requestedAt = clock.now();
      await requestTicket(settings, context);
      return { value: await waitForTicket(requestedAt, cancel) };
    },

    verify: ({ value }: NewSecret) => askAgain(context, () => tryTicket(value, settings, context)),
  };
}

function common({ apiUrl }: Settings): Pick<Provider, "title" | "apiUrl" | "confirms" | "lifetime"> {
  return { title, apiUrl, confirms: "before", lifetime: LIFETIME };
}

function open(envelope: Envelope, settings: Settings, { masker, clock }: ProviderContext): Secret {
  return openEnvelope(envelope, { ...settings, now: clock.now() }, masker);
}

/** Has a new ticket pushed. The former ones stay valid, so this ends nothing, however often it is done. */
async function requestTicket(settings: Settings, context: ProviderContext): Promise<void> {
  const { appId, apiUrl, appSecret } = settings;
  const call = {
    endpoint: "app_ticket/resend",
    action: "push a new ticket",
    body: { app_id: appId, app_secret: appSecret.expose() },
  } as const;
  const key = digestOf(apiUrl, appId, appSecret.expose());
  const onWait = (error: RotationError, milliseconds: number): void => {
    context.onWait(error.message, milliseconds);
  };
  const { code } = await retry(
    () => context.gate.pass(key, () => callPlatform(context, apiUrl, call)),
    { clock: context.clock, onWait },
    REQUEST_POLICY,
  );
  if (code !== 0) {
    const found = `code ${String(code)}`;
    throw invalidAnswer(title, { action: call.action, found, expected: "code 0, or one that it documents" });
  }
}

/**
 * Asks for an `app_access_token` with the ticket
 * (https://open.feishu.cn/document/server-docs/authentication-management/access-token/app_access_token).
 */
async function tryTicket(
  ticket: Secret,
  settings: Settings,
  context: ProviderContext,
  signal?: AbortSignal,
): Promise<Verdict> {
  const { appId, apiUrl, appSecret } = settings;
  const body = { app_id: appId, app_secret: appSecret.expose(), app_ticket: ticket.expose() };
  const action = "accept the ticket";
  const key = digestOf(apiUrl, appId, appSecret.expose());
  const answer = await context.gate.pass(key, async (): Promise<PlatformAnswer> => {
    const { code, fields } = await callPlatform(context, apiUrl, {
      endpoint: "app_access_token",
      action,
      body,
      signal,
    });
    const token = fields["app_access_token"];
    if (typeof token === "string") context.masker.mask(token);
    return { code, fields };
  });
  return { state: answer.code === TICKET_NOT_ACCEPTED ? "invalid" : "valid" };
}

/**
 * Tries a ticket while GitHub is still answering. What says that the app or its secret are wrong ends the run while
 * nothing is changed; whatever else goes wrong is left to the confirmation, which has more patience.
 */
async function tryEarly(
  ticket: Secret,
  settings: Settings,
  context: ProviderContext,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  try {
    const verdict = await tryTicket(ticket, settings, context, signal);
    return verdict.state === "valid" ? verdict : undefined;
  } catch (thrown) {
    const error = RotationError.from(thrown);
    if (error.changed === "no" && !error.transient) throw error;
    return undefined;
  }
}

/**
 * What reads the envelope that the run's event carries; undefined if such an event may come without one. A
 * `repository_dispatch` may not, as a relay that sends something else would start a request with every event.
 */
function deliveredEnvelope({ event }: ProviderInputs): (() => Envelope) | undefined {
  const { name } = event;
  if (name === "repository_dispatch") {
    const carried = fieldOf(fieldOf(event.payload(), "client_payload"), "feishu");
    return () => {
      if (carried !== undefined) return readEnvelope(carried);
      throw RotationError.of("ENVELOPE_MISSING", { event: name, field: "client_payload.feishu" });
    };
  }
  if (name !== "workflow_dispatch") return undefined;
  const typed = fieldOf(fieldOf(event.payload(), "inputs"), "envelope");
  return typeof typed === "string" && typed.trim() !== "" ? () => readEnvelope(typed) : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function readSettings(inputs: ProviderInputs, context: ProviderContext): Settings {
  const delivery = inputs.choice("delivery", ["dispatch", "inbox"]);
  return {
    appId: inputs.appId,
    apiUrl: inputs.url("api-url", API_URL),
    appSecret: inputs.secret("app-secret"),
    encryptKey: readEncryptKey(inputs, context),
    verificationToken: inputs.optionalSecret("verification-token"),
    maxAge: readMaxAge(inputs, delivery),
    verifies: inputs.verifies,
    inbox: delivery === "inbox" ? readInbox(inputs) : undefined,
  };
}

function readEncryptKey(inputs: ProviderInputs, { masker, warn }: ProviderContext): Secret {
  const key = inputs.optionalSecret("encrypt-key");
  if (key === undefined) {
    inputs.problem(
      RotationError.of("INPUT_MISSING", {
        input: "encrypt-key",
        because: "without an Encrypt Key the platform signs its events with an empty one, which anybody can",
        hint: `Set an Encrypt Key under Events & Callbacks in the developer console, and "encrypt-key" to it.`,
      }),
    );
    // An empty one is a variable that is not set, which the reader has said.
  } else if (key.expose() !== "" && key.expose().length < SHORTEST_SAFE_KEY) {
    warn(
      `The Encrypt Key has fewer than ${String(SHORTEST_SAFE_KEY)} characters, so that it could be guessed from an envelope: generate a longer one in the developer console.`,
    );
  }
  return key ?? masker.secret("");
}

function readMaxAge(inputs: ProviderInputs, delivery: "dispatch" | "inbox"): number {
  const standard = delivery === "inbox" ? 5 * MINUTE : 15 * MINUTE;
  const maxAge = inputs.duration("envelope-max-age") ?? standard;
  if (maxAge > 60 * MINUTE) {
    const found = "longer than an hour";
    const expected = "at most 60m, as an old envelope may be one that somebody has kept";
    inputs.problem(RotationError.of("INPUT_INVALID", { input: "envelope-max-age", found, expected }));
  }
  return maxAge;
}

function readInbox(inputs: ProviderInputs): InboxSettings {
  return {
    url: inputs.address("inbox-url") ?? inputs.required("inbox-url"),
    token: inputs.secret("inbox-token"),
    timeout: inputs.duration("ticket-timeout") ?? 180 * SECOND,
  };
}
