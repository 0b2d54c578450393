import { randomBytes, randomInt } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest, type Fault } from "./emulator.ts";
import { createCourier, type Delivery } from "./feishu/delivery.ts";
import {
  type FeishuEvent,
  type Frame,
  frameEvent,
  makeNonce,
  type Push,
  seal,
  signPush,
} from "./feishu/push.ts";

export type { Delivery } from "./feishu/delivery.ts";
export { type Envelope, envelopeOf, type FeishuEvent, type Push, requestOf } from "./feishu/push.ts";

export interface FeishuEmulatorOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** How a push reaches an app. Default: the global `fetch`. */
  readonly deliver?: (request: Request) => Promise<Response>;
  /** How many times faster than documented the waits before pushes and retries pass. Default 1. */
  readonly timeScale?: number;
}

export interface FeishuApp {
  readonly appId: string;
  readonly appSecret: string;
  /** Default `store`; only such an app has tickets. */
  readonly kind?: "store" | "custom";
  /** Default none: its events are plain then. */
  readonly encryptKey?: string;
  /** Default: a random one, as every app has one. */
  readonly verificationToken?: string;
  /** Default none. */
  readonly requestUrl?: string | undefined;
  /** Default `running`. */
  readonly status?: "running" | "stopped";
}

export interface FeishuTicket {
  readonly value: string;
  /** Milliseconds on the emulator's clock. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface FeishuAppState {
  readonly requestUrl: string | undefined;
  readonly verificationToken: string;
  /** The ticket issued last, expired or not. */
  readonly latest: string | undefined;
  /** Every ticket issued, oldest first. */
  readonly tickets: readonly FeishuTicket[];
  /** How often a resend was accepted. */
  readonly resends: number;
  /** Whether the platform takes a ticket at the moment. */
  accepts(ticket: string): boolean;
}

/** What may be otherwise than it is here, at any time: nearly all of it is documented nowhere. */
export interface FeishuSwitches {
  /**
   * Milliseconds from a resend to its push, before `timeScale`. Default 20; documented are up to two minutes. With 0
   * the push goes out at once, no timer between, which suits a client whose clock stands still.
   */
  pushDelay: number;
  /** So many repetitions of a push that the app has answered well: they "can" happen. Default 0. */
  duplicates: number;
  /** So many other events are pushed before each ticket. Default 0. */
  otherEventsFirst: number;
  /** Default "1.0", the only one documented for tickets. */
  shape: "1.0" | "2.0";
  /** `false`: events are plain although the app has an Encrypt Key. Default `true`. */
  encrypted: boolean;
  /** Signs with an empty key although the app has an Encrypt Key. Default `false`. */
  signWithEmptyKey: boolean;
  /** Whether a repeated push has a timestamp, a nonce and a signature of its own. Default `false`: the same bytes. */
  retriesAreSignedAnew: boolean;
  /** Has a space after the body's first colon, which a client notices that signs parsed JSON. Default `false`. */
  spacedJson: boolean;
  /** Of a failure. The guide promises 4xx or 5xx, these routes were seen to answer 200. Default 200. */
  errorStatus: 200 | 400;
  /** 10014 was seen for a wrong secret (default), 10015 is documented. */
  wrongSecretCode: 10014 | 10015;
  /** Whether the check of an address is signed. Default `false`; the page only says that clients need not look. */
  verificationIsSigned: boolean;
  /** Characters of a new ticket. Default 40. */
  ticketLength: number;
  /** Whether an hourly push repeats the ticket before it; a resend never does. Default `false`. */
  sameTicketAgain: boolean;
  /** Whether an app access token that still lives is given for any ticket. Default `false`. */
  cachedTokenSkipsTicket: boolean;
  /** How long an app may take, in milliseconds on the real clock: to take an event 3000, to answer a check 1000. */
  answerLimit: number;
  challengeLimit: number;
}

export interface SignOptions extends Partial<Omit<Frame, "appId">> {
  /** Seconds since 1970. Default now. */
  readonly timestamp?: string | number;
  readonly nonce?: string;
  readonly iv?: Uint8Array;
  /** To encrypt and to sign with. Default: the app's Encrypt Key; empty, nothing is encrypted. */
  readonly key?: string;
  /** Default: the switch of this name. */
  readonly encrypted?: boolean;
}

