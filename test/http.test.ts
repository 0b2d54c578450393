import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { inspect, promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { createHttp, HttpFailure, type HttpRequest, type HttpResponse } from "../src/http.ts";
import { createEmulator, type Emulator } from "./emulators/emulator.ts";
import { listen } from "./emulators/listen.ts";

const open: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A service that answers with what it was asked. */
function echo(): Emulator {
  return createEmulator("echo", ({ method, path, headers, body }) =>
    Response.json(
      { method, path, headers: Object.fromEntries(headers), body },
      { headers: { "X-Upper-Case": "Kept As It Is" } },
    ),
  );
}

async function serve(emulator: Emulator): Promise<string> {
  const server = await listen(emulator);
  open.push(() => server.close());
  return server.url;
}

/** Puts a server on a free port of the loopback interface, and closes it with all its connections. */
async function port(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("secureConnection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function failureOf(exchange: Promise<HttpResponse>): Promise<HttpFailure> {
  const thrown: unknown = await exchange.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof HttpFailure) return thrown;
  throw new Error("expected an HttpFailure");
}

const post = (url: string, rest: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  url: `${url}/path?token=s3cr3tInTheUrl`,
  headers: { authorization: "Bearer s3cr3tInAHeader" },
  body: "s3cr3tInTheBody",
  ...rest,
});

describe("an exchange", () => {
  test("sends method, path, query, headers and body as they are, and gives back the whole answer", async () => {
    const emulator = echo();
    const url = await serve(emulator);
    const response = await createHttp()({
      method: "PUT",
      url: `${url}/a%2Fb/c?d=%20e&f=g+h`,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: '{"key":"密钥"}',
    });
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "application/json",
      "x-upper-case": "Kept As It Is",
    });
    expect(JSON.parse(response.body)).toMatchObject({
      method: "PUT",
      path: "/a%2Fb/c?d=%20e&f=g+h",
      headers: { "user-agent": "rotate-app-secret", "content-type": "application/json; charset=utf-8" },
      body: '{"key":"密钥"}',
    });
  });

  test("sends nothing with a GET but its headers", async () => {
    const emulator = echo();
    await createHttp()({ method: "GET", url: await serve(emulator) });
    expect(emulator.requests).toMatchObject([{ method: "GET", path: "/", body: "" }]);
    expect(emulator.requests[0]?.headers).not.toHaveProperty("content-type");
  });

  test("may name a user agent of its own", async () => {
    const emulator = echo();
    const headers = { "user-agent": "octokit" };
    await createHttp()({ method: "GET", url: await serve(emulator), headers });
    expect(emulator.requests[0]?.headers["user-agent"]).toBe("octokit");
  });

  test.each([301, 302, 303, 307, 308])("answered with %i is not followed", async (status) => {
    const emulator = echo();
    const url = await serve(emulator);
    emulator.faults.arm({
      kind: "answer",
      changed: false,
      status,
      headers: { location: `${url}/elsewhere` },
    });
    const response = await createHttp()(post(url));
    expect(response).toMatchObject({ status, headers: { location: `${url}/elsewhere` } });
    expect(emulator.requests).toHaveLength(1);
  });

  test.each([204, 400, 401, 404, 429, 500, 503])("answered with %i is no failure", async (status) => {
    const url = await serve(
      createEmulator("status", () => new Response(status === 204 ? null : "x", { status })),
    );
    await expect(createHttp()(post(url))).resolves.toMatchObject({ status, body: status === 204 ? "" : "x" });
  });

  test("joins headers that come more than once", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, [
        ["Link", "<a>"],
        ["link", "<b>"],
      ]);
      response.end();
    });
    const url = `http://127.0.0.1:${String(await port(server))}`;
    await expect(createHttp()({ method: "GET", url })).resolves.toMatchObject({
      headers: { link: "<a>, <b>" },
    });
  });

  test("leaves its connection to those that come after it", async () => {
    const server = createServer((_, response) => response.end("x"));
    let connections = 0;
    server.on("connection", () => (connections += 1));
    const url = `http://127.0.0.1:${String(await port(server))}`;
    const http = createHttp();
    for (let round = 0; round < 9; round += 1) await http({ method: "GET", url });
    expect(connections).toBe(1);
  });

  test("takes an answer of one mebibyte", async () => {
    const url = await serve(createEmulator("large", () => new Response("x".repeat(2 ** 20))));
    const { body } = await createHttp()({ method: "GET", url });
    expect(body).toHaveLength(2 ** 20);
  });
});

