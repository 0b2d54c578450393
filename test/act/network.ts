import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { promisify } from "node:util";

/**
 * The internet as the runs of act see it: a proxy on the loopback interface, behind which each host is an emulator.
 * Whatever goes through it to a host that it does not have is refused, and kept for the test to find.
 */
export interface Network extends AsyncDisposable {
  /** For `https_proxy`. */
  readonly proxyUrl: string;
  /** The certificate of all hosts, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificate: string;
  /** What was asked for and is not here, as `METHOD host:port`. */
  readonly strangers: readonly string[];
}

/** @param hosts by name the base URL of the emulator that answers for it. */
export async function startNetwork(hosts: Readonly<Record<string, string>>): Promise<Network> {
  const folder = await mkdtemp(join(tmpdir(), "act-network-"));
  const certificate = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  // Made for these hosts anew each time: a key for them has no place in a repository.
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
    ...["-subj", "/CN=the emulators of a test", "-keyout", key, "-out", certificate],
    ...[
      "-addext",
      `subjectAltName=${Object.keys(hosts)
        .map((host) => `DNS:${host}`)
        .join(",")}`,
    ],
  ]);
  const secureContext = createSecureContext({
    key: await readFile(key, "utf8"),
    cert: await readFile(certificate, "utf8"),
  });

  const strangers: string[] = [];
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // A client that hangs up is no fault of this proxy.
    socket.on("error", () => socket.destroy());
  };
  const proxy = createServer((request, response) => {
    strangers.push(`${request.method ?? ""} ${request.url ?? ""}`);
    response.writeHead(502).end();
  });
  proxy.on("connect", (request, socket: Socket) => {
    keep(socket);
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const url = hosts[host];
    if (url === undefined || port !== "443") {
      strangers.push(`CONNECT ${request.url ?? ""}`);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const inside = new TLSSocket(socket, { isServer: true, secureContext });
    const emulator = connect(Number(new URL(url).port), "127.0.0.1");
    keep(inside);
    keep(emulator);
    inside.pipe(emulator).pipe(inside);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  return {
    proxyUrl: `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`,
    certificate,
    strangers,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      proxy.closeAllConnections();
      await new Promise<void>((resolve) => {
        proxy.close(() => {
          resolve();
        });
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
