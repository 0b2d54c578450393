import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** It runs on Java 17 and newer. */
const VERSION = "26.0.8";
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/** Not committed, and kept between runs. */
const CACHE = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "keycloak");

/** How long a start may take, in milliseconds: the first one builds. */
const PATIENCE = 300_000;

/** A real Keycloak on the loopback interface, whose database outlives its process. */
export interface Keycloak extends AsyncDisposable {
  /** Base URL without a trailing slash; stays the same after another start. */
  readonly url: string;
  start(): Promise<void>;
  /** Ends the process in good order. */
  stop(): Promise<void>;
}

/**
 * Gets a Keycloak by Maven, whose settings decide from where, and starts it.
 *
 * @param realm as `--import-realm` takes it (https://www.keycloak.org/server/importExport).
 */
export async function openKeycloak(realm: { readonly realm: string }): Promise<Keycloak> {
  const home = await fetchDistribution();
  await rm(join(home, "data"), { recursive: true, force: true });
  await mkdir(join(home, "data", "import"), { recursive: true });
  await writeFile(join(home, "data", "import", `${realm.realm}-realm.json`), JSON.stringify(realm));
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  let server: ChildProcess | undefined;

  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping?.pid === undefined || hasEnded(stopping)) return;
    const ended = once(stopping, "exit");
    // Its shell has a child of its own while it builds: the group has both, and nobody else.
    process.kill(-stopping.pid, "SIGTERM");
    await ended;
  };
  const keycloak: Keycloak = {
    url,
    stop,
    async start() {
      server = await startServer(home, port, realm.realm);
    },
    [Symbol.asyncDispose]: stop,
  };
  try {
    await keycloak.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return keycloak;
}

/** @returns the folder of the distribution. */
async function fetchDistribution(): Promise<string> {
  const home = join(CACHE, `keycloak-${VERSION}`);
  if (existsSync(join(home, "bin", "kc.sh"))) return home;
  await mkdir(CACHE, { recursive: true });
  const artifact = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
  const { status, stdout, stderr } = spawnSync(
    "mvn",
    [
      "-B",
      "-q",
      "--strict-checksums",
      `${PLUGIN}:unpack`,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${CACHE}`,
    ],
    // Maven leaves marks where it is started.
    { encoding: "utf8", cwd: CACHE },
  );
  if (status !== 0) throw new Error(`Maven could not get ${artifact}:\n${stdout}${stderr}`);
  return home;
}

async function startServer(home: string, port: number, realm: string): Promise<ChildProcess> {
  const args = ["start-dev", "--import-realm", "--http-host=127.0.0.1", `--http-port=${String(port)}`];
  const server = spawn("sh", [join(home, "bin", "kc.sh"), ...args], {
    detached: true,
    env: { PATH: process.env["PATH"] ?? "", JAVA_OPTS_APPEND: "-Xms128m -Xmx768m -XX:TieredStopAtLevel=1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      printed += chunk;
    });
  }
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    if (hasEnded(server)) throw new Error(`Keycloak ended while it started:\n${printed}`);
    if (performance.now() > deadline) throw new Error(`Keycloak does not answer:\n${printed}`);
    const answer = await fetch(`http://127.0.0.1:${String(port)}/realms/${realm}`).catch(() => undefined);
    if (answer?.ok === true) return server;
    await sleep(250);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** One that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
