import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { Environment } from "./settings.ts";

/** The relay as a process of its own. */
export interface RunningRelay extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly port: number;
  /** What it has logged. */
  readonly lines: readonly string[];
  readonly signal: (name: "SIGTERM" | "SIGINT") => void;
  /** Resolves with the exit code. */
  readonly exit: Promise<number | null>;
}

export const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));

/** Resolves as soon as it listens, or has ended; its URL is empty then. */
export async function startRelay(environment: Environment, server = SERVER): Promise<RunningRelay> {
  const child = spawn(process.execPath, [server], {
    env: { PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const exit = once(child, "close").then(([code]) => code as number | null);
  const listening = new Promise<string>((resolve) => {
    let text = "";
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      lines.splice(0, Infinity, ...text.split("\n").slice(0, -1));
      const found = /Listening on (http:\/\/[^/\s]+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    void exit.then(() => {
      resolve("");
    });
  });
  const url = await listening;
  return {
    url,
    port: Number(url.split(":").at(-1)),
    lines,
    signal: (name) => child.kill(name),
    exit,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Sends some bytes over a connection of its own, and resolves with all that comes back until it ends. */
export async function talk(port: number, said: string | Buffer, host = "127.0.0.1"): Promise<string> {
  const socket = connect(port, host);
  const heard: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => heard.push(chunk));
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      resolve();
    });
  });
  // What was heard before a reset counts.
  socket.on("error", () => undefined);
  socket.write(said);
  await closed;
  return Buffer.concat(heard).toString();
}
