import { readAll } from "./body.ts";
import { reasonOf } from "./log.ts";
import { type Tools, USER_AGENT } from "./tools.ts";

/** An event on its way to the team's own service. */
export interface Delivery {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Those of the platform's request. */
  readonly headers: Headers;
  /** Says when there is no more time to wait for the service. */
  readonly deadline: AbortSignal;
}

/** @returns the service's answer as the platform gets it; a text that says why there is none. */
export async function passOn(
  { body, headers, deadline }: Delivery,
  address: string,
  { fetch }: Pick<Tools, "fetch">,
): Promise<Response | string> {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "user-agent": USER_AGENT, ...signedHeaders(headers) },
      body,
      redirect: "manual",
      signal: deadline,
    });
    if (answer.status < 200 || (answer.status >= 300 && answer.status < 400)) {
      return "it answered with a redirect, which is not followed: set EVENT_SERVICE_URL to where it leads";
    }
    const content = await readAll(answer.body, LARGEST_ANSWER, deadline);
    if (content === undefined) return "its answer is larger than 1 MiB";
    const type = answer.headers.get("content-type");
    return new Response([204, 205].includes(answer.status) ? null : content, {
      status: answer.status,
      headers: type === null ? {} : { "content-type": type },
    });
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

/** Bytes. */
const LARGEST_ANSWER = 2 ** 20;

/** What the service needs to check the event as if it had come from the platform itself. */
function signedHeaders(headers: Headers): Record<string, string> {
  const wanted = /^(?:content-type|x-request-id|x-lark-.*)$/;
  return Object.fromEntries([...headers].filter(([name]) => wanted.test(name)));
}
