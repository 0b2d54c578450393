import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Disconnect, type Emulator, type Fault } from "../emulators/emulator.ts";
import { hangUp } from "../emulators/listen.ts";

/** A request as it arrives at a gate. */
export interface Arrival {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request's name within its service, and how many of that name had arrived with it in this run. */
export interface Label {
  readonly name: string;
  readonly nth: number;
}

/** What befalls one request. Everything is optional; nothing at all lets it pass. */
export interface Deed {
  /** The connection is reset, and the service has not read the request. */
  readonly unread?: true;
  /** Armed in the emulator's switchboard for this request alone; made of it, so that an answer can echo it. */
  readonly fault?: (arrival: Arrival) => Fault;
  /** Before the service acts. With `break` it does not, and no answer comes. */
  readonly before?: () => Promise<"go on" | "break">;
  /** When the service has acted. With `break` no answer comes. */
  readonly after?: (response: Response) => Promise<Response | "break">;
  /** When the answer has been handed to the socket, or nobody waits for it any more. */
  readonly answered?: () => void;
}

/** A loopback port in front of an emulator, where things can go wrong that are no answer of the service. */
export interface Gate extends AsyncDisposable {
  /** Base URL without a trailing slash, the same for good. */
  readonly url: string;
  /** Asked at every request. */
  onArrival: (label: Label, arrival: Arrival) => Deed | undefined;
  /** From now on requests are counted anew. */
  startCounting(): void;
  /**
   * From now on requests are numbered anew, and what a killed process has sent and nobody has read yet is dropped: how
   * far it came in its last instant is no part of the names of what comes next.
   */
  startNumbering(): void;
  /** After so many more answers nobody listens at the port, until {@link comeUp}. */
  goDownAfter(answers: number): Promise<void>;
  comeUp(): Promise<void>;
  /** Whether nobody listens. */
  isDown(): boolean;
  /** The requests that arrived since {@link startCounting}, in order; without an answer they never end. */
  readonly arrivals: readonly (Label & { readonly startedAt: number; readonly endedAt: number })[];
}

/** @param nameOf names what a request asks for, such as `get-application`. */
export async function openGate(emulator: Emulator, nameOf: (arrival: Arrival) => string): Promise<Gate> {
  const counts = new Map<string, number>();
  const arrivals: (Label & { startedAt: number; endedAt: number })[] = [];
  let answersLeft = Infinity;
  /** One request at a time is with the emulator, so that an armed fault strikes the one it is for. */
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  const pass = (arrival: Arrival, origin: string, { fault }: Deed): Promise<Response> =>
    inTurn(() => {
      if (fault !== undefined) emulator.faults.arm(fault(arrival));
      const { method, path, headers, body } = arrival;
      const bodiless = method === "GET" || method === "HEAD";
      return emulator.handle(
        new Request(`${origin}${path}`, { method, headers, body: bodiless ? null : body }),
      );
    });

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const arrival = await read(incoming);
    const name = nameOf(arrival);
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    const entry = { name, nth, startedAt: performance.now(), endedAt: Infinity };
    arrivals.push(entry);
    const deed = gate.onArrival(entry, arrival) ?? {};
    try {
      if (deed.unread === true) throw new Disconnect("reset");
      if ((await deed.before?.()) === "break") throw new Disconnect("reset");
      const response = await pass(arrival, `http://${incoming.headers.host ?? "127.0.0.1"}`, deed);
      const changed = (await deed.after?.(response)) ?? response;
      if (changed === "break") throw new Disconnect("reset");
      entry.endedAt = performance.now();
      answersLeft -= 1;
      if (answersLeft <= 0) stopListening();
      if (answersLeft <= 0) outgoing.setHeader("connection", "close");
      const body = Buffer.from(await changed.arrayBuffer());
      if (changed.status !== 204) outgoing.setHeader("content-length", body.length);
      outgoing.writeHead(changed.status, Object.fromEntries(changed.headers));
      outgoing.end(body);
      // A client that has given up meanwhile gets no answer, and its connection never ends one.
      if (!outgoing.writableFinished && !outgoing.destroyed) {
        await Promise.race([once(outgoing, "finish"), once(outgoing, "close")]);
      }
    } catch (error) {
      await hangUp(error, outgoing);
    } finally {
      deed.answered?.();
    }
  };

  const server = createServer((incoming, outgoing) => {
    // What is thrown here is the client hanging up while its request was still being read.
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 0;
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  const stopListening = (): void => {
    if (server.listening) server.close();
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  const gate: Gate = {
    url: `http://127.0.0.1:${String(port)}`,
    onArrival: () => undefined,
    startCounting: () => {
      counts.clear();
      arrivals.length = 0;
    },
    startNumbering: () => {
      server.closeAllConnections();
      counts.clear();
    },
    goDownAfter: async (answers) => {
      answersLeft = answers;
      if (answers > 0) return;
      stopListening();
      await new Promise((resolve) => setImmediate(resolve));
    },
    comeUp: async () => {
      answersLeft = Infinity;
      if (!server.listening) await listen(port);
    },
    isDown: () => !server.listening,
    arrivals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      if (!server.listening) return;
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
  return gate;
}

/** A port that nothing should ever be sent to. */
export interface Trap extends AsyncDisposable {
  readonly url: string;
  /** How many connections were made to it. */
  readonly caught: () => number;
}

export async function openTrap(): Promise<Trap> {
  let caught = 0;
  const server = createServer((_incoming, outgoing) => {
    outgoing.end("{}");
  });
  server.on("connection", () => {
    caught += 1;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    caught: () => caught,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

async function read(incoming: IncomingMessage): Promise<Arrival> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  return {
    method: incoming.method ?? "GET",
    path: incoming.url ?? "/",
    headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}
