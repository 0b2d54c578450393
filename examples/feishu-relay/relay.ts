import { isSigned, type Push, type PushedEvent } from "../../src/providers/feishu/push.ts";
import { readAll } from "./body.ts";
import { createDispatcher } from "./dispatcher.ts";
import { LONGEST_AGE, sentAt, toEnvelope } from "./envelope.ts";
import { createInbox } from "./inbox.ts";
import { createLimit, createMemory } from "./limits.ts";
import { harmless } from "./log.ts";
import { type Delivery, passOn } from "./service.ts";
import { HEALTH_PATH, INBOX_PATH, type Settings } from "./settings.ts";
import type { Tools } from "./tools.ts";
import { isSame, judge } from "./verdict.ts";

export interface Relay {
  /** Answers every request, and never rejects. What it does afterwards, {@link idle} and `waitUntil` wait for. */
  handle(request: Request, context?: Context): Promise<Response>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

/** What a serverless platform hands to a handler. */
export interface Context {
  /** Keeps the instance alive until the promise settles. */
  waitUntil?(promise: Promise<unknown>): void;
}

/** @throws if there is no Encrypt Key. */
export function createRelay(settings: Settings, { fetch, clock, log: outerLog }: Tools): Relay {
  const { appId, encryptKey, verificationToken, eventService, inboxToken } = settings;
  // The platform signs without a key too, as anybody can.
  if (encryptKey === "") throw new Error("The relay needs the Encrypt Key.");

  const now = (): number => clock.now();
  const secrets = [encryptKey, verificationToken ?? "", inboxToken ?? "", settings.dispatch?.token ?? ""];
  const tools = { fetch, clock, log: harmless(outerLog, secrets) };
  const { log } = tools;
  const dispatcher = settings.dispatch === undefined ? undefined : createDispatcher(settings.dispatch, tools);
  const inbox = inboxToken === undefined ? undefined : createInbox(now);
  const seen = createMemory(MOST_REMEMBERED, REMEMBERED_FOR, now);
  const unsigned = createLimit(UNSIGNED_PER_MINUTE, now);
  const logged = createLimit(REFUSALS_LOGGED_PER_MINUTE, now);
  const underWay = new Set<Promise<void>>();

  const doAfterwards = (work: Promise<void>, context: Context | undefined): void => {
    const done = work
      .catch(() => {
        log("error", "A ticket was not dispatched: the relay has a defect.");
      })
      .finally(() => underWay.delete(done));
    underWay.add(done);
    context?.waitUntil?.(done);
  };

  const refuse = (why: string): Response => {
    const admitted = logged.admit();
    const rest = admitted === "last" ? " Further refusals are not logged for a minute." : "";
    if (admitted !== "no") log("warning", `Refused a request: ${why}.${rest}`);
    return refusal();
  };

  const receive = async (request: Request, context: Context | undefined): Promise<Response> => {
    const deadline = AbortSignal.timeout(ANSWER_WITHIN);
    if (request.method !== "POST") return refuse("the platform makes POST requests only");
    const rawBody = await readAll(request.body, LARGEST_BODY, deadline);
    if (rawBody === undefined) return refuse("its body is larger than 1 MiB");
    const push = {
      rawBody,
      timestamp: request.headers.get("x-lark-request-timestamp") ?? "",
      nonce: request.headers.get("x-lark-request-nonce") ?? "",
      signature: request.headers.get("x-lark-signature") ?? "",
    };
    const signed = isSigned(push, encryptKey);
    // Whoever may ask without end what becomes of a changed body can work out what it hides.
    if (!signed && unsigned.admit() === "no") {
      return refuse(
        `more than ${UNSIGNED_PER_MINUTE} unsigned ones came in a minute, so this one was not decrypted`,
      );
    }

    const verdict = judge(push, signed, { appId, encryptKey, verificationToken });
    const delivery = { body: rawBody, headers: request.headers, deadline };
    switch (verdict.kind) {
      case "refused":
        return refuse(verdict.why);
      case "address-check":
        log("info", "Answered the platform's address check.");
        return Response.json({ challenge: verdict.challenge });
      case "event":
        return deliver(delivery, verdict.event);
      case "ticket":
        forward(push, verdict.event, context);
        return settings.eventServiceGetsTickets ? deliver(delivery, verdict.event) : acknowledgement();
    }
  };

  const forward = (push: Push, event: PushedEvent, context: Context | undefined): void => {
    if (Math.abs(now() - sentAt(push)) > LONGEST_AGE) {
      log(
        "warning",
        `Dropped ${nameOf(event)}: it was not sent within 15 minutes of now, so the action would refuse it.`,
      );
      return;
    }
    // No page promises an id; what has none is told apart by its signature.
    if (!seen.isNew(event.id === "" ? push.signature : event.id)) {
      log("info", `Dropped ${nameOf(event)}: it came before.`);
      return;
    }
    const envelope = toEnvelope(push);
    inbox?.keep(envelope);
    log("info", `Received ${nameOf(event)}.`);
    if (dispatcher !== undefined) doAfterwards(dispatcher.dispatch(envelope), context);
  };

  const deliver = async (delivery: Delivery, event: PushedEvent): Promise<Response> => {
    if (eventService === undefined) {
      log(
        "warning",
        `Answered 503 to ${nameOf(event)}, so that the platform sends it again: there is nobody to take it. Set EVENT_SERVICE_URL to your own service.`,
      );
      return unavailable();
    }
    const answer = await passOn(delivery, eventService, tools);
    if (typeof answer === "string") {
      log(
        "warning",
        `Answered 503 to ${nameOf(event)}, so that the platform sends it again. Your service failed: ${answer}.`,
      );
      return unavailable();
    }
    if (!answer.ok) log("warning", `Your service answered ${answer.status} to ${nameOf(event)}.`);
    return answer;
  };

  const listInbox = (request: Request, url: URL): Response => {
    const given = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    if (inbox === undefined || inboxToken === undefined) return text(404, "not found");
    if (!isSame(given, inboxToken)) return text(401, "unauthorized", { "www-authenticate": "Bearer" });
    if (request.method !== "GET") return text(405, "method not allowed", { allow: "GET" });
    const since = url.searchParams.get("since") ?? "0";
    if (!/^\d{1,12}(?:\.\d+)?$/.test(since)) return text(400, "since must be seconds since 1970");
    return Response.json(inbox.since(Number(since)), { headers: NEVER_STORED });
  };

  return {
    handle: async (request, context) => {
      const url = new URL(request.url);
      switch (url.pathname) {
        case settings.callbackPath:
          return receive(request, context).catch((thrown: unknown) => {
            const late = thrown instanceof Error && thrown.name === "TimeoutError";
            return refuse(late ? "its body did not arrive in time" : "reading it failed");
          });
        case INBOX_PATH:
          return listInbox(request, url);
        case HEALTH_PATH:
          return text(200, "ok");
        default:
          return text(404, "not found");
      }
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/**
 * For an answer, in milliseconds. The platform waits for 3 seconds, connecting included
 * (https://open.feishu.cn/document/server-docs/event-subscription-guide/overview).
 */
const ANSWER_WITHIN = 2_500;

/** Bytes. No page names a limit of the platform's own; events have some kilobytes. */
const LARGEST_BODY = 2 ** 20;

/** An address check comes when somebody saves the address. */
const UNSIGNED_PER_MINUTE = 10;

const REFUSALS_LOGGED_PER_MINUTE = 20;

/** The last repetition of a push comes after 7 hours and 5 minutes; milliseconds. */
const REMEMBERED_FOR = 8 * 3_600_000;

/** Tickets come once an hour, and when the action asks for one. */
const MOST_REMEMBERED = 1_000;

const NEVER_STORED = { "cache-control": "no-store" };

/** The one answer to whatever is not accepted: which check failed is nobody's business. */
function refusal(): Response {
  return text(403, "refused");
}

/** Anything but 200 makes the platform send the event again: after 15 s, 5 min, 1 h and 6 h. */
function unavailable(): Response {
  return text(503, "unavailable");
}

function acknowledgement(): Response {
  return Response.json({ msg: "success" });
}

function text(status: number, content: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(content, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...NEVER_STORED, ...headers },
  });
}

/** Names of events and ids are plain words; anything else is not shown. */
function nameOf({ type, id }: PushedEvent): string {
  const kind = /^[\w.-]{1,100}$/.test(type) ? type : "an event without a proper type";
  return /^[\w-]{1,64}$/.test(id) ? `${kind} ${id}` : kind;
}
