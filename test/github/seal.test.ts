import sodium from "libsodium-wrappers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { createSeal, type Seal } from "../../src/github/seal.ts";
import { needsPyNaCl, openWithPyNaCl } from "../support/pynacl.ts";

const VALUES: readonly (readonly [string, string | Uint8Array])[] = [
  ["32 hex characters", "860830c5a6470123456789abcd0dd94b"],
  ["nothing", ""],
  ["one character", "x"],
  ["every kind of character", "zwei 密钥 🔑\r\n\t%20 \u0000 end\u2028"],
  ["JSON over several lines", '{\n  "app_secret": "s3cr3tValueXYZ"\n}\n'],
  ["48 KB", "k".repeat(49_152)],
  ["48 KB of Chinese", "密".repeat(16_384)],
  ["bytes that are no text", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
];

let seal: Seal;
let keys: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };

beforeAll(async () => {
  await sodium.ready;
  seal = await createSeal();
  keys = sodium.crypto_box_keypair();
});

const boxOf = (value: string | Uint8Array): string =>
  seal({ keyId: "1", key: keys.publicKey }, value).encrypted_value;

describe("what is sealed", () => {
  test.each(VALUES)("opens with libsodium: %s", (_, value) => {
    const box = Buffer.from(boxOf(value), "base64");
    const opened = sodium.crypto_box_seal_open(box, keys.publicKey, keys.privateKey);
    expect(Buffer.compare(opened, Buffer.from(value))).toBe(0);
  });

  test("opens with PyNaCl, which nobody here wrote", async (context) => {
    needsPyNaCl(context);
    const opened = await openWithPyNaCl({
      privateKey: Buffer.from(keys.privateKey).toString("base64"),
      boxes: VALUES.map(([, value]) => boxOf(value)),
    });
    expect(
      opened.map((value, index) => Buffer.compare(value, Buffer.from(VALUES[index]?.[1] ?? ""))),
    ).toEqual(VALUES.map(() => 0));
  });

  test("is standard base64 with padding, as GitHub's description demands", () => {
    const standard = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
    const boxes = Array.from({ length: 60 }, (_, length) => boxOf("x".repeat(length)));
    for (const box of boxes) expect(box).toMatch(standard);
    expect(boxes.join("")).toMatch(/[+/]/);
    expect(boxes.join("")).toContain("=");
  });

  test("names its key, and is a box of its own each time", () => {
    const one = seal({ keyId: "568250167242549743", key: keys.publicKey }, "x");
    const other = seal({ keyId: "568250167242549743", key: keys.publicKey }, "x");
    expect(Object.keys(one)).toEqual(["encrypted_value", "key_id"]);
    expect(one.key_id).toBe("568250167242549743");
    expect(one.encrypted_value).not.toBe(other.encrypted_value);
  });

  test("opens with no other key", () => {
    const stranger = sodium.crypto_box_keypair();
    const box = Buffer.from(boxOf("x"), "base64");
    expect(() => sodium.crypto_box_seal_open(box, stranger.publicKey, stranger.privateKey)).toThrow();
  });
});

test.each([0, 31, 33])("a key of %i bytes is not sealed for", (length) => {
  expect(() => seal({ keyId: "1", key: new Uint8Array(length) }, "x")).toThrow();
});

describe("sealing that does not work on this machine", () => {
  test("is found out before anything is sealed", async () => {
    const opening = vi.spyOn(sodium, "crypto_box_seal_open").mockReturnValue(
      // The type is that of its last overload, which answers a text.
      Buffer.from("another") as never,
    );
    try {
      await expect(createSeal()).rejects.toMatchObject({
        code: "SEALING_FAILED",
        message: expect.stringContaining("the trial box opened to something else") as unknown,
      });
    } finally {
      opening.mockRestore();
    }
  });

  test("says what libsodium says", async () => {
    const making = vi.spyOn(sodium, "crypto_box_keypair").mockImplementation(() => {
      throw new Error("no WebAssembly");
    });
    try {
      await expect(createSeal()).rejects.toMatchObject({
        code: "SEALING_FAILED",
        message: expect.stringContaining("no WebAssembly") as unknown,
      });
    } finally {
      making.mockRestore();
    }
  });
});