describe("without a whole answer", () => {
  test("a refused connection was never sent", async () => {
    const server = createServer();
    const url = `http://127.0.0.1:${String(await port(server))}`;
    for (const close of open.splice(0)) await close();
    const failure = await failureOf(createHttp()(post(url)));
    expect(failure).toMatchObject({
      sent: false,
      reason: "ECONNREFUSED",
      message: "no whole answer: ECONNREFUSED",
    });
  });

  test.each([
    ["before the work", { kind: "reset", changed: false }, /^(?:ECONNRESET|UND_ERR_SOCKET)$/],
    ["after the work", { kind: "reset", changed: true }, /^(?:ECONNRESET|UND_ERR_SOCKET)$/],
    ["in the middle of the answer", { kind: "cut-off" }, /^(?:ECONNRESET|UND_ERR_SOCKET)$/],
    ["never, after the work", { kind: "stall", changed: true }, /^no answer in 0\.15 s$/],
    ["never, before the work", { kind: "stall", changed: false }, /^no answer in 0\.15 s$/],
  ] as const)("what broke %s was sent, once", async (_, fault, reason) => {
    const emulator = echo();
    const url = await serve(emulator);
    emulator.faults.arm(fault);
    const failure = await failureOf(createHttp()(post(url, { timeout: 150 })));
    expect(failure.sent).toBe(true);
    expect(failure.reason).toMatch(reason);
    expect(emulator.requests).toHaveLength(1);
  });

  test.each([
    ["a GET", "GET"],
    ["a PUT", "PUT"],
  ] as const)("%s on a kept connection that the server drops is not sent again", async (_, method) => {
    let served = 0;
    const server = createServer((request, response) => {
      served += 1;
      if (served === 1) response.end("x");
      else request.socket.destroy();
    });
    const url = `http://127.0.0.1:${String(await port(server))}`;
    const http = createHttp();
    await http({ method, url });
    expect((await failureOf(http({ method, url }))).sent).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(served).toBe(2);
  });

  test("a trickle of an answer does not outlast the timeout", async () => {
    const server = createServer((_, response) => {
      const drip = setInterval(() => response.write("x"), 20);
      response.on("close", () => {
        clearInterval(drip);
      });
    });
    const url = `http://127.0.0.1:${String(await port(server))}`;
    const failure = await failureOf(createHttp()({ method: "GET", url, timeout: 200 }));
    expect(failure).toMatchObject({ sent: true, reason: "no answer in 0.2 s" });
  });

  test("an endless handshake was never sent", async () => {
    // Takes connections and says nothing, so TLS never begins.
    const silent = createTcpServer();
    const url = `https://127.0.0.1:${String(await port(silent))}`;
    const failure = await failureOf(createHttp()(post(url, { timeout: 150 })));
    expect(failure).toMatchObject({ sent: false, reason: "no answer in 0.15 s" });
  });

  test("a handshake that breaks is tried once, and was never sent", async () => {
    let tried = 0;
    const server = createTcpServer((socket) => {
      tried += 1;
      socket.destroy();
    });
    const url = `https://127.0.0.1:${String(await port(server))}`;
    expect(await failureOf(createHttp()(post(url, { timeout: 500 })))).toMatchObject({ sent: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tried).toBe(1);
  });

  test("a server that speaks no HTTP is a failure", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("220 mail.example ESMTP\r\n");
    });
    const url = `http://127.0.0.1:${String(await port(server))}`;
    expect(await failureOf(createHttp()(post(url, { timeout: 2_000 })))).toMatchObject({ sent: true });
  });

  test("an answer beyond one mebibyte is a failure, and its rest is not waited for", async () => {
    let ended = false;
    const server = createServer((_, response) => {
      response.on("error", () => undefined);
      const pour = setInterval(() => response.write(Buffer.alloc(256 * 1024)), 1);
      response.on("close", () => {
        ended = true;
        clearInterval(pour);
      });
    });
    const url = `http://127.0.0.1:${String(await port(server))}`;
    expect(await failureOf(createHttp()(post(url)))).toMatchObject({
      sent: true,
      reason: "answer larger than 1 MiB",
    });
    await expect.poll(() => ended).toBe(true);
  });

  test("a header that cannot be sent was never sent", async () => {
    const emulator = echo();
    const url = await serve(emulator);
    const failure = await failureOf(
      createHttp()(post(url, { headers: { authorization: "Bearer s3cr3tInAHeader\n" } })),
    );
    expect(failure.sent).toBe(false);
    expect(emulator.requests).toEqual([]);
    expect(failure).toHide(["s3cr3tInAHeader"]);
  });
});

