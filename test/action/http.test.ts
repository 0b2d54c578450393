import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { createHttpService } from "../emulators/http-service.ts";
import { listen } from "../emulators/listen.ts";
import { startWorld } from "../emulators/world.ts";
import { type ActionOptions, type ActionRun, leaks, runAction } from "../support/runner.ts";

const TARGET = { repository: "acme/web", environment: "production", name: "SHOP_SECRET" };
const APP = `shop/../a b?x=1&y="2"#+%2e`;
const ORDER = { method: "POST", path: /^\/apps\// };

/** @param reads whether the file says how the secret in force is read. */
async function openScene(reads = true) {
  const world = await startWorld();
  const service = createHttpService();
  const mounted = await listen(service);
  const client = { id: "rotator", secret: "s3cr3t-of-the-rotator" };
  service.addClient(client);
  service.addApp({ id: APP });
  const file = stringify({
    rotations: [
      {
        name: "shop",
        provider: "http",
        "app-id": APP,
        "api-url": mounted.url,
        "rotate-after": "30d",
        targets: ["env:acme/web/production#SHOP_SECRET"],
        http: {
          url: "/apps/{app-id}/secret?app={app-id}",
          body: `{"app": "{app-id}", "reason": "rotation"}`,
          pointer: "/data/app~1secret",
          success: { pointer: "/code", value: 0 },
          ...(reads
            ? { read: { url: "/apps/{app-id}/secret?app={app-id}", pointer: "/items/0/secret" } }
            : {}),
          auth: { "token-url": "/oauth/token", "client-id": "rotator", "client-secret": "${ROTATOR_SECRET}" },
        },
      },
    ],
  });
  return {
    service,
    world,
    inForce: () => service.app(APP).secret,
    held: () => world.github.secret(TARGET)?.value,
    marked: () => world.github.secretNames(TARGET).some((name) => name.startsWith("ROTATING_")),
    async run(
      inputs: Readonly<Record<string, string>> = {},
      change: Partial<ActionOptions> = {},
    ): Promise<ActionRun> {
      const former = service.app(APP).secret;
      const run = await runAction({
        apiUrl: world.github.url,
        event: { name: "schedule" },
        nodeArguments: ["--import", join(import.meta.dirname, "../support/fast-time.ts")],
        env: { ROTATOR_SECRET: client.secret },
        workspace: { "rotations.yml": file },
        ...change,
        inputs: { config: "rotations.yml", "github-token": world.token, ...inputs },
      });
      expect(
        leaks(run, [client.secret, world.token, former, service.app(APP).secret, ...service.tokens]),
      ).toEqual([]);
      expect(run.main.stderr).toBe("");
      return run;
    },
    async [Symbol.asyncDispose]() {
      await mounted[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

function briefly({ main }: ActionRun): string {
  const [result] = JSON.parse(main.outputs["results"] ?? "[]") as { status: string; error?: string }[];
  return `${result?.status ?? ""} ${result?.error ?? ""}`.trim();
}

describe("the built action with a service that a file describes", () => {
  test("rotates, confirms by reading, and is not due again", async () => {
    await using scene = await openScene();
    const before = scene.inForce();
    const run = await scene.run();
    expect(briefly(run)).toBe("rotated");
    expect(scene.inForce()).not.toBe(before);
    expect([scene.held(), scene.marked()]).toEqual([scene.inForce(), false]);
    expect(run.main.log).toContain("confirm: the provider confirms the secret");
    expect(briefly(await scene.run())).toBe("unchanged");
    expect(scene.service.app(APP).rotations).toBe(1);
  });

  test("publishes what is in force with mode sync", async () => {
    await using scene = await openScene();
    expect(briefly(await scene.run({ mode: "sync" }))).toBe("synced");
    expect([scene.held(), scene.service.app(APP).rotations]).toEqual([scene.inForce(), 0]);
  });

  test("finds the new secret after a lost answer", async () => {
    await using scene = await openScene();
    scene.service.faults.arm({ kind: "cut-off" }, ORDER);
    expect(briefly(await scene.run())).toBe("rotated");
    expect([scene.held(), scene.service.app(APP).rotations]).toEqual([scene.inForce(), 1]);
  });

  test("heals after a kill in the rotate call, without another rotation", async () => {
    await using scene = await openScene();
    await scene.run({ mode: "sync" });
    scene.service.faults.arm({ kind: "stall", changed: true }, ORDER);
    await scene.run(
      { force: "true" },
      { killWhen: () => scene.service.app(APP).rotations === 1, post: false },
    );
    expect(scene.marked()).toBe(true);
    expect(scene.service.app(APP).rotations).toBe(1);
    expect(briefly(await scene.run())).toBe("synced");
    expect([scene.held(), scene.marked()]).toEqual([scene.inForce(), false]);
    expect(scene.service.app(APP).rotations).toBe(1);
  });

  test("does not know after a lost answer where nothing is read, and heals by another rotation", async () => {
    await using scene = await openScene(false);
    scene.service.faults.arm({ kind: "reset", changed: true }, ORDER);
    expect(briefly(await scene.run())).toBe("unknown ROTATION_UNKNOWN");
    expect([scene.held(), scene.marked()]).toEqual([undefined, true]);
    const run = await scene.run();
    expect(briefly(run)).toBe("rotated");
    expect([scene.held(), scene.marked()]).toEqual([scene.inForce(), false]);
    expect(run.main.annotations).toMatchObject([
      { level: "warning", message: expect.stringContaining("HTTP service offers no way to ask") as unknown },
    ]);
  });

  test("says that it takes a file, where none is given", async () => {
    await using scene = await openScene();
    const run = await scene.run({ config: "", provider: "http", "app-id": "a", "secret-name": "A" });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.log).toContain(`expected a rotations file (input "config")`);
    expect(scene.service.requests).toEqual([]);
  });
});
