import { inspect } from "node:util";
import { expect } from "vitest";
import { type ErrorCode, RotationError } from "../../src/errors.ts";
import { maskedForms, Secret } from "../../src/secret.ts";

declare module "vitest" {
  interface Matchers<R extends void | Promise<void>> {
    /** A function that throws, or with `.rejects` a promise that rejects with, a RotationError of this code. */
    toThrowWithCode: (code: ErrorCode) => R;
    /** An error that shows none of these secrets, in no form, however closely it is inspected. */
    toHide: (secrets: Iterable<string>) => R;
  }
}

// Without this, toEqual calls any two secrets equal, as their values are private.
expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    if (a instanceof Secret && b instanceof Secret) return a.equals(b);
    return a instanceof Secret || b instanceof Secret ? false : undefined;
  },
]);

expect.extend({
  toThrowWithCode(received: unknown, code: ErrorCode) {
    const thrown = typeof received === "function" ? thrownBy(received as () => unknown) : received;
    const found = thrown instanceof RotationError ? thrown.code : describe(thrown);
    return {
      pass: found === code,
      message: () => `expected ${this.isNot ? "anything but " : ""}a RotationError ${code}, found ${found}`,
    };
  },

  toHide(received: unknown, secrets: Iterable<string>) {
    const all = [...secrets];
    const text = everythingIn(received);
    const shown = all.findIndex((secret) =>
      [...maskedForms(secret)].some(
        (form) => text.includes(form) || text.includes(inspect(form).slice(1, -1)),
      ),
    );
    return {
      // Of nothing nothing can be hidden: such a test would pass whatever the code does.
      pass: received instanceof Error && all.length > 0 && shown < 0,
      message: () =>
        !(received instanceof Error)
          ? `expected an error, found ${describe(received)}`
          : all.length === 0
            ? "expected secrets to look for, found none"
            : `expected the error to ${this.isNot ? "show one of the secrets" : `hide secret ${String(shown)}`}`,
    };
  },
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

/** Never a message: it could hold a secret. */
function describe(thrown: unknown): string {
  return thrown === undefined ? "nothing" : thrown instanceof Error ? thrown.name : typeof thrown;
}

function everythingIn(thrown: unknown): string {
  const options = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };
  const texts = [
    inspect(thrown, { ...options, breakLength: Infinity }),
    JSON.stringify(thrown),
    String(thrown),
  ];
  for (let at = thrown; at instanceof Error; at = at.cause) {
    texts.push(at.message, at.stack ?? "", JSON.stringify(Object.entries(at)));
  }
  return texts.join("\n");
}