describe("a signal", () => {
  test("that has aborted lets nothing be sent", async () => {
    const emulator = echo();
    const signal = AbortSignal.abort(new Error("stop"));
    const failure = await failureOf(createHttp()(post(await serve(emulator), { signal })));
    expect(failure).toMatchObject({ sent: false, reason: "cancelled" });
    expect(emulator.requests).toEqual([]);
  });

  test("that aborts ends the exchange at once, which may have been acted on", async () => {
    const emulator = echo();
    const url = await serve(emulator);
    emulator.faults.arm({ kind: "stall", changed: true });
    const controller = new AbortController();
    const exchange = failureOf(createHttp()(post(url, { signal: controller.signal })));
    await expect.poll(() => emulator.requests.length).toBe(1);
    controller.abort();
    expect(await exchange).toMatchObject({ sent: true, reason: "cancelled" });
  });

  test("keeps no trace of an exchange that has ended", async () => {
    const url = await serve(echo());
    const controller = new AbortController();
    let listening = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      listening += 1;
      add(...listener);
    };
    signal.removeEventListener = (...listener: Parameters<typeof remove>) => {
      listening -= 1;
      remove(...listener);
    };
    const http = createHttp();
    for (let round = 0; round < 3; round += 1) await http(post(url, { signal }));
    expect(listening).toBe(0);
  });
});

test("an exchange that has ended keeps no process alive", async () => {
  const url = await serve(echo());
  const startedAt = performance.now();
  const script = `
    import { createHttp } from ${JSON.stringify(new URL("../src/http.ts", import.meta.url).href)};
    await createHttp()({ method: "GET", url: ${JSON.stringify(url)}, timeout: 10_000 });
  `;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
});

test("a failure holds neither URL, headers nor body", async () => {
  const emulator = echo();
  const url = await serve(emulator);
  emulator.faults.arm({ kind: "reset", changed: true });
  const failure = await failureOf(createHttp()(post(url)));
  expect(failure).toHide(["s3cr3tInTheUrl", "s3cr3tInAHeader", "s3cr3tInTheBody"]);
  expect(inspect(failure, { showHidden: true, depth: Infinity })).not.toContain(url);
});

