import { describe, expect, it } from "vitest";
import { longestChain } from "../emulators/chain.ts";
import { worldProviders, type WorldProvider } from "../emulators/world.ts";
import { openScene, TARGET } from "../support/scene.ts";

/** Long beside what it takes to start a request, even on a busy machine. */
const LATENCY = 400;

/** How many requests wait for one another at most, and the place of the first target's write among them. */
const CHAINS: Readonly<Record<WorldProvider, { readonly length: number; readonly write: number }>> = {
  // List of secrets; marker; refresh; write; look at the marker; delete it. The provider's own reads go beside.
  authing: { length: 6, write: 4 },
  // List; marker; update; write; look; delete.
  cloudroom: { length: 6, write: 4 },
  // List; marker; resend; inbox; the ticket tried; write; look; delete.
  feishu: { length: 8, write: 6 },
  // List; marker; update; probe; write; look; delete.
  "huawei-apig": { length: 7, write: 5 },
  // The first call with a key goes alone. Secret; stage; version; rotate; task; stage; version; stage; write; look; delete.
  "huawei-csms": { length: 11, write: 9 },
};

describe.each(worldProviders)("the built action with %s", (provider) => {
  it("asks together whatever can be asked together", async () => {
    await using scene = await openScene(provider);
    const { world } = scene;
    const service = world.providers[provider];
    const [first] = world.targetsOf(provider);
    world.github.latency = LATENCY;
    service.faults.latency = LATENCY;
    const run = await scene.run({ nodeArguments: [], inputs: { targets: first?.text ?? "" } });
    expect(run.main.exitCode).toBe(0);
    const chain = longestChain([...world.github.requests, ...service.requests]);
    const shown = chain.requests.map(({ method, path }) => `${method} ${path}`).join("\n");
    const write = chain.position(({ method, path }) => method === "PUT" && TARGET.test(path));
    expect({ length: chain.length, write }, shown).toEqual(CHAINS[provider]);
  });
});
