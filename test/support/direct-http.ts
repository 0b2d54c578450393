import { HttpFailure, type Http, type HttpRequest } from "../../src/http.ts";
import { Disconnect, type Emulator } from "../emulators/emulator.ts";
import type { FakeClock } from "./fake-clock.ts";

/**
 * Calls an emulator without a socket, whatever host the URL names. A broken connection becomes the failure that
 * `createHttp` makes of it; a stall ends at once, and costs its timeout on the clock, if there is one.
 *
 * What the emulator does not know rejects with an error that is no HttpFailure: such a request is a defect.
 */
export function directHttp(emulator: Emulator, clock?: FakeClock): Http {
  return async (request) => {
    if (request.signal?.aborted === true) throw new HttpFailure("cancelled", false);
    const response = await emulator.handle(toRequest(request)).catch((thrown: unknown) => {
      throw thrown instanceof Disconnect ? toFailure(thrown, request, clock) : thrown;
    });
    const body = await response.text();
    if (response.status === 501 && body.includes(`"emulator"`)) throw new Error(body);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
}

function toRequest({ method, url, headers, body }: HttpRequest): Request {
  return new Request(url, {
    method,
    headers: { "user-agent": "rotate-app-secret", ...headers },
    body: body ?? null,
  });
}

/** The reasons are those that `http.test.ts` sees on real sockets. */
function toFailure({ how }: Disconnect, { timeout = 20_000 }: HttpRequest, clock?: FakeClock): HttpFailure {
  if (how !== "stall") return new HttpFailure(how === "reset" ? "ECONNRESET" : "UND_ERR_SOCKET", true);
  clock?.advance(timeout);
  return new HttpFailure(`no answer in ${String(timeout / 1_000)} s`, true);
}