describe("behind a proxy", () => {
  // A process of its own, because Node.js reads the certificates it trusts when it starts. There every name leads
  // to the loopback interface, so that nothing can leave this machine, and HTTPS_PROXY changes with each request.
  const child = `
    import dns from "node:dns";
    import { createHttp } from ${JSON.stringify(new URL("../src/http.ts", import.meta.url).href)};
    dns.lookup = (name, options, done) =>
      options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
    const http = createHttp();
    const results = [];
    for (const { environment, request } of JSON.parse(process.argv[1])) {
      Object.assign(process.env, environment);
      results.push(
        await http(request).then(
          ({ status, body }) => ({ status, body }),
          (failure) => ({ name: failure.name, sent: failure.sent, reason: failure.reason, all: failure.stack }),
        ),
      );
    }
    console.log(JSON.stringify(results));
    process.exit();
  `;
  const tls = (name: string): string =>
    new URL(`support/tls/provider.example.test.${name}.pem`, import.meta.url).pathname;

  interface Step {
    readonly environment: Readonly<Record<string, string>>;
    readonly request: HttpRequest;
  }

  interface Result {
    readonly status?: number;
    readonly body?: string;
    readonly name?: string;
    readonly sent?: boolean;
    readonly reason?: string;
    readonly all?: string;
  }

  async function run(steps: readonly Step[]): Promise<readonly Result[]> {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", child, JSON.stringify(steps)],
      { env: { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: tls("cert") } },
    );
    return JSON.parse(stdout) as readonly Result[];
  }

  interface Tunnel {
    readonly target: string | undefined;
    readonly authorization: string | undefined;
  }

  async function world(): Promise<{
    provider: string;
    proxy: string;
    tunnels: Tunnel[];
    answered: string[];
  }> {
    const answered: string[] = [];
    const provider = await port(
      createTlsServer(
        { key: readFileSync(tls("key")), cert: readFileSync(tls("cert")) },
        (request, response) => {
          answered.push(`${String(request.method)} ${String(request.url)}`);
          response.end("the provider's answer");
        },
      ),
    );
    const tunnels: Tunnel[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url, headers }, socket: Socket) => {
      tunnels.push({ target: url, authorization: headers["proxy-authorization"] });
      socket.on("error", () => undefined);
      if (headers["proxy-authorization"] === undefined) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      const upstream = connect(provider, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => undefined);
    });
    return {
      provider: `https://provider.example.test:${String(provider)}`,
      proxy: `127.0.0.1:${String(await port(proxy))}`,
      tunnels,
      answered,
    };
  }

  test("requests go through HTTPS_PROXY with its credentials, and past it where NO_PROXY says so", async () => {
    const { provider, proxy, tunnels, answered } = await world();
    const request = (path: string): HttpRequest => ({ method: "POST", url: `${provider}${path}`, body: "x" });
    const through = { HTTPS_PROXY: `http://user:p%40ssw%C3%B6rd%21@${proxy}` };
    const results = await run([
      { environment: { ...through, NO_PROXY: "" }, request: request("/through") },
      { environment: { ...through, NO_PROXY: "other.test" }, request: request("/again") },
      { environment: { ...through, NO_PROXY: "other.test,.example.test" }, request: request("/past") },
      { environment: { ...through, NO_PROXY: "provider.example.test" }, request: request("/past-by-name") },
      { environment: { HTTPS_PROXY: "", NO_PROXY: "" }, request: request("/direct") },
    ]);
    expect(results).toEqual(results.map(() => ({ status: 200, body: "the provider's answer" })));
    expect(answered).toEqual([
      "POST /through",
      "POST /again",
      "POST /past",
      "POST /past-by-name",
      "POST /direct",
    ]);
    const authorization = `Basic ${Buffer.from("user:p@sswörd!").toString("base64")}`;
    const tunnel = { target: new URL(provider).host, authorization };
    // The second request may find the first tunnel not quite free yet.
    expect(tunnels).toEqual(tunnels.length === 1 ? [tunnel] : [tunnel, tunnel]);
  });

  test("what the proxy does not let through was never sent, and its password is in no error", async () => {
    const { provider, proxy, tunnels, answered } = await world();
    const closed = await port(createServer());
    const gone = open.pop();
    await gone?.();
    const request: HttpRequest = { method: "POST", url: provider, body: "x", timeout: 2_000 };
    const results = await run([
      // This proxy wants credentials, and gets none.
      { environment: { HTTPS_PROXY: `http://${proxy}` }, request },
      { environment: { HTTPS_PROXY: `http://user:s3cr3tPassword@127.0.0.1:${String(closed)}` }, request },
    ]);
    expect(results).toMatchObject([
      { name: "HttpFailure", sent: false },
      { name: "HttpFailure", sent: false, reason: "ECONNREFUSED" },
    ]);
    expect(JSON.stringify(results)).not.toContain("s3cr3tPassword");
    expect(tunnels).toEqual([{ target: new URL(provider).host, authorization: undefined }]);
    expect(answered).toEqual([]);
  });

  test("a proxy that hangs up is asked once, not over and over", async () => {
    let asked = 0;
    const proxy = createServer();
    proxy.on("connect", (_, socket: Socket) => {
      asked += 1;
      socket.destroy();
    });
    const address = `http://127.0.0.1:${String(await port(proxy))}`;
    const results = await run([
      {
        environment: { HTTPS_PROXY: address },
        request: { method: "POST", url: "https://provider.example.test", body: "x", timeout: 500 },
      },
    ]);
    expect(results).toMatchObject([{ name: "HttpFailure", sent: false }]);
    expect(asked).toBe(1);
  });

  test("a server whose certificate is not trusted gets nothing", async () => {
    const { provider, answered } = await world();
    const { port: number } = new URL(provider);
    const request: HttpRequest = { method: "POST", url: `https://other.example.test:${number}`, body: "x" };
    const results = await run([{ environment: {}, request }]);
    expect(results).toMatchObject([{ sent: false, reason: "ERR_TLS_CERT_ALTNAME_INVALID" }]);
    expect(answered).toEqual([]);
  });
});
