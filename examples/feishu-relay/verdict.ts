import { createHash, timingSafeEqual } from "node:crypto";
import {
  openSealed,
  type Push,
  type PushedEvent,
  readEvent,
  sealedIn,
} from "../../src/providers/feishu/push.ts";
import { LARGEST_TICKET } from "./envelope.ts";
import type { Settings } from "./settings.ts";

/** What a push turns out to be. */
export type Verdict =
  /** The check of the address that is made when it is set in the developer console; to be answered with the challenge. */
  | { readonly kind: "address-check"; readonly challenge: string }
  | { readonly kind: "ticket"; readonly event: PushedEvent }
  /** Any other event, of whatever kind. */
  | { readonly kind: "event"; readonly event: PushedEvent }
  /** `why` is for the log alone. */
  | { readonly kind: "refused"; readonly why: string };

/** @param signed whether it is signed with the Encrypt Key; if not, it can be an address check and nothing else. */
export function judge(
  push: Push,
  signed: boolean,
  { appId, encryptKey, verificationToken }: Pick<Settings, "appId" | "encryptKey" | "verificationToken">,
): Verdict {
  const sealed = sealedIn(push.rawBody);
  if (sealed === undefined) {
    return refused("its body is not encrypted; is an Encrypt Key set in the developer console?");
  }
  const opened = openSealed(sealed, encryptKey);
  if (opened === undefined) {
    return refused("its body cannot be decrypted; is FEISHU_ENCRYPT_KEY the one in the developer console?");
  }
  const event = readEvent(opened);
  if (event.type === "url_verification") return addressCheck(opened["challenge"], event, verificationToken);
  if (!signed) {
    return refused("it is not signed with the Encrypt Key; does something in between change the body?");
  }
  if (event.type !== "app_ticket") return { kind: "event", event };
  if (verificationToken !== undefined && !isSame(event.token, verificationToken)) {
    return refused("its Verification Token is not FEISHU_VERIFICATION_TOKEN");
  }
  if (event.appId !== appId) return refused("its ticket is for another app than FEISHU_APP_ID");
  if (push.rawBody.length > LARGEST_TICKET) return refused("its ticket is too large to be dispatched");
  return { kind: "ticket", event };
}

/** Compares in a time that does not tell how much of it is right. */
export function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** It need not be signed (section "security check" of the page on the Encrypt Key), so the token has to be right. */
function addressCheck(challenge: unknown, { token }: PushedEvent, expected: string | undefined): Verdict {
  if (expected === undefined) {
    return refused("it is an address check, which is answered only with FEISHU_VERIFICATION_TOKEN set");
  }
  if (!isSame(token, expected)) {
    return refused("it is an address check whose Verification Token is not FEISHU_VERIFICATION_TOKEN");
  }
  if (typeof challenge !== "string" || challenge === "" || challenge.length > LONGEST_CHALLENGE) {
    return refused("it is an address check without a usable challenge");
  }
  return { kind: "address-check", challenge };
}

const LONGEST_CHALLENGE = 1_024;

function refused(why: string): Verdict {
  return { kind: "refused", why };
}
