/**
 * A real Keycloak, whose client secrets the built action rotates as a file describes them: what the emulators of other
 * tests claim of services is here done by one that nobody here wrote. `npm run test:keycloak`
 */
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorld, type World } from "../emulators/world.ts";
import { type ActionRun, leaks, runAction } from "../support/runner.ts";
import { type Gateway, openGateway } from "./gateway.ts";
import { type Keycloak, openKeycloak } from "./server.ts";

const TARGET = { repository: "acme/web", environment: "production", name: "SHOP_CLIENT_SECRET" };
const APP = randomUUID();
const ROTATOR = { id: "secret-rotator", secret: randomBytes(24).toString("base64url") };

/** https://www.keycloak.org/docs-api/26.0.8/rest-api/index.html#RealmRepresentation */
const REALM = {
  realm: "acme",
  enabled: true,
  clients: [
    {
      id: APP,
      clientId: "shop",
      secret: randomBytes(24).toString("base64url"),
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
    },
    {
      clientId: ROTATOR.id,
      secret: ROTATOR.secret,
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
    },
  ],
  users: [
    {
      username: `service-account-${ROTATOR.id}`,
      enabled: true,
      serviceAccountClientId: ROTATOR.id,
      clientRoles: { "realm-management": ["manage-clients"] },
    },
  ],
};

let keycloak: Keycloak;
let gateway: Gateway;
let world: World;

beforeAll(async () => {
  keycloak = await openKeycloak(REALM);
  gateway = await openGateway(keycloak.url);
  world = await startWorld();
}, 600_000);

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
  await keycloak[Symbol.asyncDispose]();
}, 60_000);

beforeEach(() => {
  gateway.onAnswer = () => Promise.resolve(true);
});

/** The rotations file of the recipe, with this server's address and this client's id. */
function file(): string {
  const recipe = readFileSync(join(import.meta.dirname, "../../docs/recipes/keycloak.md"), "utf8");
  const text = /```yaml\n(rotations:\n[^]*?)```/.exec(recipe)?.[1] ?? "";
  expect(text).toContain("https://sso.acme.example");
  return text
    .replaceAll("https://sso.acme.example", gateway.url)
    .replace(/app-id: \S+/, `app-id: ${APP}`)
    .replace(/targets: .*/, "targets: env:acme/web/production#SHOP_CLIENT_SECRET");
}

async function rotate(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const run = await runAction({
    apiUrl: world.github.url,
    event: { name: "schedule" },
    env: { KEYCLOAK_ROTATOR_SECRET: ROTATOR.secret },
    workspace: { ".github/rotations.yml": file() },
    inputs: { config: ".github/rotations.yml", "github-token": world.token, ...inputs },
  });
  expect(leaks(run, [ROTATOR.secret, world.token, held() ?? ROTATOR.secret])).toEqual([]);
  expect(run.main.stderr).toBe("");
  return run;
}

function briefly({ main }: ActionRun): string {
  const [result] = JSON.parse(main.outputs["results"] ?? "[]") as { status: string; error?: string }[];
  return `${result?.status ?? main.log} ${result?.error ?? ""}`.trim();
}

/** What GitHub opened last. */
function held(): string | undefined {
  return world.github.secret(TARGET)?.value;
}

const marked = (): boolean => world.github.secretNames(TARGET).some((name) => name.startsWith("ROTATING_"));

/** Whether Keycloak gives the client a token for this secret. */
async function logsIn(secret: string | undefined): Promise<boolean> {
  const response = await fetch(`${keycloak.url}/realms/acme/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "shop",
      client_secret: secret ?? "",
    }),
  });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  if (response.ok) return answer.access_token !== undefined;
  expect([response.status, answer.error]).toEqual([401, "unauthorized_client"]);
  return false;
}

const isOrder = ({ method, path }: { method: string; path: string }): boolean =>
  method === "POST" && path.endsWith("/client-secret");

test("the first secret is published without a rotation, and works", async () => {
  expect(briefly(await rotate({ mode: "sync" }))).toBe("synced");
  expect(await logsIn(held())).toBe(true);
});

test("a rotation makes a new secret that works, and the former one is refused", async () => {
  const former = held();
  expect(await logsIn(former)).toBe(true);
  const run = await rotate({ force: "true" });
  expect(briefly(run)).toBe("rotated");
  expect(run.main.log).toContain("confirm: the provider confirms the secret");
  expect([await logsIn(held()), await logsIn(former), marked()]).toEqual([true, false, false]);
});

test("a rotation that is not due changes nothing", async () => {
  const before = held();
  expect(briefly(await rotate())).toBe("unchanged");
  expect([held(), await logsIn(before)]).toEqual([before, true]);
});

test("a server that stops between the rotation and the reading has its secret published, with a warning", async () => {
  const former = held();
  gateway.onAnswer = async (request) => {
    if (isOrder(request)) await keycloak.stop();
    return true;
  };
  const run = await rotate({ force: "true" });
  expect(briefly(run)).toBe("rotated");
  expect(run.main.annotations).toMatchObject([
    { level: "warning", message: expect.stringMatching(/could not be confirmed/) as unknown },
  ]);
  await keycloak.start();
  expect([await logsIn(held()), await logsIn(former), marked()]).toEqual([true, false, false]);
});

test("a server that stops before its answer arrives leaves it unknown, and the next run heals", async () => {
  const former = held();
  gateway.onAnswer = async (request) => {
    if (!isOrder(request)) return true;
    await keycloak.stop();
    return false;
  };
  expect(briefly(await rotate({ force: "true" }))).toBe("unknown ROTATION_UNKNOWN");
  expect([held(), marked()]).toEqual([former, true]);
  await keycloak.start();
  expect(await logsIn(former)).toBe(false);
  gateway.onAnswer = () => Promise.resolve(true);
  expect(briefly(await rotate())).toBe("synced");
  expect([await logsIn(held()), marked()]).toEqual([true, false]);
});

test("an answer that gets lost on its way is made up for by reading", async () => {
  const former = held();
  let orders = 0;
  gateway.onAnswer = (request) => {
    if (isOrder(request)) orders += 1;
    return Promise.resolve(!isOrder(request));
  };
  expect(briefly(await rotate({ force: "true" }))).toBe("rotated");
  expect([await logsIn(held()), await logsIn(former), orders]).toEqual([true, false, 1]);
});

test("a client of another realm's is not known", async () => {
  gateway.onAnswer = () => Promise.resolve(true);
  const before = held();
  const run = await runAction({
    apiUrl: world.github.url,
    env: { KEYCLOAK_ROTATOR_SECRET: ROTATOR.secret },
    workspace: { "a.yml": file().replace(APP, randomUUID()) },
    inputs: { config: "a.yml", "github-token": world.token, force: "true" },
  });
  expect(briefly(run)).toBe("failed APP_NOT_FOUND");
  expect(await logsIn(before)).toBe(true);
});

test("a wrong secret of the rotator's is refused, once", async () => {
  let tries = 0;
  gateway.onAnswer = () => {
    tries += 1;
    return Promise.resolve(true);
  };
  const run = await runAction({
    apiUrl: world.github.url,
    env: { KEYCLOAK_ROTATOR_SECRET: "not-the-secret-of-the-rotator" },
    workspace: { "a.yml": file() },
    inputs: { config: "a.yml", "github-token": world.token, force: "true" },
  });
  expect(briefly(run)).toBe("failed PROVIDER_UNAUTHORIZED");
  expect([tries, run.main.log.includes("unauthorized_client")]).toEqual([1, true]);
});
