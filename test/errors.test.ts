import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { describeError, errorCodes, type ErrorCode, RotationError, RotationErrors } from "../src/errors.ts";

/** A context in which every field is there, and is its own name; but for the hint that a context may bring. */
const anyContext = new Proxy(
  {},
  {
    get: (_, name) => {
      if (name === "hint") return undefined;
      return name === "known" ? ["<known>"] : `<${String(name)}>`;
    },
  },
) as never;

describe.each(errorCodes)("%s", (code: ErrorCode) => {
  const error = RotationError.of(code, anyContext);

  test("has a code in upper snake case, and a page that says what it means and what to do", () => {
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
    const { title, meaning, fix } = describeError(code);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(meaning).toMatch(/^\S.*\.$/);
    expect(fix).toMatch(/^[A-Z].*\.$/);
  });

  test("says what was found, what was expected and what to do", () => {
    expect(error.message).toMatch(/; (?:expected .*|<because>)\.$/);
    expect(error.hint).toMatch(/^[A-Z].*\.$/);
    expect(error.message + error.hint).not.toMatch(/undefined|NaN|\[object|\n/);
  });

  test("is final and harmless, where nothing else is said", () => {
    expect(error).toMatchObject({ code, name: "RotationError", changed: "no", transient: false });
  });
});

describe("a RotationError", () => {
  test("carries what it is given beside its code", () => {
    const cause = new Error("inner");
    const error = RotationError.of(
      "PROVIDER_RATE_LIMITED",
      { provider: "Acme", action: "read the app" },
      { cause, detail: "too fast", transient: true, retryAfter: 1_000, changed: "unknown" },
    );
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: "PROVIDER_RATE_LIMITED",
      message: `Acme answered "too many requests" when asked to read the app; expected it to be done.`,
      hint: "Run again later, or run fewer rotations side by side.",
      detail: "too fast",
      transient: true,
      retryAfter: 1_000,
      changed: "unknown",
    });
    expect(error.cause).toBe(cause);
  });

  test("keeps text from outside out of its message", () => {
    const error = RotationError.of(
      "APP_NOT_FOUND",
      { provider: "Acme", appId: "a" },
      { detail: "::error::x" },
    );
    expect(error.message + error.hint).not.toContain("::error::x");
  });

  test("is harmless where the request that met it changes nothing, and else the same", () => {
    const context = { provider: "Acme", action: "issue a token", reason: "ECONNRESET" };
    const options = { cause: new Error("inner"), transient: true, changed: "unknown" } as const;
    const error = RotationError.of("PROVIDER_ANSWER_LOST", context, options);
    const { message, hint, cause } = error;
    const same = { code: "PROVIDER_ANSWER_LOST", message, hint, cause, transient: true };
    expect(error.harmless()).toMatchObject({ ...same, changed: "no" });
    expect(error.changed).toBe("unknown");
    expect(error.harmless().harmless()).toEqual(error.harmless());
  });

  test("takes the closer hint of a missing input, where there is one", () => {
    const general = RotationError.of("INPUT_MISSING", { input: "app-id", because: "it names the app" });
    const close = RotationError.of("INPUT_MISSING", { input: "app-id", because: "x", hint: "Do this." });
    expect(general.hint).toBe(
      'Set "app-id" under "with:"; a ${{ secrets.NAME }} that this job cannot read is empty too.',
    );
    expect(close.hint).toBe("Do this.");
  });
});

describe("whatever is thrown becomes a RotationError", () => {
  test("one stays itself", () => {
    const error = RotationError.of("CANCELLED", { signal: "SIGTERM" });
    expect(RotationError.from(error)).toBe(error);
  });

  test.each([
    ["an error", new RangeError("s3cr3tValueXYZ"), "RangeError"],
    ["a string", "s3cr3tValueXYZ", "string"],
    ["undefined", undefined, "undefined"],
    ["null", null, "object"],
  ])("%s becomes INTERNAL, without its text", (_, thrown, kind) => {
    const error = RotationError.from(thrown);
    expect(error).toMatchObject({
      code: "INTERNAL",
      message: `An unforeseen ${kind} was thrown; expected none.`,
      changed: "no",
      transient: false,
    });
    expect(error.message + error.hint + inspect(error.detail)).not.toContain("s3cr3tValueXYZ");
    expect(error.cause).toBe(thrown);
  });
});

test("several errors are one, which lists them", () => {
  const errors = [
    RotationError.of("INPUT_MISSING", { input: "app-id", because: "it names the app" }),
    RotationError.of("URL_INSECURE", { input: "api-url", found: '"http://a.example"' }),
  ];
  const all = new RotationErrors(errors);
  expect(all.errors).toBe(errors);
  expect(all.message.split("\n")).toEqual([
    'INPUT_MISSING: Input "app-id" is empty; it names the app.',
    'URL_INSECURE: Input "api-url" is "http://a.example"; expected an https URL (http only for loopback).',
  ]);
});
