import fc from "fast-check";
import sodium from "libsodium-wrappers";
import { beforeAll, expect, test } from "vitest";
import { createSeal, type Seal } from "../../src/github/seal.ts";
import { needsPyNaCl, openWithPyNaCl } from "../support/pynacl.ts";

/** What GitHub stores at most, in bytes. */
const LARGEST = 49_152;

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  // Long ones by repetition: what is drawn byte by byte takes long.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.integer({ min: 1_000, max: LARGEST }))
      .map(([piece, length]) => Uint8Array.from({ length }, (_, at) => piece[at % piece.length] ?? 0)),
  },
);
const texts = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.lorem({ mode: "sentences" }));

// The same values in every run; another seed is another hunt.
const values: readonly (string | Uint8Array)[] = fc.sample(fc.oneof(bytes, texts), {
  seed: 20_261_122,
  numRuns: 200,
});

let seal: Seal;
let keys: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };
let boxes: readonly string[];

beforeAll(async () => {
  await sodium.ready;
  seal = await createSeal();
  keys = sodium.crypto_box_keypair();
  boxes = values.map((value) => seal({ keyId: "1", key: keys.publicKey }, value).encrypted_value);
});

test("whatever is sealed opens with libsodium to the same bytes", () => {
  for (const [at, value] of values.entries()) {
    const box = Buffer.from(boxes[at] ?? "", "base64");
    const opened = sodium.crypto_box_seal_open(box, keys.publicKey, keys.privateKey);
    expect(Buffer.compare(opened, Buffer.from(value))).toBe(0);
  }
});

test("whatever is sealed opens with PyNaCl to the same bytes", async (context) => {
  needsPyNaCl(context);
  const opened = await openWithPyNaCl({ privateKey: Buffer.from(keys.privateKey).toString("base64"), boxes });
  expect(opened.map((value, at) => Buffer.compare(value, Buffer.from(values[at] ?? "")))).toEqual(
    values.map(() => 0),
  );
});

test("whatever is sealed is standard base64 with padding, 48 bytes longer than the value", () => {
  for (const [at, value] of values.entries()) {
    const box = Buffer.from(boxes[at] ?? "", "base64");
    expect(box.toString("base64")).toBe(boxes[at]);
    expect(box).toHaveLength(Buffer.from(value).length + 48);
  }
});

test("whatever is sealed twice is two boxes", () => {
  expect(
    new Set([
      ...boxes,
      ...values.map((value) => seal({ keyId: "1", key: keys.publicKey }, value).encrypted_value),
    ]).size,
  ).toBe(2 * values.length);
});
