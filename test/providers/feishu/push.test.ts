import { createCipheriv, createHash } from "node:crypto";
import { AESCipher } from "@larksuiteoapi/node-sdk";
import { describe, expect, test } from "vitest";
import {
  decrypt,
  isSigned,
  isWellFormed,
  openSealed,
  type Push,
  readEvent,
  sealedIn,
} from "../../../src/providers/feishu/push.ts";
import { V0, V1, V2, V3, V4 } from "./vectors.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

function pushOf(vector: { body: string; timestamp: string; nonce: string; signature: string }): Push {
  const { body, timestamp, nonce, signature } = vector;
  return { rawBody: bytes(body), timestamp, nonce, signature };
}

/** Encrypts with the key that the official SDK derives. */
function sealWithSdk(text: string, key: string): string {
  const { key: derived } = new AESCipher(key) as unknown as { key: Buffer };
  const iv = Buffer.alloc(16, 7);
  const cipher = createCipheriv("aes-256-cbc", derived, iv);
  return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final()]).toString("base64");
}

describe("the signature", () => {
  test.each([
    ["V1", V1],
    ["V2, a whole event", V2],
    ["V3, a body with a space", V3],
    ["V4, the check of an address", V4],
  ])("of %s is accepted", (_, vector) => {
    expect(isSigned(pushOf(vector), vector.key)).toBe(true);
  });

  test("with another key is refused", () => {
    expect(isSigned(pushOf(V2), "example-encrypt-key-0123456789ac")).toBe(false);
  });

  test("with an empty key is refused, though the platform makes such ones", () => {
    const signature = createHash("sha256")
      .update(V2.timestamp + V2.nonce + V2.body)
      .digest("hex");
    expect(isSigned({ ...pushOf(V2), signature }, "")).toBe(false);
  });

  test("does not cover a body of which one byte differs", () => {
    for (let at = 0; at < V2.body.length; at += 1) {
      const rawBody = Buffer.from(V2.body);
      rawBody[at] = (rawBody[at] ?? 0) ^ 1;
      expect(isSigned({ ...pushOf(V2), rawBody }, V2.key)).toBe(false);
    }
  });

  test.each([
    ["a digit of the nonce in the timestamp", "17000000009", "50646929"],
    ["a digit of the timestamp in the nonce", "170000000", "0950646929"],
  ])("is refused with %s, though the digest is the same", (_, timestamp, nonce) => {
    expect(timestamp + nonce).toBe(V2.timestamp + V2.nonce);
    expect(isSigned({ ...pushOf(V2), timestamp, nonce }, V2.key)).toBe(false);
  });

  test.each([
    ["no timestamp", { timestamp: "" }],
    ["a timestamp with a sign", { timestamp: "+170000000" }],
    ["no nonce", { nonce: "" }],
    ["a nonce of 65 characters", { nonce: "a".repeat(65) }],
    ["a nonce with a blank", { nonce: "a b" }],
    ["a signature in upper case", { signature: V2.signature.toUpperCase() }],
    ["a signature cut short", { signature: V2.signature.slice(1) }],
    ["a signature with something before it", { signature: `v1=${V2.signature}` }],
    ["a signature with something behind it", { signature: `${V2.signature}00` }],
    ["no signature", { signature: "" }],
  ])("is not well formed with %s", (_, change) => {
    expect(isWellFormed(pushOf(V2))).toBe(true);
    expect(isWellFormed({ ...pushOf(V2), ...change })).toBe(false);
    expect(isSigned({ ...pushOf(V2), ...change }, V2.key)).toBe(false);
  });
});

describe("the cipher", () => {
  test("is that of the official sample", () => {
    expect(Buffer.from(decrypt(V0.sealed, V0.key) ?? []).toString("utf8")).toBe(V0.text);
    expect(new AESCipher(V0.key).decrypt(V0.sealed)).toBe(V0.text);
  });

  test("opens a whole event", () => {
    expect(readEvent(openSealed(V2.sealed, V2.key) ?? {})).toEqual({
      type: "app_ticket",
      id: V2.eventId,
      token: V2.token,
      appId: V2.appId,
      content: { app_id: V2.appId, app_ticket: V2.ticket, type: "app_ticket" },
    });
  });

  test("opens the check of an address", () => {
    const object = openSealed(V4.sealed, V4.key) ?? {};
    expect(readEvent(object)).toMatchObject({ type: "url_verification", token: V4.token });
    expect(object["challenge"]).toBe(V4.challenge);
  });

  test("opens what is encrypted with the key that the official SDK derives", () => {
    const text = `{"type":"密钥🔑","event":{}}`;
    expect(openSealed(sealWithSdk(text, "a key with ümlauts"), "a key with ümlauts")).toEqual(
      JSON.parse(text),
    );
  });

  test.each([
    ["nothing", ""],
    ["no base64", "***"],
    ["base64url", V2.sealed.replaceAll("+", "-").replaceAll("/", "_")],
    ["base64 with a line break", `${V2.sealed}\n`],
    ["an IV and nothing else", Buffer.alloc(16).toString("base64")],
    ["half a block", Buffer.alloc(40).toString("base64")],
    ["bad padding", Buffer.alloc(48).toString("base64")],
    ["no JSON", sealWithSdk("hello world", V2.key)],
    ["a list", sealWithSdk("[]", V2.key)],
    ["JSON with something behind it", sealWithSdk(`{"a":1} x`, V2.key)],
  ])("gives nothing for %s", (_, sealed) => {
    expect(openSealed(sealed, V2.key)).toBeUndefined();
  });
});

describe("the body", () => {
  test.each([V2, V3])("holds what is encrypted, with and without blanks", ({ body, sealed }) => {
    expect(sealedIn(bytes(body))).toBe(sealed);
  });

  test.each([
    ["a plain event", `{"type":"event_callback"}`],
    ["a number", `{"encrypt":1}`],
    ["a list", `["encrypt"]`],
    ["no JSON", "encrypt"],
    ["two objects", `{"encrypt":"x"}{"encrypt":"y"}`],
    ["nothing", ""],
  ])("holds nothing encrypted if it is %s", (_, body) => {
    expect(sealedIn(bytes(body))).toBeUndefined();
  });

  test("that is no UTF-8 holds nothing", () => {
    expect(
      sealedIn(Buffer.concat([bytes(`{"encrypt":"`), Buffer.from([0xff]), bytes(`"}`)])),
    ).toBeUndefined();
  });
});

describe("an event", () => {
  test("in the newer shape is read alike", () => {
    const header = { event_id: "e-1", event_type: "app_ticket", token: "t-1", app_id: "cli_1" };
    const event = { app_ticket: "ticket-1" };
    expect(readEvent({ schema: "2.0", header, event })).toEqual({
      type: "app_ticket",
      id: "e-1",
      token: "t-1",
      appId: "cli_1",
      content: event,
    });
  });

  test("in the newer shape is of the app that it says itself, where its header says another", () => {
    const header = { event_type: "app_ticket", app_id: "cli_1" };
    expect(readEvent({ schema: "2.0", header, event: { app_id: "cli_2" } }).appId).toBe("cli_2");
  });

  test.each([
    {},
    { event: null },
    { type: 1, uuid: [], token: {} },
    { schema: "2.0", header: "x", event: [] },
  ])("of which nothing can be read is empty", (object) => {
    expect(readEvent(object)).toEqual({ type: "", id: "", token: "", appId: "", content: {} });
  });
});