/**
 * The open platform of Feishu, or Lark, as far as it concerns tickets: three calls, and the events that it pushes to
 * an app. It pushes on its own: dispose of it, or wait for {@link settled}, or its timers outlive the test.
 */
export interface FeishuEmulator extends Emulator, FeishuSwitches, Disposable {
  addApp(app: FeishuApp): void;
  /** As the console does, but without checking the address. */
  setRequestUrl(appId: string, url: string | undefined): void;
  /** The state of an app as it is now; throws for an unknown one. */
  app(appId: string): FeishuAppState;
  /**
   * Pushes an event now, without being asked: default the hourly one with a ticket. Repeats it as documented, and
   * resolves with the attempt that the app took, or else the last one. Throws where the app has no request URL.
   */
  push(appId: string, event?: FeishuEvent): Promise<Delivery>;
  /** Saves a request URL as the console does: only if the app answers the check. Resolves with whether it did. */
  checkAddress(appId: string, url: string): Promise<boolean>;
  /** Every attempt to bring something to an app, in the order of their ends. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when no push is under way or due any more. */
  settled(): Promise<void>;
  /** Stops all pushes, also those to come. The calls go on being answered. */
  close(): void;
  /**
   * Makes a push without sending it: of an event, which is framed and encrypted as the switches say, or of a body
   * as it is. {@link requestOf} and {@link envelopeOf} bring it into the forms that it travels in.
   */
  sign(appId: string, what: FeishuEvent | string | Uint8Array, options?: SignOptions): Push;
}

/**
 * The answer of a throttled call, 400 "for some older APIs"; `reset` is in seconds.
 * https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
 */
export function feishuThrottled(status: 429 | 400 = 429, reset = 1): Fault {
  return {
    kind: "answer",
    changed: false,
    status,
    headers: { "x-ogw-ratelimit-limit": "100", "x-ogw-ratelimit-reset": String(reset) },
    body: JSON.stringify({ code: 99991400, msg: "request trigger frequency limit" }),
  };
}

/**
 * Codes are those of https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code. Which one goes
 * with which failure is documented for few; what was seen at the real service is told beside them.
 */
