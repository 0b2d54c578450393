import { type Push, requestOf } from "./push.ts";

/** One attempt to bring a push to an app. */
export interface Delivery {
  readonly appId: string;
  readonly kind: "event" | "address check";
  /** `uuid` or `event_id`, the same for every attempt; empty for a check. */
  readonly eventId: string;
  /** 1 for the first. A repetition after a success has the next number too. */
  readonly attempt: number;
  readonly url: string;
  readonly push: Push;
  /** `null` where the app was too slow or could not be reached. */
  readonly status: number | null;
  readonly answer: string;
  /** Milliseconds on the emulator's clock. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export type Attempt = Pick<Delivery, "appId" | "kind" | "eventId" | "attempt" | "url" | "push">;

/** Brings pushes to apps, and knows what is still to be done. */
export interface Courier {
  /** Every attempt that has ended, in the order of their ends. */
  readonly deliveries: readonly Delivery[];
  readonly closed: boolean;
  /** Never rejects. `limit` is in milliseconds. */
  attempt(attempt: Attempt, limit: number): Promise<Delivery>;
  /** Resolves with whether the time passed; with `false` as soon as the courier is closed. Zero takes no timer. */
  sleep(milliseconds: number): Promise<boolean>;
  /** Has {@link settled} wait for some work. */
  track<Result>(work: Promise<Result>): Promise<Result>;
  settled(): Promise<void>;
  /** Breaks off all attempts and sleeps, and starts none any more. */
  close(): void;
}

export function createCourier(now: () => number, deliver: (request: Request) => Promise<Response>): Courier {
  const deliveries: Delivery[] = [];
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();

  return {
    deliveries,
    get closed() {
      return closing.signal.aborted;
    },
    attempt: async (attempt, limit) => {
      const startedAt = now();
      const limited = new AbortController();
      const timer = setTimeout(() => {
        limited.abort();
      }, limit);
      const signal = AbortSignal.any([closing.signal, limited.signal]);
      let [status, answer]: [number | null, string] = [null, ""];
      try {
        signal.throwIfAborted();
        const request = new Request(requestOf(attempt.push, attempt.url), { signal });
        const response = await unlessAborted(signal, deliver(request));
        answer = await unlessAborted(signal, response.text());
        status = response.status;
      } catch {
        // Too slow, or not to be reached: it counts the same.
      } finally {
        clearTimeout(timer);
      }
      const delivery = { ...attempt, status, answer, startedAt, endedAt: now() };
      deliveries.push(delivery);
      return delivery;
    },
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        const { signal } = closing;
        if (milliseconds === 0 || signal.aborted) {
          resolve(!signal.aborted);
          return;
        }
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          resolve(!signal.aborted);
        };
        const timer = setTimeout(wake, milliseconds);
        signal.addEventListener("abort", wake);
      }),
    track: (work) => {
      const forget = (): void => {
        underWay.delete(work);
      };
      underWay.add(work);
      work.then(forget, forget);
      return work;
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    close: () => {
      closing.abort();
    },
  };
}

/** For work that does not heed the signal itself. */
function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject);
  });
}
