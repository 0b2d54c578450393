import { createHash, createHmac } from "node:crypto";

export interface SignedRequest {
  readonly method: string;
  /** As it is sent. */
  readonly url: string;
  /** Every header to be signed; `host` and `x-sdk-date` are added. */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact text that is sent; empty if there is none. */
  readonly body: string;
}

export interface KeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

const ALGORITHM = "SDK-HMAC-SHA256";

/**
 * The headers of a request signed with SDK-HMAC-SHA256
 * (https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html). The same algorithm signs calls of Huawei
 * Cloud's own APIs with an access key, and calls of published APIs with an app's key and secret.
 *
 * @param now milliseconds since 1970; the gateway refuses more than 15 minutes of difference.
 */
export function sign(
  request: SignedRequest,
  { accessKey, secretKey }: KeyPair,
  now: number,
): Record<string, string> {
  const date = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers: Record<string, string> = {
    ...request.headers,
    host: new URL(request.url).host,
    "x-sdk-date": date,
  };
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const signedHeaders = names.sort().join(";");
  const digest = sha256(canonicalRequest({ ...request, headers }, signedHeaders));
  const signature = createHmac("sha256", secretKey).update(`${ALGORITHM}\n${date}\n${digest}`).digest("hex");
  const authorization = `${ALGORITHM} Access=${accessKey}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** What is signed: method, path, query, headers and body, each in its canonical form. */
export function canonicalRequest(
  { method, url, headers, body }: SignedRequest,
  signedHeaders: string,
): string {
  const { pathname, search } = new URL(url);
  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const lines = signedHeaders.split(";").map((name) => `${name}:${values.get(name) ?? ""}\n`);
  return [
    method,
    canonicalPath(pathname),
    canonicalQuery(search),
    lines.join(""),
    signedHeaders,
    sha256(body),
  ].join("\n");
}

/** Every segment encoded once, and a slash at the end, which the URL itself does not get. */
function canonicalPath(pathname: string): string {
  const path = pathname
    .split("/")
    .map((segment) => encode(decode(segment)))
    .join("/");
  return path.endsWith("/") ? path : `${path}/`;
}

/** What is not percent-encoded UTF-8 is taken as it stands. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Sorted by name, then by value, in code order. */
function canonicalQuery(search: string): string {
  return [...new URLSearchParams(search)]
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All but unreserved characters as %XX in upper case. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