export function createFeishuEmulator(options: FeishuEmulatorOptions = {}): FeishuEmulator {
  const { now = Date.now, deliver = (request: Request) => fetch(request), timeScale = 1 } = options;
  const apps = new Map<string, App>();
  const courier = createCourier(now, deliver);

  // https://open.feishu.cn/document/server-docs/authentication-management/access-token/app_ticket_resend
  const resend = (request: EmulatorRequest): object => {
    const { app_id: appId, app_secret: appSecret } = exactly(request, ["app_id", "app_secret"]);
    const app = authenticate(appId, appSecret);
    if (app.kind === "custom") throw new Refusal(10016, "app resend fail");
    app.resends += 1;
    void courier.track(pushLater(app));
    return {};
  };

  const routes: Readonly<Record<string, (request: EmulatorRequest) => object>> = {
    "POST /open-apis/auth/v3/app_ticket/resend": resend,
    // Older samples have the slash.
    "POST /open-apis/auth/v3/app_ticket/resend/": resend,

    // https://open.feishu.cn/document/server-docs/authentication-management/access-token/app_access_token
    "POST /open-apis/auth/v3/app_access_token": (request) => {
      const { app_id, app_secret, app_ticket } = exactly(request, ["app_id", "app_secret", "app_ticket"]);
      const app = authenticate(app_id, app_secret);
      const cached = emulator.cachedTokenSkipsTicket && app.tokens.some(({ expiresAt }) => expiresAt > now());
      // The official Go SDK asks for a new ticket at this code; that a custom app gets it too is not documented:
      // https://github.com/larksuite/oapi-sdk-go/blob/9494618/core/constants.go
      if (!cached && !accepts(app, app_ticket)) throw new Refusal(10012, "get app access token fail");
      const { value, expiresAt } = issueToken(app.tokens, "a-");
      return { app_access_token: value, expire: secondsUntil(expiresAt) };
    },

    // https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token
    // Every tenant has installed every app.
    "POST /open-apis/auth/v3/tenant_access_token": (request) => {
      const { app_access_token, tenant_key } = exactly(request, ["app_access_token", "tenant_key"]);
      const app = [...apps.values()].find(({ tokens }) =>
        tokens.some(({ value, expiresAt }) => value === app_access_token && expiresAt > now()),
      );
      // Whether it is this code or 10013 is not documented.
      if (app === undefined) throw new Refusal(99991664, "invalid app token");
      const tokens = app.tenantTokens.get(tenant_key) ?? [];
      app.tenantTokens.set(tenant_key, tokens);
      const { value, expiresAt } = issueToken(tokens, "t-");
      return { tenant_access_token: value, expire: secondsUntil(expiresAt) };
    },
  };

  const authenticate = (appId: string, appSecret: string): App => {
    const app = apps.get(appId);
    // Seen: https://github.com/excitedjs/dreamux/issues/417
    if (app === undefined) throw new Refusal(10014, "app id not exists");
    if (app.appSecret !== appSecret) throw new Refusal(emulator.wrongSecretCode, "app secret invalid");
    if (app.status === "stopped") throw new Refusal(10014, "app unauthorized");
    return app;
  };

  /** The same token as long as it has half an hour to live, and beside it a new one from then on. */
  const issueToken = (tokens: Token[], prefix: string): Token => {
    const last = tokens.at(-1);
    if (last !== undefined && last.expiresAt - now() >= LEAST_TOKEN_LIFE) return last;
    const token = { value: prefix + randomText(40), expiresAt: now() + TOKEN_LIFE };
    tokens.push(token);
    return token;
  };

  const secondsUntil = (time: number): number => Math.floor((time - now()) / 1000);

  const answer = (request: EmulatorRequest): Response => {
    const route = routes[`${request.method} ${request.path}`];
    if (route === undefined) throw new Error(`no such route: ${request.method} ${request.path}`);
    const headers = { "content-type": "application/json; charset=utf-8", "x-tt-logid": makeLogId(now()) };
    try {
      return Response.json({ code: 0, msg: "success", ...route(request) }, { headers });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message: msg, extra } = error;
      return Response.json({ code, ...extra, msg }, { status: emulator.errorStatus, headers });
    }
  };

  const find = (appId: string): App => {
    const app = apps.get(appId);
    if (app === undefined) throw new Error(`no such app: ${appId}`);
    return app;
  };

  const accepts = ({ tickets }: App, ticket: string): boolean =>
    tickets.some(({ value, expiresAt }) => value === ticket && expiresAt > now());

  // A new ticket does not end the others: https://open.feishu.cn/document/faq/questions-related-to-isv
  const issueTicket = (app: App): string => {
    const value = randomText(emulator.ticketLength);
    app.tickets.push({ value, issuedAt: now(), expiresAt: now() + TICKET_LIFE });
    return value;
  };

  const sign = (
    appId: string,
    what: FeishuEvent | string | Uint8Array,
    { timestamp = Math.floor(now() / 1000), nonce = makeNonce(), iv, key, ...how }: SignOptions = {},
  ): Push => {
    const app = find(appId);
    const sealingKey = key ?? app.encryptKey;
    const signingKey = key ?? (emulator.signWithEmptyKey ? "" : app.encryptKey);
    const write = (event: FeishuEvent): string => {
      const {
        shape = emulator.shape,
        id = makeId(),
        token = app.verificationToken,
        ts = makeTs(now()),
      } = how;
      const text = JSON.stringify(frameEvent(event, { appId, shape, id, token, ts }));
      const { encrypted = emulator.encrypted } = how;
      const body =
        encrypted && sealingKey !== "" ? JSON.stringify({ encrypt: seal(text, sealingKey, iv) }) : text;
      return emulator.spacedJson ? body.replace(":", ": ") : body;
    };
    const rawBody =
      what instanceof Uint8Array ? what : Buffer.from(typeof what === "string" ? what : write(what));
    return signPush(rawBody, signingKey, { timestamp: String(timestamp), nonce });
  };

  // https://open.feishu.cn/document/server-docs/event-subscription-guide/overview
  const attempt = (parcel: Parcel, url: string, number: number): Promise<Delivery> => {
    const { app, eventId } = parcel;
    const push =
      number > 1 && emulator.retriesAreSignedAnew ? sign(app.appId, parcel.push.rawBody) : parcel.push;
    return courier.attempt(
      { appId: app.appId, kind: "event", eventId, attempt: number, url, push },
      emulator.answerLimit,
    );
  };

  /** Goes on after a first attempt, and resolves with the one that the app took, or the last one. */
  const persist = async (parcel: Parcel, first: Delivery): Promise<Delivery> => {
    let last = first;
    for (const wait of RETRIES) {
      if (isTaken(last) || !(await courier.sleep(wait / timeScale))) break;
      const { requestUrl } = parcel.app;
      if (requestUrl === undefined) return last;
      last = await attempt(parcel, requestUrl, last.attempt + 1);
    }
    for (let done = 0; isTaken(last) && done < emulator.duplicates && !courier.closed; done += 1) {
      await attempt(parcel, last.url, last.attempt + 1 + done);
    }
    return last;
  };

  const send = (app: App, event: FeishuEvent): { first: Promise<Delivery>; end: Promise<Delivery> } => {
    const { requestUrl } = app;
    if (requestUrl === undefined) throw new Error(`app ${app.appId} has no request URL`);
    if (courier.closed) throw new Error("the emulator is closed");
    const eventId = makeId();
    const parcel = { app, eventId, push: sign(app.appId, event, { id: eventId }) };
    const first = attempt(parcel, requestUrl, 1);
    return { first, end: courier.track(first.then((delivery) => persist(parcel, delivery))) };
  };

  const sendTicket = async (app: App, ticket: string): Promise<Delivery> => {
    for (let count = 0; count < emulator.otherEventsFirst; count += 1) {
      // https://open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/application-v6/event/app-first-enabled
      await send(app, { app_id: app.appId, tenant_key: randomText(16), type: "app_open" }).first;
    }
    return send(app, { app_id: app.appId, app_ticket: ticket, type: "app_ticket" }).end;
  };

  const pushLater = async (app: App): Promise<void> => {
    if (!(await courier.sleep(emulator.pushDelay / timeScale))) return;
    const ticket = issueTicket(app);
    if (app.requestUrl !== undefined) await sendTicket(app, ticket);
  };

  const emulator: FeishuEmulator = Object.assign(createEmulator("feishu", answer), {
    pushDelay: 20,
    duplicates: 0,
    otherEventsFirst: 0,
    shape: "1.0" as const,
    encrypted: true,
    signWithEmptyKey: false,
    retriesAreSignedAnew: false,
    spacedJson: false,
    errorStatus: 200 as const,
    wrongSecretCode: 10014 as const,
    verificationIsSigned: false,
    ticketLength: 40,
    sameTicketAgain: false,
    cachedTokenSkipsTicket: false,
    answerLimit: 3000,
    challengeLimit: 1000,
    addApp({ appId, appSecret, kind = "store", status = "running", ...app }: FeishuApp) {
      apps.set(appId, {
        appId,
        appSecret,
        kind,
        status,
        encryptKey: app.encryptKey ?? "",
        verificationToken: app.verificationToken ?? randomText(32),
        requestUrl: app.requestUrl,
        tickets: [],
        tokens: [],
        tenantTokens: new Map(),
        resends: 0,
      });
    },
    setRequestUrl(appId: string, url: string | undefined) {
      find(appId).requestUrl = url;
    },
    app(appId: string): FeishuAppState {
      const app = find(appId);
      const { requestUrl, verificationToken, tickets, resends } = app;
      return {
        requestUrl,
        verificationToken,
        latest: tickets.at(-1)?.value,
        tickets: [...tickets],
        resends,
        accepts: (ticket) => accepts(app, ticket),
      };
    },
    async push(appId: string, event?: FeishuEvent): Promise<Delivery> {
      const app = find(appId);
      if (event !== undefined) return send(app, event).end;
      if (app.kind === "custom") throw new Error(`app ${appId} is a custom one, and has no tickets`);
      const { latest } = emulator.app(appId);
      const again = emulator.sameTicketAgain && latest !== undefined && accepts(app, latest);
      return sendTicket(app, again ? latest : issueTicket(app));
    },
    // https://open.feishu.cn/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/choose-a-subscription-mode/send-notifications-to-developers-server
    async checkAddress(appId: string, url: string): Promise<boolean> {
      const challenge = randomText(36);
      const signed = sign(appId, { challenge, type: "url_verification" }, { encrypted: true });
      const push = emulator.verificationIsSigned
        ? signed
        : { ...signed, timestamp: "", nonce: "", signature: "" };
      const { status, answer: answered } = await courier.attempt(
        { appId, kind: "address check", eventId: "", attempt: 1, url, push },
        emulator.challengeLimit,
      );
      const passed = status === 200 && challengeIn(answered) === challenge;
      if (passed) find(appId).requestUrl = url;
      return passed;
    },
    deliveries: courier.deliveries,
    settled: () => courier.settled(),
    close: () => {
      courier.close();
    },
    [Symbol.dispose]: () => {
      courier.close();
    },
    sign,
  });
  return emulator;
}

