import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startRelay, talk } from "./testing-server.ts";
import {
  addressCheck,
  complete,
  DISPATCH_TOKEN,
  ENCRYPT_KEY,
  INBOX_TOKEN,
  makePush,
  messageEvent,
  type Pushing,
  seal,
  TICKET,
  ticketEvent,
} from "./testing.ts";

const now = (): number => Math.floor(Date.now() / 1_000);

/** Somebody who counts what reaches them on loopback, and answers when told to. */
async function listener(
  answer: (respond: (status: number) => void) => void,
): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server: Server = createServer((incoming, outgoing) => {
    incoming.resume();
    asked += 1;
    answer((status) => outgoing.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

/** Settings with nobody behind them but loopback. */
const alone = { ...complete, GITHUB_REPOSITORY: "", GITHUB_DISPATCH_TOKEN: "", EVENT_SERVICE_URL: "" };

function written(
  pushing: Pushing,
  changes: { method?: string; length?: number; connection?: string } = {},
): Buffer {
  const { body, headers } = makePush({ timestamp: now(), ...pushing });
  const { method = "POST", length = body.length, connection = "close" } = changes;
  const fields = { ...headers, host: "relay.example", connection, "content-length": String(length) };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} /feishu/callback HTTP/1.1\r\n${head.join("")}\r\n`), body]);
}

test("the server names every problem with its settings, each with a time, and ends", async () => {
  await using relay = await startRelay({ GITHUB_DISPATCH_TOKEN: DISPATCH_TOKEN, PORT: "x" });
  expect(await relay.exit).toBe(1);
  expect(relay.lines).toHaveLength(4);
  for (const line of relay.lines)
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z error: [A-Z_]+ .*\.$/);
  expect(relay.lines.join("\n")).toContain("FEISHU_ENCRYPT_KEY is not set");
  expect(relay.lines.join("\n")).not.toContain(DISPATCH_TOKEN);
});

test("the server does not start without an Encrypt Key", async () => {
  await using relay = await startRelay({ ...complete, FEISHU_ENCRYPT_KEY: "" });
  expect(await relay.exit).toBe(1);
  expect(relay.url).toBe("");
});

test("the server warns, listens on loopback alone, and says that it is well", async () => {
  await using relay = await startRelay({ ...alone, FEISHU_ENCRYPT_KEY: "short" });
  expect(relay.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(relay.lines.join("\n")).toContain("warning: FEISHU_ENCRYPT_KEY has fewer than 20 characters");
  expect(await (await fetch(`${relay.url}/healthz`)).text()).toBe("ok");
  expect(await talk(relay.port, "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", "127.0.0.2")).toBe("");
});

test.skipIf(process.platform !== "linux")("HOST changes where the server listens", async () => {
  await using relay = await startRelay({ ...alone, HOST: "127.0.0.2" });
  expect(relay.url).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
  expect((await fetch(`${relay.url}/healthz`)).status).toBe(200);
});

test("the server says so when its port is taken", async () => {
  const taken = await listener((respond) => {
    respond(200);
  });
  const port = new URL(taken.url).port;
  await using relay = await startRelay({ ...alone, PORT: port });
  expect(await relay.exit).toBe(1);
  expect(relay.lines.at(-1)).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
});

test("what is refused is answered with the same bytes over the wire, whatever is wrong with it", async () => {
  await using relay = await startRelay(alone);
  const bad = Buffer.from(seal(JSON.stringify(addressCheck()), ENCRYPT_KEY), "base64");
  bad[bad.length - 17] = (bad[bad.length - 17] ?? 0) ^ 0xff;
  const requests = [
    written({ content: ticketEvent(), signedWith: "" }),
    written({ content: ticketEvent(), signedWith: undefined }),
    written({ content: ticketEvent({ appId: "cli_other" }) }),
    written({ content: addressCheck("wrong"), signedWith: undefined }),
    written({ content: "", wrap: () => `{"encrypt":"${bad.toString("base64")}"}`, signedWith: undefined }),
    written({ content: "no JSON", signedWith: undefined }),
    written({ content: ticketEvent(), key: undefined }),
    written({ content: "x".repeat(2 ** 20 + 1), key: undefined }),
    written({ content: "", key: undefined }, { method: "GET" }),
    written({ content: "", key: undefined }, { method: "DELETE" }),
    ...Array.from({ length: 12 }, () => written({ content: addressCheck("wrong"), signedWith: undefined })),
  ];
  const answers = new Set<string>();
  for (const request of requests) {
    const heard = await talk(relay.port, request);
    answers.add(heard.replace(/^date: .*\r\n/im, ""));
  }
  expect([...answers]).toEqual([
    "HTTP/1.1 403 Forbidden\r\ncache-control: no-store\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 7\r\nConnection: close\r\n\r\nrefused",
  ]);
  expect(relay.lines.join("\n")).toContain("more than 10 unsigned ones");
});

test("a body that does not arrive is answered within the platform's three seconds, and its connection ended", async () => {
  await using relay = await startRelay(alone);
  const startedAt = performance.now();
  const heard = await talk(
    relay.port,
    written({ content: ticketEvent() }, { length: 5_000, connection: "keep-alive" }),
  );
  expect(performance.now() - startedAt).toBeGreaterThan(2_000);
  expect(performance.now() - startedAt).toBeLessThan(3_500);
  expect(heard).toMatch(/^HTTP\/1\.1 403 /);
});

test("a service that does not answer is not waited for beyond the platform's three seconds", async () => {
  const service = await listener(() => undefined);
  await using relay = await startRelay({ ...alone, EVENT_SERVICE_URL: service.url });
  const startedAt = performance.now();
  const heard = await talk(relay.port, written({ content: messageEvent() }));
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(heard).toMatch(/^HTTP\/1\.1 503 /);
  expect(service.asked()).toBe(1);
});

test("a connection on which no request comes is ended", async () => {
  await using relay = await startRelay(alone);
  const startedAt = performance.now();
  await talk(relay.port, "POST /feishu/callback HTTP/1.1\r\nhost: relay.example\r\n");
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test("requests that are none of the platform's do the server no harm", async () => {
  await using relay = await startRelay(alone);
  const head = "host: relay.example\r\nconnection: close\r\n\r\n";
  expect(await talk(relay.port, `HEAD /healthz HTTP/1.1\r\n${head}`)).toMatch(
    /^HTTP\/1\.1 200 [^]*\r\n\r\n$/,
  );
  expect(await talk(relay.port, `OPTIONS * HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await talk(relay.port, `TRACE /feishu/callback HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await talk(relay.port, `GET //healthz HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1\.1 404 /);
  expect(await talk(relay.port, `GET http://elsewhere.example/healthz HTTP/1.1\r\n${head}`)).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(await talk(relay.port, `GET /inbox HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1\.1 401 /);
  expect(await talk(relay.port, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect((await fetch(`${relay.url}/healthz`)).status).toBe(200);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "on %s the server takes no new requests, finishes its dispatch, and ends well",
  async (name) => {
    let release: () => void = () => undefined;
    const github = await listener((respond) => {
      release = () => {
        respond(204);
      };
    });
    await using relay = await startRelay({ ...complete, GITHUB_API_URL: github.url, EVENT_SERVICE_URL: "" });
    expect(await talk(relay.port, written({ content: ticketEvent() }))).toMatch(/^HTTP\/1\.1 200 /);
    await expect.poll(github.asked).toBe(1);
    relay.signal(name);
    await expect.poll(() => relay.lines.at(-1)).toContain("Stopping");
    await expect(fetch(`${relay.url}/healthz`)).rejects.toThrow("fetch failed");
    release();
    expect(await relay.exit).toBe(0);
    expect(relay.lines.at(-2)).toContain("Dispatched the ticket");
    expect(relay.lines.at(-1)).toContain("Stopped.");
  },
);

test("a second signal ends the server at once", async () => {
  const github = await listener(() => undefined);
  await using relay = await startRelay({ ...complete, GITHUB_API_URL: github.url, EVENT_SERVICE_URL: "" });
  await talk(relay.port, written({ content: ticketEvent() }));
  await expect.poll(github.asked).toBe(1);
  relay.signal("SIGTERM");
  await expect.poll(() => relay.lines.at(-1)).toContain("Stopping");
  relay.signal("SIGTERM");
  expect(await relay.exit).toBe(1);
});

test("nothing that the server prints holds a secret", async () => {
  const github = await listener((respond) => {
    respond(401);
  });
  const service = await listener((respond) => {
    respond(500);
  });
  const secretUrl = `${service.url}/events?key=secret-of-the-service`;
  await using relay = await startRelay({
    ...complete,
    GITHUB_API_URL: github.url,
    EVENT_SERVICE_URL: secretUrl,
  });
  const ticket = written({ content: ticketEvent() });
  for (const request of [
    ticket,
    ticket,
    written({ content: messageEvent() }),
    written({ content: addressCheck() }),
  ]) {
    await talk(relay.port, request);
  }
  await talk(relay.port, `GET /inbox?token=${INBOX_TOKEN} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  relay.signal("SIGTERM");
  expect(await relay.exit).toBe(0);
  const printed = relay.lines.join("\n");
  expect(printed).toContain("GITHUB_DISPATCH_TOKEN (401)");
  expect(printed).toContain("it came before");
  const values = Object.entries(complete).filter(([key]) => /KEY|TOKEN/.test(key));
  for (const hidden of [TICKET, "secret-of-the-service", ...values.map(([, value]) => value ?? "")]) {
    expect(printed).not.toContain(hidden);
  }
});

test("the server runs on the files that the Dockerfile copies, and nothing else", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const dockerfile = readFileSync(join(root, "examples/feishu-relay/Dockerfile"), "utf8").replaceAll(
    "\\\n",
    " ",
  );
  const image = mkdtempSync(join(tmpdir(), "relay-"));
  onTestFinished(() => {
    rmSync(image, { recursive: true });
  });
  for (const [, copied = ""] of dockerfile.matchAll(/^COPY (.*)$/gm)) {
    const paths = copied.trim().split(/\s+/);
    const folder = join(image, paths.pop() ?? "");
    mkdirSync(folder, { recursive: true });
    for (const path of paths) cpSync(join(root, path), join(folder, basename(path)));
  }
  const command = /^CMD \["node", "(.*)"\]$/m.exec(dockerfile)?.[1] ?? "";
  await using relay = await startRelay(alone, join(image, command));
  expect(await talk(relay.port, written({ content: ticketEvent() }))).toMatch(/^HTTP\/1\.1 200 /);
  expect(relay.lines.join("\n")).not.toMatch(/warning: .*(?:module|experimental)/i);
  expect(dockerfile).toMatch(/^FROM node:24\.\d+\.\d+-alpine$/m);
  expect(dockerfile).toMatch(/^USER node$/m);
});
