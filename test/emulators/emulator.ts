import { setTimeout as sleep } from "node:timers/promises";

/**
 * A fake service: state behind one function from request to response. It has no transport of its own, so the
 * same emulator answers unit tests directly and the built action over a loopback port (`listen.ts`).
 */
export interface Emulator {
  readonly name: string;
  /** Answers a request, or throws a {@link Disconnect}. Records every request, also the ones that fail. */
  handle(request: Request): Promise<Response>;
  /** What has been asked so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Faults to inject into requests to come. */
  readonly faults: FaultSwitchboard;
}

export interface RecordedRequest {
  readonly method: string;
  /** Path and query as sent, still percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The status answered; `null` when the connection broke instead. */
  readonly status: number | null;
  /** The body answered; empty when the connection broke instead. */
  readonly answer: string;
  /** Milliseconds on the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What goes wrong instead of the normal answer. */
export type Fault =
  /** The connection breaks; `changed` says whether the service had done its work before. */
  | { readonly kind: "reset"; readonly changed: boolean }
  /** The work is done and the answer begins, but breaks off in the middle of its body. */
  | { readonly kind: "cut-off" }
  /** No answer ever comes; `changed` as for `reset`. */
  | { readonly kind: "stall"; readonly changed: boolean }
  /** Another answer in place of the normal one; `changed` as for `reset`. */
  | {
      readonly kind: "answer";
      readonly changed: boolean;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** Which requests a fault strikes. */
export interface FaultMatch {
  readonly method?: string;
  /** Matched against path and query as sent. */
  readonly path?: string | RegExp;
  /** Lets so many matching requests through first. Default 0. */
  readonly after?: number;
  /** Strikes so many matching requests, then heals. Default 1; `Infinity` never heals. */
  readonly times?: number;
}

export interface FaultSwitchboard {
  /** Arms a fault; the first armed one that matches a request strikes it. */
  arm(fault: Fault, match?: FaultMatch): void;
  /** Disarms every fault. */
  clear(): void;
  /** Milliseconds of real time between a request's work and its answer. Default 0. */
  latency: number;
}

/** Thrown by an emulator to tell its mount to break the connection instead of answering. */
export class Disconnect extends Error {
  override readonly name = "Disconnect";
  readonly how: "reset" | "stall" | "cut-off";
  /** With `cut-off`: the answer that must break off half-way through its body. */
  readonly response: Response | undefined;

  constructor(how: "reset" | "stall" | "cut-off", response?: Response) {
    super(`the emulator breaks the connection: ${how}`);
    this.how = how;
    this.response = response;
  }
}

/**
 * Makes an emulator of `answer`, the service itself: `answer` gets a request whose body was read already and
 * either responds or throws, which is a defect of the caller or of the emulator and is answered loudly with 501.
 */
export function createEmulator(
  name: string,
  answer: (request: EmulatorRequest) => Promise<Response> | Response,
): Emulator {
  const requests: RecordedRequest[] = [];
  const armed: { fault: Fault; match: FaultMatch; seen: number; struck: number }[] = [];

  const faults: FaultSwitchboard = {
    arm: (fault, match = {}) => armed.push({ fault, match, seen: 0, struck: 0 }),
    clear: () => armed.splice(0),
    latency: 0,
  };

  const strike = (method: string, path: string): Fault | undefined => {
    let hit: Fault | undefined;
    for (const trap of armed) {
      const { match } = trap;
      if (match.method !== undefined && match.method !== method) continue;
      if (typeof match.path === "string" && match.path !== path) continue;
      if (match.path instanceof RegExp && !match.path.test(path)) continue;
      trap.seen += 1;
      if (hit !== undefined || trap.seen <= (match.after ?? 0) || trap.struck >= (match.times ?? 1)) continue;
      trap.struck += 1;
      hit = trap.fault;
    }
    return hit;
  };

  const work = async (request: EmulatorRequest): Promise<Response> => {
    try {
      return await answer(request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return Response.json({ emulator: name, error: message }, { status: 501 });
    }
  };

  const handle = async (request: Request): Promise<Response> => {
    const startedAt = performance.now();
    const url = new URL(request.url);
    const path = url.pathname + url.search;
    const body = await request.text();
    const record = (status: number | null, answerBody: string): void => {
      requests.push({
        method: request.method,
        path,
        headers: Object.fromEntries(request.headers),
        body,
        status,
        answer: answerBody,
        startedAt,
        endedAt: performance.now(),
      });
    };

    const act = (): Promise<Response> =>
      work({ method: request.method, url, path, headers: request.headers, body });
    const answered = async (response: Response): Promise<Response> => {
      record(response.status, await response.clone().text());
      return response;
    };

    const fault = strike(request.method, path);
    if (fault === undefined) {
      const response = await act();
      if (faults.latency > 0) await sleep(faults.latency);
      return answered(response);
    }
    const response = fault.kind === "cut-off" || fault.changed ? await act() : undefined;
    if (fault.kind === "answer") return answered(toResponse(fault));
    record(null, "");
    throw new Disconnect(fault.kind, response);
  };

  return { name, handle, requests, faults };
}

function toResponse({ status, headers, body = "" }: Extract<Fault, { kind: "answer" }>): Response {
  return new Response([204, 205, 304].includes(status) ? null : body, {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** A request whose body has been read. */
export interface EmulatorRequest {
  readonly method: string;
  readonly url: URL;
  /** Path and query as sent, still percent-encoded. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}
