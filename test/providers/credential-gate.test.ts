import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import { createCredentialGate, digestOf } from "../../src/providers/credential-gate.ts";

const refusal = (): RotationError =>
  RotationError.of("PROVIDER_UNAUTHORIZED", { provider: "Acme", inputs: `"key"` });
const fault = (): RotationError =>
  RotationError.of("PROVIDER_UNREACHABLE", { provider: "Acme", host: "h", reason: "r" }, { transient: true });

/** Calls that a test settles one by one, in the order in which they were let through. */
function calls() {
  const under: PromiseWithResolvers<string>[] = [];
  return {
    under,
    call: (): Promise<string> => {
      const call = Promise.withResolvers<string>();
      under.push(call);
      return call.promise;
    },
    at: (index: number): PromiseWithResolvers<string> => {
      const call = under[index];
      if (call === undefined) throw new Error(`call ${String(index)} was not let through`);
      return call;
    },
  };
}

/** Lets everything happen that can happen now. */
async function pass(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe("the gate", () => {
  test("lets the first call go alone, and then the others at once", async () => {
    const gate = createCredentialGate();
    const { under, call, at } = calls();
    const all = [1, 2, 3].map(() => gate.pass("key", call));
    await pass();
    expect(under).toHaveLength(1);
    at(0).resolve("a");
    await pass();
    expect(under).toHaveLength(3);
    at(2).resolve("c");
    at(1).resolve("b");
    expect(await Promise.all(all)).toEqual(["a", "b", "c"]);
  });

  test("refuses every other call once the first was refused, without making it", async () => {
    const gate = createCredentialGate();
    const { under, call, at } = calls();
    const all = [1, 2, 3].map(() => gate.pass("key", call));
    const error = refusal();
    at(0).reject(error);
    const outcomes = await Promise.allSettled(all);
    expect(outcomes).toEqual([1, 2, 3].map(() => ({ status: "rejected", reason: error })));
    await expect(gate.pass("key", call)).rejects.toBe(error);
    expect(under).toHaveLength(1);
  });

  test.each([
    ["PROVIDER_FORBIDDEN", RotationError.of("PROVIDER_FORBIDDEN", { provider: "Acme", action: "look" })],
    ["APP_NOT_FOUND", RotationError.of("APP_NOT_FOUND", { provider: "Acme", appId: "a" })],
    [
      "PROVIDER_REFUSED",
      RotationError.of("PROVIDER_REFUSED", { provider: "Acme", action: "look", code: "7" }),
    ],
  ])("lets the others go at once after %s, which only an accepted credential meets", async (_, error) => {
    const gate = createCredentialGate();
    const { under, call, at } = calls();
    const all = Promise.allSettled([1, 2, 3].map(() => gate.pass("key", call)));
    await pass();
    expect(under).toHaveLength(1);
    at(0).reject(error);
    await pass();
    expect(under).toHaveLength(3);
    at(1).resolve("b");
    at(2).resolve("c");
    expect((await all).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });

  test("closes at a refusal that comes later", async () => {
    const gate = createCredentialGate();
    await gate.pass("key", () => Promise.resolve("fine"));
    const error = refusal();
    await expect(gate.pass("key", () => Promise.reject(error))).rejects.toBe(error);
    const { under, call } = calls();
    await expect(gate.pass("key", call)).rejects.toBe(error);
    expect(under).toHaveLength(0);
  });

  test("stays open after any other failure", async () => {
    const gate = createCredentialGate();
    const other = RotationError.of("PROVIDER_FORBIDDEN", { provider: "Acme", action: "look" });
    await expect(gate.pass("key", () => Promise.reject(other))).rejects.toBe(other);
    await expect(gate.pass("key", () => Promise.reject(new Error("a defect")))).rejects.toThrow("a defect");
    expect(await gate.pass("key", () => Promise.resolve("fine"))).toBe("fine");
  });

  test("lets one call at a time try a credential of which nothing is known yet", async () => {
    const gate = createCredentialGate();
    const { under, call, at } = calls();
    const outcomes = Promise.allSettled(Array.from({ length: 8 }, () => gate.pass("key", call)));
    await pass();
    // Never reached the provider, so that the key is as unproven as before.
    at(0).reject(fault());
    await pass();
    expect(under).toHaveLength(2);
    at(1).reject(refusal());
    expect((await outcomes).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => "rejected"));
    expect(under).toHaveLength(2);
  });

  test("tells credentials apart", async () => {
    const gate = createCredentialGate();
    await expect(gate.pass("one", () => Promise.reject(refusal()))).rejects.toThrowWithCode(
      "PROVIDER_UNAUTHORIZED",
    );
    const { under, call } = calls();
    void gate.pass("two", call);
    void gate.pass("three", call);
    await pass();
    expect(under).toHaveLength(2);
  });

  test("of another run knows nothing", async () => {
    await expect(createCredentialGate().pass("key", () => Promise.reject(refusal()))).rejects.toThrow();
    expect(await createCredentialGate().pass("key", () => Promise.resolve("fine"))).toBe("fine");
  });
});

describe("the digest of a credential", () => {
  test("differs with each of its parts, and shows none", () => {
    const digests = [
      ["id", "secret"],
      ["id", "secret", "token"],
      ["id", "other"],
      ["other", "secret"],
    ].map((parts) => digestOf(...parts));
    expect(new Set(digests).size).toBe(4);
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("differs with where one part ends and the next begins", () => {
    expect(digestOf("12", "3")).not.toBe(digestOf("1", "23"));
    expect(digestOf("12", "")).not.toBe(digestOf("12"));
  });
});

describe("a session", () => {
  test("is opened once, however many ask for it", async () => {
    const gate = createCredentialGate();
    let opened = 0;
    const open = (): Promise<number> => Promise.resolve((opened += 1));
    expect(await Promise.all([gate.session("a", open), gate.session("a", open)])).toEqual([1, 1]);
    expect(await gate.session("a", open)).toBe(1);
    expect(await gate.session("b", open)).toBe(2);
  });

  test("that could not be opened is tried again by the next", async () => {
    const gate = createCredentialGate();
    const failure = new Error("x");
    await expect(gate.session("a", () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await gate.session("a", () => Promise.resolve("token"))).toBe("token");
  });

  test("that is not fresh any more is opened anew, once, however many ask for it", async () => {
    const gate = createCredentialGate();
    let opened = 0;
    const open = (): Promise<number> => Promise.resolve((opened += 1));
    const ask = (): Promise<number> => gate.session("a", open, (session) => session >= 2);
    expect(await gate.session("a", open)).toBe(1);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([2, 2, 2]);
    expect(await ask()).toBe(2);
  });
});
