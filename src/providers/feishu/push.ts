import { createDecipheriv, createHash, timingSafeEqual } from "node:crypto";

/** An event as the platform pushed it: the body's own bytes, and the three headers that sign them. */
export interface Push {
  readonly rawBody: Uint8Array;
  /** `X-Lark-Request-Timestamp`: seconds since 1970. */
  readonly timestamp: string;
  /** `X-Lark-Request-Nonce` */
  readonly nonce: string;
  /** `X-Lark-Signature` */
  readonly signature: string;
}

/** What every event has, whichever of the two shapes it comes in. Empty where the event does not say. */
export interface PushedEvent {
  /** Such as `app_ticket`; `url_verification` for the check of an address. */
  readonly type: string;
  /** The same for every delivery of one event. */
  readonly id: string;
  /** The Verification Token of the app's subscription. */
  readonly token: string;
  readonly appId: string;
  /** What else the event holds. */
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Whether the three headers have the form that the platform gives them. Timestamp and nonce are signed without
 * anything between them, so only the exact length of the one makes their border certain.
 */
export function isWellFormed({ timestamp, nonce, signature }: Push): boolean {
  return (
    /^\d{10}$/.test(timestamp) && /^[A-Za-z0-9_-]{1,64}$/.test(nonce) && /^[0-9a-f]{64}$/.test(signature)
  );
}

/**
 * Whether the push is signed with this Encrypt Key: `SHA-256(timestamp + nonce + key + body)` over the bytes as they
 * came (https://open.feishu.cn/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/encrypt-key-encryption-configuration-case).
 * Without a key the platform signs all the same, with an empty one, as anybody can: that is never accepted.
 */
export function isSigned(push: Push, encryptKey: string): boolean {
  if (encryptKey === "" || !isWellFormed(push)) return false;
  const expected = createHash("sha256")
    .update(push.timestamp + push.nonce + encryptKey, "utf8")
    .update(push.rawBody)
    .digest();
  return timingSafeEqual(expected, Buffer.from(push.signature, "hex"));
}

/** The `encrypt` of a body, still closed; undefined if the body is not such a one. */
export function sealedIn(rawBody: Uint8Array): string | undefined {
  const sealed = parseObject(rawBody)?.["encrypt"];
  return typeof sealed === "string" ? sealed : undefined;
}

/**
 * Decrypts what {@link sealedIn} gives: AES-256-CBC under the SHA-256 of the Encrypt Key, the IV in front
 * (https://open.feishu.cn/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/encrypt-key-encryption-configuration-case).
 * It protects nothing from being changed, so check {@link isSigned} first: a wrong key is not always noticed here.
 *
 * @returns undefined if it cannot be decrypted, whatever the reason.
 */
export function decrypt(sealed: string, encryptKey: string): Uint8Array | undefined {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.toString("base64") !== sealed || bytes.length < 2 * BLOCK || bytes.length % BLOCK !== 0) {
    return undefined;
  }
  try {
    const key = createHash("sha256").update(encryptKey, "utf8").digest();
    const decipher = createDecipheriv("aes-256-cbc", key, bytes.subarray(0, BLOCK));
    return Buffer.concat([decipher.update(bytes.subarray(BLOCK)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The JSON object that is encrypted; undefined if there is none, whatever the reason. See {@link decrypt}. */
export function openSealed(
  sealed: string,
  encryptKey: string,
): Readonly<Record<string, unknown>> | undefined {
  const plain = decrypt(sealed, encryptKey);
  return plain === undefined ? undefined : parseObject(plain);
}

/**
 * Reads an event in the shape that the platform documents for `app_ticket` ("1.0",
 * https://open.feishu.cn/document/server-docs/application-v6/event/app_ticket-events), or in the newer one ("2.0"),
 * of which no page says that this event has it.
 */
export function readEvent(object: Readonly<Record<string, unknown>>): PushedEvent {
  const content = asObject(object["event"]);
  const header = asObject(object["header"]);
  if (object["schema"] === "2.0") {
    return {
      type: asText(header["event_type"]),
      id: asText(header["event_id"]),
      token: asText(header["token"]),
      appId: asText(content["app_id"]) || asText(header["app_id"]),
      content,
    };
  }
  const type = asText(object["type"]);
  return {
    type: type === "event_callback" ? asText(content["type"]) : type,
    id: asText(object["uuid"]),
    token: asText(object["token"]),
    appId: asText(content["app_id"]),
    content,
  };
}

/** Of AES, in bytes. */
const BLOCK = 16;

/** The whole of some bytes as a JSON object: UTF-8, and nothing behind it. */
function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    );
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
