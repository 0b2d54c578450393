import { type Envelope, sentAt } from "./envelope.ts";

/** Envelopes of the last hour, for the action to fetch. */
export interface Inbox {
  keep(envelope: Envelope): void;
  /** Those that the platform sent in this second or later, newest first. Its own times are whole seconds. */
  since(seconds: number): readonly Envelope[];
}

export function createInbox(now: () => number): Inbox {
  let kept: { readonly envelope: Envelope; readonly until: number }[] = [];
  const current = (): typeof kept => kept.filter(({ until }) => now() < until);
  return {
    keep: (envelope) => {
      kept = [...current(), { envelope, until: now() + LIFETIME }].slice(-MOST);
    },
    since: (seconds) => {
      kept = current();
      return kept
        .map(({ envelope }) => envelope)
        .filter((envelope) => sentAt(envelope) >= Math.floor(seconds) * 1_000)
        .reverse()
        .sort((a, b) => sentAt(b) - sentAt(a));
    },
  };
}

/** Milliseconds. */
const LIFETIME = 60 * 60_000;

/** One ticket comes in an hour, and one whenever the action asks for it. */
const MOST = 100;