/** https://open.feishu.cn/document/faq/questions-related-to-isv */
const TICKET_LIFE = 3 * 3_600_000;
const TOKEN_LIFE = 2 * 3_600_000;
const LEAST_TOKEN_LIFE = 30 * 60_000;
/** Waits after a failed attempt. */
const RETRIES: readonly number[] = [15_000, 5 * 60_000, 3_600_000, 6 * 3_600_000];

interface Token {
  readonly value: string;
  readonly expiresAt: number;
}

interface App {
  readonly appId: string;
  readonly appSecret: string;
  readonly kind: "store" | "custom";
  readonly status: "running" | "stopped";
  /** Empty where it has none. */
  readonly encryptKey: string;
  readonly verificationToken: string;
  requestUrl: string | undefined;
  readonly tickets: FeishuTicket[];
  readonly tokens: Token[];
  readonly tenantTokens: Map<string, Token[]>;
  resends: number;
}

/** An event on its way. */
interface Parcel {
  readonly app: App;
  readonly eventId: string;
  readonly push: Push;
}

/** A failure as the platform tells it. */
class Refusal extends Error {
  readonly code: number;
  readonly extra: object | undefined;

  constructor(code: number, message: string, extra?: object) {
    super(message);
    this.code = code;
    this.extra = extra;
  }
}

