import { randomBytes } from "node:crypto";
import { envelopeOf, type FeishuEvent, type SignOptions } from "../../emulators/feishu.ts";
import { createFeishuWithInbox } from "../../emulators/feishu-with-inbox.ts";
import { HOUR, type WorldClock } from "../clock.ts";
import { ODD, ORDERS } from "../hostile.ts";
import type { ActionOptions } from "../../support/runner.ts";
import type { BadEnvelope, Opened, OwnAnswer, Subject } from "./subject.ts";
import { inEnvironment, inRepository } from "./targets.ts";

/** A ticket works for three hours, and a new one ends none: the next run comes while the one before still works. */
const common = {
  recoverable: true,
  rotate: "resend-1",
  // Nearly all of its failures were seen with HTTP 200.
  own: (request) => (request === "inbox" ? [] : request === "check" ? [REFUSED, ...REFUSALS] : REFUSALS),
  hollow: { code: 0, msg: "success", data: { unexpected: [1] } },
  carriesSecret: () => undefined,
  nextRunAfter: HOUR,
} satisfies Partial<Subject>;

/** A run asks for a ticket, and waits until the platform has pushed it into the team's inbox. */
export const feishuInbox: Subject = {
  ...common,
  modes: ["rotate", "finish", "tidy"],
  roles: {
    rotate: { "inbox-1": "read", "resend-1": "ask", "inbox-2": "await", "check-1": "confirm-try" },
  },
  mail: "inbox",
  open: async (clock) => {
    const { inboxToken, opened } = await openFeishu(clock);
    return {
      ...opened,
      inputs: (url, held) => ({
        ...opened.inputs(url, held),
        delivery: "inbox",
        "inbox-url": `${url}/inbox`,
        "inbox-token": inboxToken,
        // Long enough for a look that stalls, and one after it.
        "ticket-timeout": "60s",
      }),
      targets: [
        inEnvironment("production", "APP_TICKET"),
        { ...inEnvironment("production", "APP_TICKET_BASE64", "?format=base64"), formOf: base64 },
      ],
    };
  },
};

/** A run takes the ticket out of its event; one that has another event asks the platform for the next such event. */
export const feishuDispatch: Subject = {
  ...common,
  modes: ["rotate", "request", "finish"],
  roles: { rotate: { "check-1": "try-early" }, request: { "resend-1": "ask" } },
  mail: "event",
  open: async (clock) => {
    const { opened, push } = await openFeishu(clock);
    return {
      ...opened,
      around: async (mode) => (mode === "request" ? {} : { event: eventWith(await push()) }),
      targets: [inEnvironment("eu/prod west", "APP_TICKET"), inRepository("APP_TICKET")],
    };
  },
};

/** The event that a relay makes of a push. */
export function eventWith(envelope: unknown): NonNullable<ActionOptions["event"]> {
  return {
    name: "repository_dispatch",
    payload: { action: "feishu-app-ticket", client_payload: { feishu: envelope }, branch: "main" },
  };
}

const REFUSALS: readonly OwnAnswer[] = [
  { name: "own-10003", status: 200, body: { code: 10003, data: {}, msg: "invalid param" } },
  { name: "own-10014", status: 200, body: { code: 10014, msg: "app secret invalid" }, lasts: true },
  { name: "own-10016", status: 200, body: { code: 10016, msg: "app resend fail" } },
  { name: "own-99991401", status: 400, body: { code: 99991401, msg: "ip denied by app setting" } },
  { name: "own-99991400", status: 400, body: { code: 99991400, msg: "request trigger frequency limit" } },
  { name: "own-2200", status: 200, body: { code: 2200, msg: "internal error" } },
];

/** Of the ticket, not of the app. */
const REFUSED: OwnAnswer = {
  name: "own-10012",
  status: 200,
  body: { code: 10012, msg: "get app access token fail" },
  lasts: true,
};

async function openFeishu(clock: WorldClock): Promise<{
  readonly inboxToken: string;
  readonly opened: Omit<Opened, "targets">;
  /** The platform pushes a ticket unasked, as it does every hour: the envelope of that. */
  readonly push: () => Promise<unknown>;
}> {
  const appId = `cli_${randomBytes(8).toString("hex")}`;
  const [appSecret, encryptKey] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const [verificationToken, inboxToken] = [randomBytes(16).toString("hex"), randomBytes(24).toString("hex")];
  const { emulator, platform, inbox } = createFeishuWithInbox(
    { appId, appSecret, encryptKey, verificationToken },
    { token: inboxToken, now: clock.now },
  );
  const credentials = [appSecret, encryptKey, verificationToken, inboxToken];
  const push = async (): Promise<unknown> => {
    await platform.push(appId);
    return inbox.envelopes()[0];
  };
  const envelope = (event: Partial<FeishuEvent>, how: SignOptions = {}): unknown =>
    envelopeOf(platform.sign(appId, { type: "app_ticket", app_id: appId, ...event }, how));
  const ticket = (text: string): { readonly app_ticket: string } => {
    // No run may take it, and none may show it.
    credentials.push(text);
    return { app_ticket: text };
  };
  const fresh = (): string => randomBytes(20).toString("hex");
  const badEnvelopes: Readonly<Record<BadEnvelope, () => unknown>> = {
    forged: () => envelope({ app_ticket: fresh() }, { key: fresh() }),
    keyless: () => envelope({ app_ticket: fresh() }, { key: "" }),
    stale: () => envelope(ticket(fresh()), { timestamp: Math.floor((clock.now() - HOUR) / 1_000) }),
    foreign: () => envelope({ ...ticket(fresh()), app_id: "cli_another" }),
    other: () => envelope({ ...ticket(fresh()), type: "app_open" }),
    empty: () => envelope({ app_ticket: "" }),
    stars: () => envelope({ app_ticket: "******" }),
    long: () => envelope(ticket("k".repeat(48 * 1024))),
    odd: () => envelope(ticket(ODD)),
    garbage: () => ({ v: 1, body_b64: ORDERS, timestamp: ORDERS, nonce: ORDERS, signature: ORDERS }),
  };
  await push();
  return {
    inboxToken,
    push,
    opened: {
      emulator,
      provider: "feishu",
      inputs: (url) => ({
        "api-url": url,
        "app-id": appId,
        "app-secret": appSecret,
        "encrypt-key": encryptKey,
        "verification-token": verificationToken,
      }),
      seeded: true,
      inForce: () => {
        const app = platform.app(appId);
        return app.tickets.map(({ value }) => value).filter((value) => app.accepts(value));
      },
      credentials,
      nameOf: ({ path }) =>
        path.endsWith("/resend") ? "resend" : path.endsWith("/app_access_token") ? "check" : "inbox",
      secretOf: (text) => text,
      plant: () => undefined,
      nextSecret: () => undefined,
      handOut: (answer) => Promise.resolve(answer),
      badEnvelope: (kind) => badEnvelopes[kind](),
      close: () => {
        platform.close();
      },
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
