import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import type { NewSecret, Provider, Verdict } from "../../src/providers/provider.ts";
import { Masker } from "../../src/secret.ts";
import { confirm } from "../../src/stages/confirm.ts";
import type { Fault } from "../emulators/emulator.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { authingService, type Call, cloudRoomService, connect, preflight } from "../support/provider-kit.ts";

const READ: Call = { method: "GET", path: /\/get-application-secret\?/ };
const INTROSPECTION: Call = { method: "POST", path: /\/oidc\/token\/introspection$/ };

/** Authing after a rotation; it can be read, and with an `app-url` it can also be asked. */
async function authing(appUrl = "https://login.example.test") {
  const connection = connect("authing", authingService, { inputs: { "app-url": appUrl } });
  await preflight(connection);
  return { ...connection, secret: await connection.provider.rotate() };
}

const fault: Fault = { kind: "answer", changed: false, status: 503 };

describe("a provider that can be read", () => {
  test("shows the secret that was published", async () => {
    const { provider, secret, clock } = await authing("");
    expect(await confirm(secret, provider, clock)).toEqual({ state: "valid" });
  });

  test("shows another secret, which is handed on", async () => {
    const { provider, secret, clock, service } = await authing("");
    await provider.rotate();
    const confirmation = await confirm(secret, provider, clock);
    expect(confirmation.state).toBe("differs");
    expect(confirmation).toHaveProperty("shown.value");
    if (confirmation.state === "differs") expect(confirmation.shown.value.expose()).toBe(service.inForce());
  });

  test("shows another secret, which counts whatever it says of the one published, asked once beside", async () => {
    const { provider, secret, clock, service } = await authing();
    await provider.rotate();
    expect((await confirm(secret, provider, clock)).state).toBe("differs");
    // One try of the secret, and one of a wrong one.
    expect(service.emulator.requests.filter(({ path }) => path.includes("introspection"))).toHaveLength(2);
    expect(clock.waits).toEqual([]);
  });

  test("that confirms before publishing is not asked about a secret that is not in force, as keys lock", async () => {
    const { provider, secret, clock, service } = await authing();
    await provider.rotate();
    expect((await confirm(secret, { ...provider, confirms: "before" }, clock)).state).toBe("differs");
    expect(service.emulator.requests.filter(({ path }) => path.includes("introspection"))).toEqual([]);
  });

  test("may show the former one for a while", async () => {
    const connection = connect("authing", authingService, { inputs: { "app-url": "" } });
    const { provider, clock, service } = connection;
    await preflight(connection);
    service.emulator.readLag = 2;
    const secret = await provider.rotate();
    expect(await confirm(secret, provider, clock)).toEqual({ state: "valid" });
  });

  test("cannot be read now, and so it cannot be told", async () => {
    const { provider, secret, clock, service } = await authing("");
    service.emulator.faults.arm(fault, { ...READ, times: Infinity });
    expect(await confirm(secret, provider, clock)).toEqual({
      state: "inconclusive",
      why: "reading it back failed: Authing answered with server error 503 when asked to read the app's secret; expected it to be done.",
    });
  });
});

describe("a provider that can be asked", () => {
  test("accepts the secret", async () => {
    const { provider, secret, clock } = await authing();
    expect(await confirm(secret, provider, clock)).toEqual({ state: "valid" });
    expect(clock.waits).toEqual([]);
  });

  test("accepts it once it has got around", async () => {
    const { provider, clock, service } = await authing();
    // Each question tries two secrets.
    service.emulator.introspectionLag = 4;
    const secret = await provider.rotate();
    const startedAt = clock.now();
    expect(await confirm(secret, provider, clock)).toEqual({ state: "valid" });
    expect(clock.waits).toHaveLength(2);
    expect(clock.now() - startedAt).toBeLessThanOrEqual(60_000);
  });

  test("refuses it for a minute, which is enough", async () => {
    const { provider, clock, service } = await authing();
    service.emulator.introspectionLag = Infinity;
    const secret = await provider.rotate();
    const startedAt = clock.now();
    expect(await confirm(secret, provider, clock)).toMatchObject({
      state: "invalid",
      error: {
        code: "CONFIRM_INVALID",
        message: "Authing refused the new secret for 60 s; expected it to work.",
      },
    });
    expect(clock.now() - startedAt).toBe(60_000);
    // Gateways lock a key after more than five bad tries.
    expect(clock.waits.length).toBeLessThan(5);
  });

  test("cannot tell, and is not asked again", async () => {
    const { provider, secret, clock, service } = await authing();
    service.emulator.faults.arm(fault, { ...INTROSPECTION, times: Infinity });
    expect(await confirm(secret, provider, clock)).toMatchObject({ state: "inconclusive" });
  });

  test.each([
    ["plain", { state: "valid" }],
    ["nothing", { state: "inconclusive", why: "its project list does not show the secret" }],
  ] as const)("but not read is believed: its list shows %s", async (listShows, confirmation) => {
    const connection = connect("cloudroom", cloudRoomService);
    const { provider, clock, service } = connection;
    service.emulator.listShows = listShows;
    await preflight(connection);
    expect(await confirm(await provider.rotate(), provider, clock)).toEqual(confirmation);
  });
});

describe("whatever a provider does, confirm does not throw", () => {
  const masker = new Masker(() => undefined);
  const secret: NewSecret = { value: masker.secret("s3cr3tValueXYZ") };
  const bare: Provider = {
    title: "Acme",
    apiUrl: "https://acme.example.test",
    confirms: "beside",
    preflight: () => Promise.resolve(undefined),
    rotate: () => Promise.resolve(secret),
  };

  test("one that offers nothing cannot tell", async () => {
    expect(await confirm(secret, bare, createFakeClock())).toEqual({
      state: "inconclusive",
      why: "Acme offers no way to ask",
    });
  });

  test("one that fails to read, in a way that nobody foresaw, cannot tell", async () => {
    const provider = { ...bare, read: () => Promise.reject<NewSecret>(new TypeError("s3cr3tValueXYZ")) };
    expect(await confirm(secret, provider, createFakeClock())).toEqual({
      state: "inconclusive",
      why: "reading it back failed: An unforeseen TypeError was thrown; expected none.",
    });
  });

  test.each([
    ["as it documents", RotationError.of("PROVIDER_REDIRECT", { provider: "Acme", host: "x", status: 302 })],
    ["in a way that nobody foresaw", new TypeError("s3cr3tValueXYZ")],
  ])("one that fails to answer, %s, cannot tell", async (_, thrown) => {
    const provider = { ...bare, verify: () => Promise.reject<Verdict>(thrown) };
    const confirmation = await confirm(secret, provider, createFakeClock());
    expect(confirmation).toMatchObject({
      state: "inconclusive",
      why: expect.stringMatching(/^asking failed: .*; expected/) as unknown,
    });
    expect(JSON.stringify(confirmation)).not.toContain("s3cr3tValueXYZ");
  });
});