/** Demands a JSON object of these fields, as non-empty strings, and no others. */
function exactly<Name extends string>(
  { headers, body }: EmulatorRequest,
  names: readonly Name[],
): Record<Name, string> {
  // Seen for malformed and for empty ones: https://github.com/excitedjs/dreamux/issues/417
  const refusal = new Refusal(10003, "invalid param", { data: {} });
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(headers.get("content-type") ?? "")) throw refusal;
  let fields: unknown;
  try {
    fields = JSON.parse(body);
  } catch {
    throw refusal;
  }
  if (typeof fields !== "object" || fields === null) throw refusal;
  const values = fields as Readonly<Record<string, unknown>>;
  if (Object.keys(values).length !== names.length) throw refusal;
  if (names.some((name) => typeof values[name] !== "string" || values[name] === "")) throw refusal;
  return values as Record<Name, string>;
}

function isTaken({ status }: Delivery): boolean {
  return status === 200;
}

function challengeIn(answer: string): unknown {
  try {
    return (JSON.parse(answer) as { challenge?: unknown } | null)?.challenge;
  } catch {
    return undefined;
  }
}

function makeId(): string {
  return randomBytes(16).toString("hex");
}

/** Seven places after the point, as in the page's sample. */
function makeTs(now: number): string {
  return `${String(Math.floor(now / 1000))}.${String(now % 1000).padStart(3, "0")}0000`;
}

/** The time and 20 digits, as in ids that people quote. */
function makeLogId(now: number): string {
  const time = new Date(now).toISOString().replaceAll(/\D/g, "").slice(0, 14);
  return time + randomBytes(10).toString("hex").toUpperCase();
}

/** Lower-case letters and digits; neither tickets nor tokens have a documented form. */
function randomText(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}
