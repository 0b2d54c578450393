import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  randomInt,
  randomUUID,
} from "node:crypto";

/** An event in the shape that the app's subscription has it in, still without what every event has. */
export interface FeishuEvent {
  /** Such as `app_ticket`; `url_verification` is the check of an address, which is no event and is not wrapped. */
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What reaches an app's request URL: the body's own bytes, and the three headers beside it, empty if not sent. */
export interface Push {
  readonly rawBody: Uint8Array;
  /** `X-Lark-Request-Timestamp`: seconds since 1970. */
  readonly timestamp: string;
  /** `X-Lark-Request-Nonce` */
  readonly nonce: string;
  /** `X-Lark-Signature` */
  readonly signature: string;
}

/** A push as relays and inboxes hand it on: a form of this project, not of the platform. */
export interface Envelope {
  readonly v: 1;
  readonly body_b64: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly signature: string;
}

export function envelopeOf({ rawBody, timestamp, nonce, signature }: Push): Envelope {
  return { v: 1, body_b64: Buffer.from(rawBody).toString("base64"), timestamp, nonce, signature };
}

/** The request that brings a push. Header names and agent are those of a push that was published. */
export function requestOf(push: Push, url: string): Request {
  const { rawBody, timestamp, nonce, signature } = push;
  const signed = {
    "x-lark-request-timestamp": timestamp,
    "x-lark-request-nonce": nonce,
    "x-lark-signature": signature,
  };
  return new Request(url, {
    method: "POST",
    headers: {
      "content-type": "application/json;charset=utf-8",
      "user-agent": "Go-http-client/1.1",
      "x-request-id": randomUUID(),
      ...Object.fromEntries(Object.entries(signed).filter(([, value]) => value !== "")),
    },
    body: Buffer.from(rawBody),
    // That the platform follows no redirect is not documented.
    redirect: "manual",
  });
}

/** What every event has. */
export interface Frame {
  readonly appId: string;
  readonly shape: "1.0" | "2.0";
  /** The same for every delivery of the event. */
  readonly id: string;
  /** The Verification Token. */
  readonly token: string;
  /** Seconds since 1970 with a fraction, when it was sent. */
  readonly ts: string;
}

/**
 * Puts an event into its frame: https://open.feishu.cn/document/server-docs/event-subscription-guide/overview. For
 * `app_ticket` "1.0" is documented, at https://open.feishu.cn/document/server-docs/application-v6/event/app_ticket-events,
 * and "2.0" nowhere.
 */
export function frameEvent(event: FeishuEvent, { appId, shape, id, token, ts }: Frame): object {
  const { type, ...content } = event;
  if (type === "url_verification") return { ...content, token, type };
  if (shape === "1.0") return { ts, uuid: id, token, type: "event_callback", event };
  // Milliseconds, as in the published push; the page's sample has microseconds.
  const created = String(Math.floor(Number(ts) * 1000));
  const header = { event_id: id, token, create_time: created, event_type: type, app_id: appId };
  return { schema: "2.0", header, event: content };
}

/**
 * Encrypts the text of a body:
 * https://open.feishu.cn/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/encrypt-key-encryption-configuration-case
 */
export function seal(text: string, encryptKey: string, iv: Uint8Array = randomBytes(16)): string {
  const cipher = createCipheriv("aes-256-cbc", aesKey(encryptKey), iv);
  return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final()]).toString("base64");
}

/** Throws what the cipher does when the key is not the one that it was sealed with. */
export function unseal(sealed: string, encryptKey: string): string {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-cbc", aesKey(encryptKey), bytes.subarray(0, 16));
  return decipher.update(bytes.subarray(16), undefined, "utf8") + decipher.final("utf8");
}

/** Signs a body as {@link seal}'s page has it. With no Encrypt Key the platform was seen to sign with an empty one. */
export function signPush(
  rawBody: Uint8Array,
  encryptKey: string,
  { timestamp, nonce }: Pick<Push, "timestamp" | "nonce">,
): Push {
  const signature = createHash("sha256")
    .update(timestamp)
    .update(nonce)
    .update(encryptKey)
    .update(rawBody)
    .digest("hex");
  return { rawBody, timestamp, nonce, signature };
}

/** Nine digits, as in the published push. */
export function makeNonce(): string {
  return String(randomInt(100_000_000, 1_000_000_000));
}

function aesKey(encryptKey: string): Buffer {
  return createHash("sha256").update(encryptKey, "utf8").digest();
}
