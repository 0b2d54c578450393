import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { RotationError, RotationErrors } from "../../src/errors.ts";
import { createCredentialGate } from "../../src/providers/credential-gate.ts";
import { providers } from "../../src/providers/index.ts";
import { maskedForms } from "../../src/secret.ts";
import type { Fault } from "../emulators/emulator.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import {
  type Connection,
  connect as connectTo,
  expectFailure,
  kits,
  neverSending,
  preflight,
  requestsOf,
  type Service,
} from "../support/provider-kit.ts";

const ids = Object.keys(providers);

const html = (status: number, changed = false): Fault => ({
  kind: "answer",
  changed,
  status,
  headers: { "content-type": "text/html" },
  body: "<html><body>a gateway's page</body></html>",
});

/** What a read may meet, and the code of the failure when it meets nothing else. */
const READ_FAULTS: readonly (readonly [string, Fault, string])[] = [
  ["429", html(429), "PROVIDER_RATE_LIMITED"],
  ["500", html(500), "PROVIDER_UNAVAILABLE"],
  ["503", html(503), "PROVIDER_UNAVAILABLE"],
  ["a reset", { kind: "reset", changed: false }, "PROVIDER_ANSWER_LOST"],
  ["a broken answer", { kind: "cut-off" }, "PROVIDER_ANSWER_LOST"],
  ["no answer", { kind: "stall", changed: false }, "PROVIDER_ANSWER_LOST"],
];

/** What leaves open whether the provider has rotated. */
const LOST: readonly (readonly [string, Fault])[] = [
  ["a reset before the work", { kind: "reset", changed: false }],
  ["a reset after the work", { kind: "reset", changed: true }],
  ["a broken answer", { kind: "cut-off" }],
  ["no answer, and no work", { kind: "stall", changed: false }],
  ["no answer after the work", { kind: "stall", changed: true }],
  ["a gateway's fault before the work", html(502)],
  ["a gateway's fault after the work", html(504, true)],
  ["a gateway's cheerful page after the work", html(200, true)],
  ["an empty answer after the work", { kind: "answer", changed: true, status: 200 }],
  [
    "a redirect",
    { kind: "answer", changed: false, status: 307, headers: { location: "https://elsewhere.test/" } },
  ],
];

const docs = (): string => readFileSync(new URL("../../docs/providers.md", import.meta.url), "utf8");
const action = (): { inputs: Readonly<Record<string, unknown>> } =>
  parse(readFileSync(new URL("../../action.yml", import.meta.url), "utf8")) as {
    inputs: Record<string, unknown>;
  };

/** Whether a path such as `http.read.url` leads somewhere in the schema. */
function isInSchema(name: string): boolean {
  interface Part {
    readonly properties?: Readonly<Record<string, Part>>;
    readonly additionalProperties?: Part | boolean;
    readonly items?: Part;
  }
  const text = readFileSync(new URL("../../rotations.schema.json", import.meta.url), "utf8");
  let part: Part | boolean | undefined = (JSON.parse(text) as Part).properties?.["rotations"]?.items;
  for (const key of name.split(".")) {
    if (typeof part !== "object") return false;
    part = part.properties?.[key] ?? part.additionalProperties;
  }
  return typeof part === "object";
}

test("every kit belongs to a provider", () => {
  expect(Object.keys(kits).filter((id) => !ids.includes(id))).toEqual([]);
});

test.each(ids)("%s has a kit for this suite in provider-kit.ts", (id) => {
  expect(kits[id]?.length).toBeGreaterThan(0);
});

const setUps = ids.flatMap((id) =>
  (kits[id] ?? []).map((kit) => ({ id, kit, how: kit.name, reads: kit(createFakeClock()).reads })),
);

