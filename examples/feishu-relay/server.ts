import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import type { Log } from "./log.ts";
import { createRelay, type Relay } from "./relay.ts";
import { readSettings, type ServerSettings, SettingsError } from "./settings.ts";

/** How long a stop waits for what is under way, in milliseconds. */
const LONGEST_STOP = 25_000;

/** How long a client that is still sending its body is left to read the answer, in milliseconds. */
const LINGER = 500;

const log: Log = (level, sentence) => {
  process.stdout.write(`${new Date().toISOString()} ${level}: ${sentence}\n`);
};

const settings = settingsOrExit();
if (settings !== undefined) serve(settings);

function settingsOrExit(): ServerSettings | undefined {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) log("error", problem);
    process.exitCode = 1;
    return undefined;
  }
}

function serve({ relay: relaySettings, host, port, warnings }: ServerSettings): void {
  for (const warning of warnings) log("warning", warning);
  const relay = createRelay(relaySettings, { fetch, clock: systemClock, log });
  let stopping = false;

  const server = createServer(
    // The relay itself answers sooner than these; they end connections on which nothing comes.
    { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    (incoming, outgoing) => {
      // Proxies close idle connections after 60 s as a rule, and should be the ones to do it.
      if (stopping) outgoing.setHeader("connection", "close");
      answer(relay, incoming, outgoing).catch(() => outgoing.destroy());
    },
  );
  server.keepAliveTimeout = 75_000;
  server.maxConnections = 256;
  server.on("error", ({ code }: NodeJS.ErrnoException) => {
    log(
      "error",
      `Cannot listen on ${host}:${port} (${code ?? "unknown"}): set HOST and PORT to a free address.`,
    );
    process.exitCode = 1;
  });
  server.listen(port, host, () => {
    const { address, port: taken, family } = server.address() as AddressInfo;
    const shown = family === "IPv6" ? `[${address}]` : address;
    log("info", `Listening on http://${shown}:${taken}${relaySettings.callbackPath}`);
  });

  const stop = async (): Promise<void> => {
    log("info", `Stopping: no new requests; up to ${LONGEST_STOP / 1_000} s for what is under way.`);
    const closed = new Promise((resolve) => server.close(resolve));
    const finished = closed.then(() => relay.idle()).then(() => true);
    const inTime = await Promise.race([finished, sleep(LONGEST_STOP, false)]);
    log(
      inTime ? "info" : "error",
      inTime ? "Stopped." : "Stopped with work undone: a ticket may not have been dispatched.",
    );
    process.exit(inTime ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // The second one is impatient.
      if (stopping) process.exit(1);
      stopping = true;
      void stop();
    });
  }
}

async function answer(relay: Relay, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = toRequest(incoming);
  const response =
    request === undefined ? new Response("bad request", { status: 400 }) : await relay.handle(request);
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    "content-length": body.length,
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : body, () => {
    // The rest of a body that nobody reads would keep the connection for itself.
    if (!incoming.complete) setTimeout(() => incoming.destroy(), LINGER).unref();
  });
}

/** The body comes as a stream, so that the relay's own clock runs while it arrives. */
function toRequest(incoming: IncomingMessage): Request | undefined {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  if (!url.startsWith("/")) return undefined;
  try {
    const headers = new Headers();
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    }
    const body = method === "GET" || method === "HEAD" ? null : Readable.toWeb(incoming);
    return new Request(`http://relay.invalid${url}`, { method, headers, body, duplex: "half" });
  } catch {
    return undefined;
  }
}
