import { createHash, createHmac } from "node:crypto";
import type { EmulatorRequest } from "../emulator.ts";

/** The parts of `Authorization: SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`. */
export interface Authorization {
  /** Also the AppKey, where an app calls a published API: both are signed alike. */
  readonly accessKeyId: string;
  /** As sent. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What signing covers. */
export type SignedRequest = Pick<EmulatorRequest, "method" | "url" | "headers" | "body">;

export interface Verdict {
  /** `expired`: signed too long ago, or too far ahead. */
  readonly state: "valid" | "expired" | "invalid";
  /** `X-Sdk-Date` as sent; empty where it is missing. */
  readonly date: string;
  /** How the gateway reads the request. */
  readonly canonicalRequest: string;
}

/** Undefined where the header is missing or of another form. */
export function parseAuthorization(header: string | null): Authorization | undefined {
  const [, accessKeyId, names, signature] =
    /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(header ?? "") ??
    [];
  if (accessKeyId === undefined || names === undefined || signature === undefined) return undefined;
  return { accessKeyId, signedHeaders: names.split(";"), signature };
}

/**
 * Verifies a signature made with `secretKey`, at `now` in milliseconds since 1970.
 * https://support.huaweicloud.com/devg-apisign/api-sign-algorithm-001.html
 */
export function verify(
  request: SignedRequest,
  authorization: Authorization,
  secretKey: string,
  now: number,
): Verdict {
  const canonical = canonicalRequest(request, authorization.signedHeaders);
  const date = request.headers.get("x-sdk-date") ?? "";
  const skew = Math.abs(now - parseDate(date));
  // The only header that must be signed. The gateway checks its form too.
  const dated = !Number.isNaN(skew) && hasSigned(authorization, "x-sdk-date");
  const state =
    dated && skew > MAX_CLOCK_SKEW
      ? "expired"
      : dated && authorization.signature === sign(canonical, date, secretKey)
        ? "valid"
        : "invalid";
  return { state, date, canonicalRequest: canonical };
}

export function hasSigned({ signedHeaders }: Authorization, name: string): boolean {
  return signedHeaders.some((each) => each.toLowerCase() === name);
}

/** `date` is the value of `X-Sdk-Date`; the signature is 64 lower-case hex digits. */
export function sign(canonical: string, date: string, secretKey: string): string {
  const text = ["SDK-HMAC-SHA256", date, sha256(canonical)].join("\n");
  return createHmac("sha256", secretKey).update(text, "utf8").digest("hex");
}

export function canonicalRequest(
  { method, url, headers, body }: SignedRequest,
  signedHeaders: readonly string[],
): string {
  const names = signedHeaders.map((name) => name.toLowerCase()).sort();
  // A request that never went over the wire has no header "host".
  const value = (name: string): string => headers.get(name) ?? (name === "host" ? url.host : "");
  return [
    method,
    canonicalPath(url),
    canonicalQuery(url),
    names.map((name) => `${name}:${value(name).trim()}\n`).join(""),
    names.join(";"),
    sha256(body),
  ].join("\n");
}

/** As `X-Sdk-Date` has it, of milliseconds since 1970. */
export function formatDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** "The difference … exceeds 15 minutes": https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-0003.html */
const MAX_CLOCK_SKEW = 15 * 60_000;

/**
 * Decoded, then encoded once, as the signing guide and the SDK for Python have it. The SDK for Node.js encodes what
 * is encoded already; which of the two the gateway does is not known. Both agree on unreserved characters.
 */
function canonicalPath(url: URL): string {
  const path = url.pathname
    .split("/")
    .map((segment) => encode(decodeURIComponent(segment)))
    .join("/");
  return path.endsWith("/") ? path : `${path}/`;
}

function canonicalQuery(url: URL): string {
  // Not `searchParams`, which reads "+" as a space.
  const query = url.search.slice(1);
  if (query.includes("+")) throw new Error(`what the gateway makes of "+" is not known, send %20 or %2B`);
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(rest.join("=")))] as const;
    })
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map((pair) => pair.join("="))
    .join("&");
}

/** By code, so that capitals come first. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Everything but A-Z a-z 0-9 - _ . ~ */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Milliseconds since 1970 of `YYYYMMDDTHHMMSSZ`; NaN for another form. */
function parseDate(text: string): number {
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(text) ?? [];
  if (date === undefined || time === undefined) return NaN;
  return Date.parse(
    `${date.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time.replace(/(..)(..)(..)/, "$1:$2:$3")}Z`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
