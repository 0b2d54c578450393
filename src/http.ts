import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { getProxyUrl } from "@actions/http-client/lib/proxy";
import type { Dispatcher } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute; `https`, save for loopback. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole exchange, connecting included. Default 20 000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  /** Redirects are answered as they are, never followed. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * One exchange, made once: nothing is repeated here.
 *
 * @throws {HttpFailure} if there is no whole answer.
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>;

/** No whole answer came. Holds neither URL, headers nor body. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  /** Whether the request was handed to the socket, so that the other side may have acted on it. */
  readonly sent: boolean;
  /** Few words, such as `ECONNREFUSED` or `no answer in 20 s`. */
  readonly reason: string;

  constructor(reason: string, sent: boolean) {
    super(`no whole answer: ${reason}`);
    this.reason = reason;
    this.sent = sent;
  }
}

const DEFAULT_TIMEOUT = 20_000;

/**
 * Lets requests that were just made get on their way: loading a large library holds up the whole process, name
 * look-ups and connections too.
 */
export async function letRequestsLeave(): Promise<void> {
  // Look-up, connection and the first bytes take a turn of the event loop each.
  for (let turn = 0; turn < 4; turn += 1) await setImmediate();
}

/** The largest answer read, in bytes: a secret of 48 KB, every character of it escaped, with room to spare. */
const LARGEST_BODY = 2 ** 20;

/** Makes an HTTP client that keeps connections open and goes through the proxy which the environment names. */
export function createHttp(): Http {
  const dispatcherFor = createDispatchers();
  return async (request) => {
    const url = new URL(request.url);
    return exchange(await dispatcherFor(url), url, request);
  };
}

/** A renamed repository answers with one redirect; more than a few are a loop. */
const MOST_REDIRECTS = 3;

/**
 * Follows redirects on the same origin: another one must not get what the request carries. What leads elsewhere is
 * answered as it is.
 */
export function followOnOrigin(http: Http): Http {
  return async (request) => {
    let { url } = request;
    let response = await http(request);
    for (let hops = 0; isRedirect(response) && hops < MOST_REDIRECTS; hops += 1) {
      const next = URL.parse(response.headers["location"] ?? "", url);
      if (next?.origin !== new URL(url).origin) break;
      url = next.href;
      response = await http({ ...request, url });
    }
    return response;
  };
}

function isRedirect({ status, headers }: HttpResponse): boolean {
  return [301, 302, 307, 308].includes(status) && headers["location"] !== undefined;
}

function exchange(dispatcher: Dispatcher, url: URL, request: HttpRequest): Promise<HttpResponse> {
  const timeout = request.timeout ?? DEFAULT_TIMEOUT;
  return new Promise((resolve, reject) => {
    let sent = false;
    let settled = false;
    let abort: ((reason: Error) => void) | undefined;
    let status = 0;
    let headers: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let size = 0;

    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", cancel);
      act();
    };
    const fail = (reason: string): void => {
      const failure = new HttpFailure(reason, sent);
      settle(() => {
        reject(failure);
      });
      abort?.(failure);
    };
    const cancel = (): void => {
      fail("cancelled");
    };
    const timer = setTimeout(() => {
      fail(`no answer in ${String(timeout / 1_000)} s`);
    }, timeout);
    if (request.signal?.aborted === true) {
      cancel();
      return;
    }
    request.signal?.addEventListener("abort", cancel, { once: true });

    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: { "user-agent": "rotate-app-secret", ...request.headers },
        body: request.body ?? null,
        // The timer above ends stalls; two more clocks would only name other numbers.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        // Called right before the bytes go to the socket. A second call would be a repetition.
        onConnect: (abortRequest) => {
          abort = abortRequest;
          if (settled || sent) {
            abortRequest(new HttpFailure("repeated", sent));
            return;
          }
          sent = true;
        },
        onHeaders: (statusCode, rawHeaders) => {
          status = statusCode;
          headers = toRecord(rawHeaders);
          return true;
        },
        onData: (chunk) => {
          size += chunk.length;
          if (size > LARGEST_BODY) fail("answer larger than 1 MiB");
          else chunks.push(chunk);
          return true;
        },
        onComplete: () => {
          settle(() => {
            const body = Buffer.concat(chunks).toString("utf8");
            // Undici frees the connection in a turn of its own: a request made before it would open another one.
            void Promise.resolve()
              .then(() => setImmediate())
              .then(() => {
                resolve({ status, headers, body });
              });
          });
        },
        onError: (error) => {
          fail(reasonOf(error));
        },
      },
    );
  });
}

/** Error codes are few and harmless; messages may hold addresses of proxies with passwords. */
function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "connection failed";
}

function toRecord(rawHeaders: readonly Buffer[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = String(rawHeaders[at]).toLowerCase();
    const value = String(rawHeaders[at + 1]);
    const former = record[name];
    record[name] = former === undefined ? value : `${former}, ${value}`;
  }
  return record;
}

/** One dispatcher for direct connections and one per proxy, each made when first needed. */
function createDispatchers(): (url: URL) => Dispatcher | Promise<Dispatcher> {
  // Undici reads answers with WebAssembly. After a few of them V8 would compile it anew to make it fast, which takes
  // 15 ms and 20 MB and holds up the end of the process; it gets through hundreds of answers in that time as it is.
  setFlagsFromString("--wasm-tiering-budget=1000000000");
  let direct: Dispatcher | undefined;
  const proxies = new Map<string, Promise<Dispatcher>>();
  return (url) => {
    const proxy = getProxyUrl(url);
    if (proxy === undefined) return (direct ??= new Agent());
    const known = proxies.get(proxy.href);
    if (known !== undefined) return known;
    const made = createProxyDispatcher(proxy);
    proxies.set(proxy.href, made);
    return made;
  };
}

async function createProxyDispatcher({ origin, username, password }: URL): Promise<Dispatcher> {
  const { Pool, ProxyAgent } = await import("undici");
  const token = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return new ProxyAgent({
    uri: origin,
    ...(username === "" ? {} : { token }),
    clientFactory: (proxyOrigin, options) => {
      const pool = new Pool(proxyOrigin, options);
      const connect: (to: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> =
        pool.connect.bind(pool);
      // Undici connects again, without end or pause, to a proxy that hangs up: unless the error has another name.
      const connectOnce = (to: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> =>
        connect(to).catch((error: unknown) => {
          throw Object.assign(new Error("the proxy did not connect"), { code: codeOf(error) });
        });
      return Object.assign(pool, { connect: connectOnce });
    },
  });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === undefined || code === "UND_ERR_SOCKET" ? "PROXY_HUNG_UP" : code;
}
