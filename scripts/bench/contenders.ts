import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ghEnvironment } from "../../test/support/gh.ts";
import { runTimed } from "./action.ts";
import { type Effort, type Ending, effortOf } from "./effort.ts";
import { optionsFor } from "./inputs.ts";
import type { Scene } from "./scene.ts";

/** Rotates the secret of a scene's only app once, and publishes it to all its places. */
export type Contender = (scene: Scene) => Promise<Effort>;

/** What `rotate.sh` does about many places. */
export type Way = "loop" | "patient" | "parallel";

/** The built action, its post step too. */
export function theAction(folder: string): Contender {
  return async (scene) => {
    const run = await runTimed({ action: folder, timeout: LONGEST_RUN, ...optionsFor(scene) });
    const { main, post, startedAt } = run;
    return effortOf(scene, {
      exitCode: main.exitCode,
      log: main.log,
      startedAt,
      wall: main.durationMs + post.durationMs,
    });
  };
}

/** `rotate.sh`: curl, jq and gh. */
export function theScript(way: Way = "loop"): Contender {
  return async (scene) => {
    await using gh = await ghEnvironment({ apiUrl: scene.github.url, token: scene.token });
    return effortOf(scene, await runScript(way, scene, gh.variables));
  };
}

/** The programs that `rotate.sh` needs and this machine has not. */
export function missingPrograms(): readonly string[] {
  return ["bash", "curl", "jq", "gh"].filter(
    (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status !== 0,
  );
}

const SCRIPT = join(import.meta.dirname, "rotate.sh");
const LONGEST_RUN = 10 * 60_000;

async function runScript(
  way: Way,
  { authing, key, apps }: Scene,
  variables: Readonly<Record<string, string>>,
): Promise<Ending> {
  const [app] = apps;
  if (app === undefined) throw new Error("The scene has no app.");
  const startedAt = performance.now();
  const child = spawn("bash", [SCRIPT, way], {
    cwd: variables["HOME"],
    env: {
      ...variables,
      AUTHING_URL: authing.url,
      ACCESS_KEY_ID: key.accessKeyId,
      ACCESS_KEY_SECRET: key.accessKeySecret,
      USER_POOL_ID: key.accessKeyId,
      APP_ID: app.appId,
      SECRET_NAME: app.secretName,
    },
    timeout: LONGEST_RUN,
  });
  // A script that has failed reads no further.
  child.stdin.on("error", () => undefined);
  child.stdin.end(
    app.places
      .map(({ repository, environment }) =>
        environment === undefined ? `${repository}\n` : `${repository} ${environment}\n`,
      )
      .join(""),
  );
  const [exitCode, log] = await Promise.all([
    new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)),
    text(child.stderr),
    text(child.stdout),
  ]);
  return { exitCode, log, startedAt, wall: performance.now() - startedAt };
}
