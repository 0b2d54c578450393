import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createPort, type Socket } from "node:net";
import { Disconnect, type Emulator } from "./emulator.ts";

export interface Listening extends AsyncDisposable {
  /** Base URL without a trailing slash, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Mounts an emulator on a free port of the loopback interface, or on `port`.
 *
 * @param connecting milliseconds in which nothing is read from a new connection, as if the service were far away.
 *   Default 0.
 */
export async function listen(emulator: Emulator, port = 0, connecting = 0): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    void answer(emulator, incoming, outgoing);
  });
  const sockets = new Set<Socket>();
  const entrance = createPort((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Until the server has it nobody else hears of its failures.
    socket.on("error", () => undefined);
    if (connecting === 0) server.emit("connection", socket);
    else setTimeout(() => server.emit("connection", socket), connecting);
  });
  await new Promise<void>((resolve, reject) => {
    entrance.once("error", reject);
    entrance.listen(port, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      entrance.close(() => {
        resolve();
      });
    });
  };
  return {
    url: `http://127.0.0.1:${String((entrance.address() as AddressInfo).port)}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function answer(
  emulator: Emulator,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const response = await emulator.handle(await toRequest(incoming));
    const body = Buffer.from(await response.arrayBuffer());
    // An explicit length keeps the connection usable, as the real services do.
    if (response.status !== 204) outgoing.setHeader("content-length", body.length);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(body);
  } catch (error) {
    await hangUp(error, outgoing);
  }
}

/** Ends a connection as a {@link Disconnect} says. Anything else is the client's hanging up while its request was read. */
export async function hangUp(error: unknown, outgoing: ServerResponse): Promise<void> {
  if (!(error instanceof Disconnect)) {
    outgoing.destroy();
    return;
  }
  if (error.how === "stall") return;
  if (error.how === "reset" || error.response === undefined) {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  const body = Buffer.from(await error.response.arrayBuffer());
  // A body that is too short to be cut is announced as longer than it is.
  outgoing.setHeader("content-length", Math.max(body.length, 2));
  const { status } = error.response;
  outgoing.writeHead(status === 204 ? 200 : status, Object.fromEntries(error.response.headers));
  outgoing.write(body.subarray(0, Math.ceil(body.length / 2)), () => outgoing.socket?.destroy());
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? "", incoming.rawHeaders[at + 1] ?? "");
  }
  const method = incoming.method ?? "GET";
  const url = `http://${incoming.headers.host ?? "127.0.0.1"}${incoming.url ?? "/"}`;
  const body = method === "GET" || method === "HEAD" ? null : Buffer.concat(chunks);
  return new Request(url, { method, headers, body });
}
