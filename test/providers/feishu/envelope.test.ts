import { createCipheriv, createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openEnvelope, readEnvelope } from "../../../src/providers/feishu/envelope.ts";
import { maskedForms, Masker } from "../../../src/secret.ts";
import { V1, V2, V3, V4 } from "./vectors.ts";

const NOW = Number(V2.timestamp) * 1_000 + 60_000;
const MINUTE = 60_000;

interface Fields {
  readonly v: unknown;
  readonly body_b64: unknown;
  readonly timestamp: unknown;
  readonly nonce: unknown;
  readonly signature: unknown;
}

function fieldsOf(vector: { body: string; timestamp: string; nonce: string; signature: string }): Fields {
  const { body, timestamp, nonce, signature } = vector;
  return { v: 1, body_b64: Buffer.from(body).toString("base64"), timestamp, nonce, signature };
}

/** Signed and encrypted here, as the platform does it. */
function envelopeOf(
  event: object | string,
  body = (sealed: string): string => JSON.stringify({ encrypt: sealed }),
): Fields {
  const key = createHash("sha256").update(V2.key).digest();
  const iv = Buffer.alloc(16, 3);
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const text = typeof event === "string" ? event : JSON.stringify(event);
  const sealed = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final()]).toString("base64");
  const rawBody = body(sealed);
  const { timestamp, nonce } = V2;
  const signature = createHash("sha256")
    .update(timestamp + nonce + V2.key + rawBody)
    .digest("hex");
  return fieldsOf({ body: rawBody, timestamp, nonce, signature });
}

const event = (content: object, token: string = V2.token): object => ({
  ts: "1700000000.1",
  uuid: "u-1",
  token,
  type: "event_callback",
  event: { app_id: V2.appId, type: "app_ticket", app_ticket: V2.ticket, ...content },
});

function open(
  fields: unknown,
  change: { now?: number; key?: string; appId?: string; token?: string; maxAge?: number } = {},
) {
  const announced = new Set<string>();
  const masker = new Masker((form) => announced.add(form));
  const expected = {
    appId: change.appId ?? V2.appId,
    encryptKey: masker.secret(change.key ?? V2.key),
    verificationToken: change.token === "" ? undefined : masker.secret(change.token ?? V2.token),
    maxAge: change.maxAge ?? 15 * MINUTE,
    now: change.now ?? NOW,
  };
  return { secret: () => openEnvelope(readEnvelope(fields), expected, masker), announced };
}

/** Expects a refusal that names the check and shows nothing of what was delivered. */
function expectRefusal(fields: unknown, change: Parameters<typeof open>[1], check: string): void {
  const { secret } = open(fields, change);
  expect(secret).toThrowWithCode("ENVELOPE_REFUSED");
  expect(secret).toThrow(new RegExp(`^The envelope fails the check of its ${check}: .+; expected .+\\.$`));
  try {
    secret();
  } catch (thrown) {
    const { signature, body_b64: body, nonce } = fields as Fields;
    const shown = [V2.ticket, V2.key, V2.token, signature, body, nonce].filter(
      (text): text is string => typeof text === "string" && text.length >= 6,
    );
    expect(thrown).toHide(shown);
  }
}

