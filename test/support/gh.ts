import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "vitest";

/** Where GitHub's own command-line client, gh, takes an emulator for GitHub. Disposing of it ends that. */
export interface GhEnvironment extends AsyncDisposable {
  /** The whole environment for gh, or for a shell that starts it. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Has gh talk to a mounted emulator and to nobody else.
 *
 * gh has no setting for another base URL, and speaks TLS to every host but github.localhost, which has to be at port 80
 * (https://github.com/cli/cli/blob/v2.23.0/internal/ghinstance/host.go). But with `http_unix_socket` in its
 * configuration (https://cli.github.com/manual/gh_config) it sends all requests, for whatever host, without TLS to a
 * socket in the file system (https://github.com/cli/go-gh/blob/v1.0.0/internal/api/http.go). Behind that socket here is
 * a tunnel to the emulator.
 *
 * @param options.apiUrl such as `http://127.0.0.1:40123`, where the emulator listens.
 * @param options.host what gh takes the emulator for. Default `github.com`. Of any other host it expects the API below
 *   `/api/v3`, as GitHub Enterprise Server has it.
 */
export async function ghEnvironment(options: {
  readonly apiUrl: string;
  readonly token: string;
  readonly host?: string;
}): Promise<GhEnvironment> {
  const { apiUrl, token, host = "github.com" } = options;
  await using opened = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "gh-"));
  opened.defer(() => rm(home, { recursive: true, force: true }));
  const socket = join(home, "api.sock");
  opened.use(await openTunnel(socket, Number(new URL(apiUrl).port)));
  await mkdir(join(home, "config"));
  await writeFile(join(home, "config", "config.yml"), `http_unix_socket: ${socket}\n`);

  const everything = opened.move();
  return {
    // Nothing of this process's own environment but the path: neither its tokens nor its proxies are gh's business.
    variables: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      GH_CONFIG_DIR: join(home, "config"),
      GH_HOST: host,
      // https://cli.github.com/manual/gh_help_environment: the one for other hosts has another name.
      [host === "github.com" ? "GH_TOKEN" : "GH_ENTERPRISE_TOKEN"]: token,
      GH_PROMPT_DISABLED: "1",
      GH_NO_UPDATE_NOTIFIER: "1",
      NO_COLOR: "1",
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

export interface GhResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs gh with these arguments. `input` is what it reads from stdin. */
export function runGh({ variables }: GhEnvironment, args: readonly string[], input = ""): Promise<GhResult> {
  return run("gh", args, variables, input);
}

/** Runs a line for a shell, in which `gh` is found: what a user copies from a log. */
export function runShell({ variables }: GhEnvironment, line: string): Promise<GhResult> {
  return run("/bin/sh", ["-c", line], variables, "");
}

/** Skips a test, by name and with the reason, where gh is missing. */
export function needsGh({ skip }: Pick<TestContext, "skip">): void {
  available ??= spawnSync("gh", ["--version"], { stdio: "ignore" }).status === 0;
  skip(!available, "gh is missing: apt-get install --no-install-recommends gh");
}

let available: boolean | undefined;

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<GhResult> {
  // The folder is none of a git repository, from whose remotes gh would guess.
  const child = spawn(command, args, { env, cwd: env["HOME"] });
  // Whoever ends without reading breaks the pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [status, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, stdout, stderr };
}

/** Joins every connection to a socket in the file system with one to a port of the loopback interface. */
async function openTunnel(path: string, port: number): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      // Whichever end breaks takes the other along, as a single connection would.
      one.on("error", () => other.destroy());
      one.once("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
