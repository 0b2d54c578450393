import type { Clock } from "../../src/clock.ts";
import type { Log } from "./log.ts";

/** What the relay needs of the world around it. */
export interface Tools {
  /** Such as the global one. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly log: Log;
}

export const USER_AGENT = "rotate-app-secret-feishu-relay";