describe("an envelope", () => {
  test.each([
    ["V2", V2],
    ["V3, whose body has a blank", V3],
  ])("with %s gives its ticket, masked", (_, vector) => {
    const { secret, announced } = open(fieldsOf(vector));
    expect(secret().expose()).toBe(V2.ticket);
    for (const form of maskedForms(V2.ticket)) expect(announced).toContain(form);
  });

  test("may come as JSON text, as a workflow's input holds it", () => {
    expect(
      open(JSON.stringify(fieldsOf(V2)))
        .secret()
        .expose(),
    ).toBe(V2.ticket);
  });

  test("in the newer shape is accepted", () => {
    const header = { event_id: "e-1", event_type: "app_ticket", token: V2.token, app_id: V2.appId };
    const fields = envelopeOf({ schema: "2.0", header, event: { app_ticket: V2.ticket } });
    expect(open(fields).secret().expose()).toBe(V2.ticket);
  });

  test("needs no Verification Token where none is given", () => {
    expect(
      open(envelopeOf(event({}, "another")), { token: "" })
        .secret()
        .expose(),
    ).toBe(V2.ticket);
  });

  test("tells when it was sent, of which the signature is the proof", () => {
    expect(readEnvelope(fieldsOf(V2)).sentAt).toBe(1_700_000_000_000);
  });

  test.each([
    ["that was sent at the edge of its age", 15 * MINUTE],
    ["that was sent by a clock that is ahead", -15 * MINUTE],
  ])("%s is accepted", (_, age) => {
    expect(
      open(fieldsOf(V2), { now: Number(V2.timestamp) * 1_000 + age })
        .secret()
        .expose(),
    ).toBe(V2.ticket);
  });
});

describe("an envelope may have", () => {
  test.each(["**ticket", "ticket**", "*-*"])("a ticket with asterisks in it: %s", (ticket) => {
    expect(
      open(envelopeOf(event({ app_ticket: ticket })))
        .secret()
        .expose(),
    ).toBe(ticket);
  });

  test("a ticket of 1024 characters", () => {
    const ticket = "t".repeat(1_024);
    expect(
      open(envelopeOf(event({ app_ticket: ticket })))
        .secret()
        .expose(),
    ).toBe(ticket);
  });

  test("a body of 64 KiB", () => {
    const rawBody = Buffer.alloc(65_536);
    expect(readEnvelope({ ...fieldsOf(V2), body_b64: rawBody.toString("base64") }).push.rawBody).toEqual(
      rawBody,
    );
  });

  test("a number in place of digits, which relays make of them", () => {
    const { timestamp, nonce } = V2;
    const fields = { ...fieldsOf(V2), timestamp: Number(timestamp), nonce: Number(nonce) };
    expect(readEnvelope(fields)).toEqual(readEnvelope(fieldsOf(V2)));
    expect(open(fields).secret().expose()).toBe(V2.ticket);
  });
});

