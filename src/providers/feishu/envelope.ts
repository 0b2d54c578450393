import { RotationError } from "../../errors.ts";
import type { Masker, Secret } from "../../secret.ts";
import {
  isSigned,
  isWellFormed,
  openSealed,
  type Push,
  type PushedEvent,
  readEvent,
  sealedIn,
} from "./push.ts";

/** What an envelope is checked against. */
export interface Expected {
  readonly appId: string;
  readonly encryptKey: Secret;
  readonly verificationToken: Secret | undefined;
  /** How far the push's time may be from `now`, either way. Milliseconds. */
  readonly maxAge: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A push of the platform as it is handed on: still encrypted, its bytes as base64 and what signs them beside it. */
export interface Envelope {
  readonly push: Push;
  /** When the platform sent it, in milliseconds since 1970, as its signature covers; NaN if it does not say. */
  readonly sentAt: number;
}

/** The largest body, in bytes: an `app_ticket` event has some hundred. */
const LARGEST_BODY = 65_536;

/**
 * Reads `{v: 1, body_b64, timestamp, nonce, signature}`, or the same as JSON text. Says nothing of whether it can be
 * trusted.
 *
 * @throws {RotationError} ENVELOPE_REFUSED
 */
export function readEnvelope(value: unknown): Envelope {
  const fields = typeof value === "string" ? parse(value) : value;
  if (!isRecord(fields)) throw refused("form", "it is no JSON object");
  const { v, body_b64: body, timestamp, nonce, signature } = fields;
  if (v !== 1) throw refused("form", `it has no "v" of 1`);
  if (typeof body !== "string" || body === "") throw refused("form", `it has no "body_b64"`);
  const rawBody = Buffer.from(body, "base64");
  if (rawBody.toString("base64") !== body) throw refused("form", `its "body_b64" is no base64`);
  if (rawBody.length > LARGEST_BODY) throw refused("form", "its body is larger than 64 KiB");
  const push = { rawBody, timestamp: textOf(timestamp), nonce: textOf(nonce), signature: textOf(signature) };
  if (!isWellFormed(push)) {
    throw refused("form", "its timestamp, nonce or signature is not as the platform writes them");
  }
  return { push, sentAt: Number(push.timestamp) * 1_000 };
}

/**
 * Opens an envelope: signature, age, encryption, kind of event, token, app and ticket, in this order, so that
 * nothing is read from what nobody has signed.
 *
 * @returns the ticket, masked.
 * @throws {RotationError} ENVELOPE_REFUSED, which names the check that failed and nothing that the envelope holds.
 */
export function openEnvelope({ push, sentAt }: Envelope, expected: Expected, masker: Masker): Secret {
  const { encryptKey, verificationToken, appId, maxAge, now } = expected;
  if (!isSigned(push, encryptKey.expose())) {
    throw refused("signature", "it is not signed with the Encrypt Key");
  }
  const age = now - sentAt;
  if (!(Math.abs(age) <= maxAge)) {
    throw refused("age", `it was sent ${describeAge(age)}, and "envelope-max-age" is ${inSeconds(maxAge)}`);
  }
  const sealed = sealedIn(push.rawBody);
  if (sealed === undefined) throw refused("encryption", "its event is not encrypted");
  const opened = openSealed(sealed, encryptKey.expose());
  if (opened === undefined) throw refused("encryption", "its event cannot be decrypted");
  const event = readEvent(opened);
  const ticket = maskedTicket(event, masker);
  if (event.type !== "app_ticket") throw refused("event", "it carries another event than app_ticket");
  if (verificationToken !== undefined && event.token !== verificationToken.expose()) {
    throw refused("token", `its event does not have the Verification Token`);
  }
  if (event.appId !== appId) throw refused("app", "its event is of another app");
  if (ticket === undefined) throw refused("ticket", "its event has no usable ticket");
  return ticket;
}

/** Length and alphabet of a ticket are not documented: printable ASCII is, whatever it is. */
function maskedTicket({ content }: PushedEvent, masker: Masker): Secret | undefined {
  const { app_ticket: ticket } = content;
  if (typeof ticket !== "string") return undefined;
  const secret = masker.secret(ticket);
  return /^[\x21-\x7e]{1,1024}$/.test(ticket) && !/^\*+$/.test(ticket) ? secret : undefined;
}

type Check = "form" | "signature" | "age" | "encryption" | "event" | "token" | "app" | "ticket";

function refused(check: Check, found: string): RotationError {
  return RotationError.of("ENVELOPE_REFUSED", { check, found, ...EXPECTED[check] });
}

const EXPECTED: Readonly<Record<Check, { readonly expected: string; readonly hint: string }>> = {
  form: {
    expected: `an envelope {"v":1,"body_b64","timestamp","nonce","signature"}`,
    hint: "Let the relay send the raw body in base64, and the three X-Lark headers as they came.",
  },
  signature: {
    expected: "the signature over the very bytes that the platform sent",
    hint: `Check that "encrypt-key" is the Encrypt Key of this app in the developer console, and that the relay keeps the raw body.`,
  },
  age: {
    expected: "a recent one",
    hint: `Start the workflow again with a new ticket: run it by hand, or wait for the next event; if runs queue for long, raise "envelope-max-age" (at most 60m).`,
  },
  encryption: {
    expected: "an event that is encrypted with the Encrypt Key",
    hint: "Set an Encrypt Key under Events & Callbacks in the developer console, and let the relay forward the body as it came.",
  },
  event: {
    expected: "app_ticket",
    hint: "Let the relay forward app_ticket events only, and every other event to the service that it is for.",
  },
  token: {
    expected: `the one in "verification-token"`,
    hint: `Copy the Verification Token of this app from the developer console into the secret that "verification-token" reads.`,
  },
  app: {
    expected: `the app in "app-id"`,
    hint: `Check "app-id"; if one relay serves several apps, let each have a workflow of its own.`,
  },
  ticket: {
    expected: "1 to 1024 printable ASCII characters",
    hint: "Look at the event in the log of the developer console; report it as an issue of this action if it is right.",
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A number too, as somebody may have made one of the digits. */
function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function describeAge(milliseconds: number): string {
  const seconds = inSeconds(Math.abs(milliseconds));
  return milliseconds < 0 ? `${seconds} in the future` : `${seconds} ago`;
}

/** Rounded up: what is beyond a limit must not read as equal to it. */
function inSeconds(milliseconds: number): string {
  return `${String(Math.ceil(milliseconds / 1_000))} s`;
}