describe.each(setUps)("$id, set up as $how", ({ id, kit, reads }) => {
  const connect = (
    change: Parameters<typeof connectTo<Service>>[2] = {},
  ): Connection & { service: Service } => connectTo(id, kit, change);

  describe("its inputs", () => {
    test("are all in action.yml, or in a map of the schema of rotations files", () => {
      const { inputsRead } = connect();
      const isKnown = (name: string): boolean => Object.hasOwn(action().inputs, name) || isInSchema(name);
      expect([...inputsRead].filter((name) => !isKnown(name))).toEqual([]);
    });

    test("are all read", () => {
      expect(connect().warnings).toEqual([]);
    });

    test("hold an address that is used without its trailing slashes", () => {
      const { service } = connect();
      const url = service.inputs["api-url"] ?? "";
      expect(connect({ inputs: { "api-url": `${url}//` } }).provider.apiUrl).toBe(url);
    });

    test("hold a credential that is masked before any request", () => {
      const { announced, service } = connect();
      for (const name of Object.keys(service.wrongCredential)) {
        for (const form of maskedForms(service.inputs[name] ?? "")) expect(announced).toContain(form);
      }
      expect(service.emulator.requests).toEqual([]);
    });
  });

  test("has a section of its own in docs/providers.md, under its title", () => {
    const { provider } = connect();
    expect(docs().split("\n")).toContain(`## ${provider.title}`);
  });

  test("has an action.yml whose provider input names it", () => {
    expect(JSON.stringify(action().inputs["provider"])).toContain(`\`${id}\``);
  });

  describe("preflight", () => {
    test("accepts good credentials, and changes nothing", async () => {
      const connection = connect();
      const { service } = connection;
      const before = service.inForce();
      const inForce = await preflight(connection);
      if (inForce !== undefined) {
        expect(inForce.value.expose()).toBe(before);
        for (const form of maskedForms(before)) expect(connection.announced).toContain(form);
      }
      expect([service.inForce(), service.changes()]).toEqual([before, 0]);
      expect(requestsOf(service, service.rotateCall)).toEqual([]);
      expect(service.emulator.requests.length).toBeGreaterThan(0);
    });

    test("makes every call that the kit knows, once", async () => {
      const connection = connect();
      await preflight(connection);
      const { service } = connection;
      const counts = service.reads.map((read) => requestsOf(service, read).length);
      expect(counts).toEqual(counts.map(() => 1));
    });

    test("tries a wrong credential exactly once", async () => {
      const { service } = connect();
      const connection = connect({ inputs: service.wrongCredential });
      await expectFailure(
        preflight(connection),
        { code: "PROVIDER_UNAUTHORIZED", changed: "no", transient: false },
        connection,
      );
      expect(connection.service.emulator.requests).toHaveLength(1);
      expect(connection.waits).toEqual([]);
    });

    test("does not try a credential again that another rotation of the run found refused", async () => {
      const { service } = connect();
      const change = { inputs: service.wrongCredential, gate: createCredentialGate() };
      const [first, second] = [connect(change), connect(change)];
      await expectFailure(preflight(first), { code: "PROVIDER_UNAUTHORIZED" }, first);
      await expectFailure(preflight(second), { code: "PROVIDER_UNAUTHORIZED", changed: "no" }, second);
      expect(second.service.emulator.requests).toEqual([]);
    });

    test("of two rotations at once tries a wrong credential exactly once", async () => {
      const { service } = connect();
      const change = { inputs: service.wrongCredential, gate: createCredentialGate() };
      const both = [connect(change), connect(change)];
      for (const outcome of await Promise.allSettled(both.map(preflight))) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "PROVIDER_UNAUTHORIZED" } });
      }
      expect(both.flatMap((each) => each.service.emulator.requests)).toHaveLength(1);
    });

    test("finds that an app is missing, where it can", async () => {
      const { service } = connect();
      if (service.unknownApp === undefined) return;
      const connection = connect({ inputs: { "app-id": service.unknownApp } });
      await expectFailure(preflight(connection), { code: "APP_NOT_FOUND", changed: "no" }, connection);
      expect(connection.service.changes()).toBe(0);
    });

    test("ends when it is cancelled", async () => {
      const { provider, service } = connect();
      const reason = RotationError.of("CANCELLED", { signal: "SIGTERM" });
      await expect(provider.preflight(AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(service.emulator.requests).toEqual([]);
    });

    test("that could not be sent says where it was to go", async () => {
      const refused = connect({
        through: (http, service) => service.reads.reduce((inner, read) => neverSending(read, inner), http),
      });
      const { host } = new URL(refused.provider.apiUrl);
      await expectFailure(
        preflight(refused),
        {
          code: "PROVIDER_UNREACHABLE",
          message: `${refused.service.readsFrom ?? refused.provider.title} could not be reached at ${host} (ECONNREFUSED); expected a connection.`,
          changed: "no",
        },
        refused,
      );
    });

    describe.each(reads.map(({ path }, index) => ({ path, index })))("at $path", ({ index }) => {
      const start = () => {
        const connection = connect();
        const { service } = connection;
        const call = service.reads[index];
        if (call === undefined) throw new Error("The kit does not make the same reads each time.");
        return { connection, service, call };
      };

      test.each(READ_FAULTS)("tries again after %s, and says why it waits", async (_, fault) => {
        const { connection, service, call } = start();
        service.emulator.faults.arm(fault, call);
        await preflight(connection);
        expect(requestsOf(service, call)).toHaveLength(2);
        expect(connection.waits).toEqual([
          {
            why: expect.stringMatching(new RegExp(`${connection.provider.title}.*; expected`)) as unknown,
            milliseconds: connection.clock.waits[0],
          },
        ]);
      });

      test.each(READ_FAULTS)("gives up after some tries of nothing but %s", async (_, fault, code) => {
        const { connection, service, call } = start();
        service.emulator.faults.arm(fault, { ...call, times: Infinity });
        await expectFailure(preflight(connection), { code, transient: true }, connection);
        const tries = requestsOf(service, call).length;
        expect(tries).toBeGreaterThanOrEqual(3);
        expect(tries).toBeLessThanOrEqual(5);
        expect(service.changes()).toBe(0);
      });

      test("does not repeat what is answered with a web page", async () => {
        const { connection, service, call } = start();
        service.emulator.faults.arm(html(200), call);
        await expectFailure(preflight(connection), { code: "PROVIDER_ANSWER_INVALID" }, connection);
        expect(requestsOf(service, call)).toHaveLength(1);
      });

      test.each([301, 302, 307, 308])("does not follow a redirect (%i)", async (status) => {
        const { connection, service, call } = start();
        const origin = service.followsOnOrigin ? "https://elsewhere.test" : connection.provider.apiUrl;
        const location = `${origin}/elsewhere`;
        service.emulator.faults.arm({ kind: "answer", changed: false, status, headers: { location } }, call);
        await expectFailure(
          preflight(connection),
          { code: "PROVIDER_REDIRECT", transient: false },
          connection,
        );
        expect(requestsOf(service, call)).toHaveLength(1);
        expect(service.emulator.requests.map(({ path }) => path)).not.toContain("/elsewhere");
      });
    });
  });

  describe("rotate", () => {
    const ready = async (change: Parameters<typeof connect>[0] = {}) => {
      const connection = connect(change);
      await preflight(connection);
      return connection;
    };

    test("ends the secret in force and gives back the new one, masked, with one call", async () => {
      const { provider, service, announced } = await ready();
      const before = service.inForce();
      const { value } = await provider.rotate();
      expect(service.changes()).toBe(1);
      expect(service.inForce()).not.toBe(before);
      expect(value.expose()).toBe(service.inForce());
      for (const form of maskedForms(service.inForce())) expect(announced).toContain(form);
      expect(requestsOf(service, service.rotateCall)).toHaveLength(1);
    });

    test("that the provider refuses in its documented form has changed nothing, and is not repeated", async () => {
      const connection = await ready();
      const { provider, service } = connection;
      service.emulator.faults.arm(service.refusal, { ...service.rotateCall, times: Infinity });
      await expectFailure(
        provider.rotate(),
        { name: "RotationError", changed: "no", transient: false },
        connection,
      );
      expect(requestsOf(service, service.rotateCall)).toHaveLength(1);
    });

    test("that was never sent has changed nothing, and is repeated only where it ends nothing", async () => {
      let tried = 0;
      const connection = await ready({
        through: (http, { rotateCall }) => {
          const refusing = neverSending(rotateCall, http);
          return (request) => {
            const { pathname } = new URL(request.url);
            if (request.method === rotateCall.method && rotateCall.path.test(pathname)) tried += 1;
            return refusing(request);
          };
        },
      });
      await expectFailure(
        connection.provider.rotate(),
        { code: "PROVIDER_UNREACHABLE", changed: "no" },
        connection,
      );
      if (connection.provider.lifetime === undefined) expect(tried).toBe(1);
      else expect(tried).toBeLessThanOrEqual(3);
      expect(connection.service.changes()).toBe(0);
    });

    test.each(LOST)(
      "after %s gives back what is in force, or says that it does not know",
      async (_, fault) => {
        for (const times of [1, 2, Infinity]) {
          const connection = await ready();
          const { provider, service } = connection;
          service.emulator.faults.arm(fault, { ...service.rotateCall, times });
          const rotation = provider.rotate();
          const secret = await rotation.catch(() => undefined);
          if (secret === undefined) {
            // Where a new secret ends nothing, a lost answer leaves nothing open.
            const known = provider.lifetime === undefined ? { changed: "unknown" } : {};
            await expectFailure(rotation, { name: "RotationError", ...known }, connection);
          } else {
            expect(secret.value.expose()).toBe(service.inForce());
            for (const form of maskedForms(service.inForce())) expect(connection.announced).toContain(form);
          }
          expect(service.emulator.requests.map(({ path }) => path)).not.toContain("/");
          // However it goes, the provider is not asked for ever.
          expect(requestsOf(service, service.rotateCall).length).toBeLessThanOrEqual(3);
        }
      },
    );
  });

  test("read, where it is offered, gives the secret in force; where not, sync is refused", async () => {
    const connection = connect();
    const { provider, service, announced } = connection;
    if (provider.read === undefined) {
      const sync = (): unknown => connect({ inputs: { mode: "sync" } });
      expect(sync).toThrow(RotationErrors);
      expect(sync).toThrow(/^SYNC_UNSUPPORTED: [^\n]*$/);
      return;
    }
    await preflight(connection);
    expect((await provider.read()).value.expose()).toBe(service.inForce());
    await provider.rotate();
    expect((await provider.read()).value.expose()).toBe(service.inForce());
    for (const form of maskedForms(service.inForce())) expect(announced).toContain(form);
  });

  test("verify, where it is offered, never says valid of another secret, nor invalid of the one in force", async () => {
    const connection = connect();
    const { provider, masker, service } = connection;
    await preflight(connection);
    const secret = await provider.rotate();
    expect(secret.value.expose()).toBe(service.inForce());
    if (provider.verify === undefined) return;
    expect((await provider.verify(secret)).state).not.toBe("invalid");
    const other = { value: masker.secret("another secret altogether") };
    expect((await provider.verify(other)).state).not.toBe("valid");
  });
});
