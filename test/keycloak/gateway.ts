import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What stands between the action and a server, and may do something to an answer before it goes on. */
export interface Gateway extends AsyncDisposable {
  /** Base URL without a trailing slash. */
  readonly url: string;
  /** Looked at with every answer: resolves to whether it goes on, or is lost. Default: all go on. */
  onAnswer: (request: { readonly method: string; readonly path: string }) => Promise<boolean>;
}

/** Hands requests on to `target`, and hangs up where that cannot be reached. */
export async function openGateway(target: string): Promise<Gateway> {
  const server = createServer((incoming, outgoing) => {
    void relay(incoming, outgoing).catch(() => outgoing.socket?.destroy());
  });
  const relay = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = "GET", url: path = "/" } = incoming;
    const body = await buffer(incoming);
    const headers = Object.entries(incoming.headers).filter(([name]) => !OF_A_CONNECTION.includes(name));
    const answer = await fetch(`${target}${path}`, {
      method,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body: body.length === 0 ? null : body,
      redirect: "manual",
    });
    const text = Buffer.from(await answer.arrayBuffer());
    if (!(await gateway.onAnswer({ method, path }))) {
      outgoing.socket?.destroy();
      return;
    }
    outgoing.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type") ?? "",
      "content-length": text.length,
    });
    outgoing.end(text);
  };
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const gateway: Gateway = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    onAnswer: () => Promise.resolve(true),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gateway;
}

/** The host is the target's own, and so are lengths. */
const OF_A_CONNECTION = ["host", "connection", "content-length", "transfer-encoding", "keep-alive"];