describe("an envelope is refused, by the name of the check,", () => {
  const good = fieldsOf(V2);

  test.each([
    ["a number", 7],
    ["nothing", undefined],
    ["null", null],
    ["garbage", "garbage"],
    ["a list", []],
    ["no version", { ...good, v: undefined }],
    ["another version", { ...good, v: 2 }],
    ["no body", { ...good, body_b64: undefined }],
    ["an empty body", { ...good, body_b64: "" }],
    ["a body that is no base64", { ...good, body_b64: `${String(good.body_b64)}!` }],
    ["a body above 64 KiB", { ...good, body_b64: Buffer.alloc(65_537).toString("base64") }],
    ["no signature", { ...good, signature: undefined }],
    ["a signature that is an object", { ...good, signature: {} }],
    ["a moved border between timestamp and nonce", { ...good, timestamp: "17000000009", nonce: "50646929" }],
    ["a border moved the other way", { ...good, timestamp: "170000000", nonce: "0950646929" }],
  ])("if it has the form of %s", (_, fields) => {
    if (typeof fields === "object" && fields !== null) expectRefusal(fields, {}, "form");
    else expect(open(fields).secret).toThrowWithCode("ENVELOPE_REFUSED");
  });

  test.each([
    ["it is no JSON object", "garbage"],
    ["it is no JSON object", "7"],
    ["it is no JSON object", 7],
    ["it is no JSON object", null],
    [`it has no "v" of 1`, {}],
    [`it has no "body_b64"`, { v: 1 }],
    [`its "body_b64" is no base64`, { ...good, body_b64: "***" }],
    ["its body is larger than 64 KiB", { ...good, body_b64: Buffer.alloc(65_537).toString("base64") }],
    [
      "its timestamp, nonce or signature is not as the platform writes them",
      { ...good, nonce: ["950646929"] },
    ],
  ])("which says that %s", (found, fields) => {
    expect(open(fields).secret).toThrow(
      `The envelope fails the check of its form: ${found}; expected an envelope {"v":1,"body_b64","timestamp","nonce","signature"}.`,
    );
  });

  test("if it is forged", () => {
    expectRefusal({ ...good, signature: "0".repeat(64) }, {}, "signature");
    expectRefusal(fieldsOf(V1), {}, "signature");
  });

  test("if one byte of its body is flipped", () => {
    const body = Buffer.from(V2.body);
    body[20] = (body[20] ?? 0) ^ 1;
    expectRefusal({ ...good, body_b64: body.toString("base64") }, {}, "signature");
  });

  test("if the key is another one, or empty", () => {
    expectRefusal(good, { key: "example-encrypt-key-0123456789ac" }, "signature");
    expectRefusal(good, { key: "" }, "signature");
  });

  test("if it is signed with an empty key, as the platform does without one", () => {
    const signature = createHash("sha256")
      .update(V2.timestamp + V2.nonce + V2.body)
      .digest("hex");
    expectRefusal({ ...good, signature }, {}, "signature");
    expectRefusal({ ...good, signature }, { key: "" }, "signature");
  });

  test("if it is stale, or replayed outside the window", () => {
    expectRefusal(good, { now: NOW + 400_000, maxAge: 5 * MINUTE }, "age");
    expectRefusal(good, { now: NOW + 15 * MINUTE }, "age");
  });

  test("if it comes from the future", () => {
    expectRefusal(good, { now: NOW - 17 * MINUTE }, "age");
  });

  test.each([
    ["1000 s ago", 1_000_000],
    ["901 s ago", 900_001],
    ["1000 s in the future", -1_000_000],
  ])("if it was sent %s, which it says", (when, age) => {
    const { secret } = open(good, { now: Number(V2.timestamp) * 1_000 + age });
    expect(secret).toThrow(
      `The envelope fails the check of its age: it was sent ${when}, and "envelope-max-age" is 900 s; expected a recent one.`,
    );
  });

  test("before its age is looked at, by its signature: a stranger learns nothing of the clock", () => {
    expectRefusal({ ...good, signature: "0".repeat(64) }, { now: NOW + 400 * MINUTE }, "signature");
  });

  test("if its event is not encrypted", () => {
    expectRefusal(
      envelopeOf({}, () => JSON.stringify(event({}))),
      {},
      "encryption",
    );
  });

  test("if its event cannot be decrypted", () => {
    expectRefusal(
      envelopeOf({}, () => `{"encrypt":"AAAA"}`),
      {},
      "encryption",
    );
    expectRefusal(envelopeOf("no JSON at all"), {}, "encryption");
  });

  test("if it carries another event", () => {
    expectRefusal(envelopeOf(event({ type: "app_open" })), {}, "event");
    expectRefusal(fieldsOf(V4), {}, "event");
  });

  test("if it has another token", () => {
    expectRefusal(good, { token: "example-verification-token-000002" }, "token");
  });

  test.each([{ app_id: "cli_another" }, { app_id: undefined }, { app_id: "" }, { app_id: 1 }])(
    "if it is of another app, or of none",
    (change) => {
      expectRefusal(envelopeOf(event(change)), {}, "app");
    },
  );

  test.each([
    ["no ticket", undefined],
    ["an empty ticket", ""],
    ["a ticket of asterisks", "******"],
    ["a number", 12345678],
    ["blanks", "ticket with blanks"],
    ["a line break", "ticket\nticket"],
    ["1025 characters", "t".repeat(1_025)],
    ["other letters", "t\u00efcket-1234"],
  ])("if it has %s", (_, ticket) => {
    expectRefusal(envelopeOf(event({ app_ticket: ticket })), {}, "ticket");
  });

  test("but what was in it is masked all the same", () => {
    const { secret, announced } = open(
      envelopeOf(event({ app_id: "cli_another", app_ticket: "ticket-of-another-app" })),
    );
    expect(secret).toThrowWithCode("ENVELOPE_REFUSED");
    expect(announced).toContain("ticket-of-another-app");
  });
});
