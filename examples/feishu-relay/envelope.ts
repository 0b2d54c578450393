import type { Push } from "../../src/providers/feishu/push.ts";

/** A push as it is handed on to the action: still encrypted, with what signs it. */
export interface Envelope {
  readonly v: 1;
  readonly body_b64: string;
  /** Seconds since 1970, ten digits: when the platform sent it. */
  readonly timestamp: string;
  readonly nonce: string;
  readonly signature: string;
}

/** How old an envelope may be, in milliseconds: by default the action takes none that is older. */
export const LONGEST_AGE = 15 * 60_000;

/** Bytes of a body whose envelope is sure to fit into the 65 535 characters that GitHub takes; a ticket has some hundred. */
export const LARGEST_TICKET = 40_000;

export function toEnvelope({ rawBody, timestamp, nonce, signature }: Push): Envelope {
  return { v: 1, body_b64: Buffer.from(rawBody).toString("base64"), timestamp, nonce, signature };
}

/** In milliseconds since 1970. */
export function sentAt({ timestamp }: Pick<Envelope, "timestamp">): number {
  return Number(timestamp) * 1_000;
}
