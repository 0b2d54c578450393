import { describe, expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { parseTarget } from "../src/github/target.ts";
import type { RotationOutcome } from "../src/outcome.ts";
import {
  annotations,
  cleanLine,
  describeError,
  describeOutcome,
  outputs,
  type Report,
  summary,
} from "../src/report.ts";
import { Masker } from "../src/secret.ts";

const masker = (): Masker => new Masker(() => undefined);
const target = parseTarget("env:acme/web/production#APP_SECRET");

function report(name: string, outcome: RotationOutcome): Report {
  return {
    rotation: { name, providerId: "authing", targets: [target] },
    outcome,
    endedAt: Date.UTC(2026, 10, 22, 3),
  };
}

function failed(detail?: string): RotationOutcome {
  const error = RotationError.of(
    "PROVIDER_FORBIDDEN",
    { provider: "Authing", action: "read the app" },
    { detail },
  );
  return {
    status: "failed",
    error,
    provider: "unchanged",
    targets: [{ target, status: "skipped" }],
    warnings: [],
  };
}

const rotated: RotationOutcome = {
  status: "rotated",
  targets: [{ target, status: "written" }],
  rotatedAt: Date.UTC(2026, 10, 22, 3),
  version: "v7",
  warnings: [],
};

describe("what was only requested", () => {
  const requested: RotationOutcome = {
    status: "requested",
    targets: [{ target, status: "skipped" }],
    warnings: ["New ones may not be arriving."],
  };

  it("is green, and says that the secret comes later", () => {
    expect(describeOutcome(requested)).toContain("comes with a later event");
    expect(annotations([report("ticket", requested)], masker())).toEqual([]);
    const text = summary([report("ticket", requested)], masker());
    expect(text).toContain("📨 requested");
    expect(text).toContain("New ones may not be arriving.");
  });

  it("ranks between synced and planned, and has changed nothing", () => {
    const synced: RotationOutcome = { ...rotated, status: "synced" };
    const planned: RotationOutcome = { status: "planned", due: true, reason: "r", targets: [], warnings: [] };
    const status = (...outcomes: RotationOutcome[]): string | undefined =>
      outputs(
        outcomes.map((outcome) => report("r", outcome)),
        "rotate",
      )["status"];
    expect(status(planned, requested)).toBe("requested");
    expect(status(requested, synced)).toBe("synced");
    expect(outputs([report("ticket", requested)], "rotate")["changed"]).toBe("false");
  });
});

describe("a line for the log", () => {
  it.each([
    ["::error::boo", ": :error: :boo"],
    ["a ::: b", "a : : : b"],
    ["said ##[add-mask]the", "said ## [add-mask]the"],
    ["one\ntwo\r\n::set-output name=a::b", "one two : :set-output name=a: :b"],
    ["\u001b[31mred\u001b[0m", " [31mred [0m"],
    ["right\u202Eto left", "right to left"],
    ["one\u2028two", "one two"],
  ])("disarms %j", (text, clean) => {
    expect(cleanLine(text, masker())).toBe(clean);
  });

  it("hides secrets before it respells or cuts anything", () => {
    const hiding = masker();
    hiding.mask("se::cr##[et-value");
    expect(cleanLine("it is se::cr##[et-value!", hiding)).toBe("it is ***!");
    expect(cleanLine(`${"x".repeat(95)}se::cr##[et-value`, hiding, 100)).toBe(`${"x".repeat(95)}***`);
  });

  it("cuts what is endless", () => {
    expect(cleanLine("x".repeat(10_000_000), masker(), 500)).toHaveLength(501);
    const { message, hint } = RotationError.of("APP_NOT_FOUND", { provider: "Authing", appId: "1" });
    const error = RotationError.of(
      "APP_NOT_FOUND",
      { provider: "Authing", appId: "1" },
      { detail: "y".repeat(10_000_000) },
    );
    expect(describeError(error, masker()).length).toBeLessThan(message.length + hint.length + 600);
  });
});

describe("the annotations", () => {
  it("say code, message, what the provider said, what to do and what holds", () => {
    const [only] = annotations([report("login", failed("没有权限 ::error::"))], masker());
    expect(only).toEqual({
      title: "login: failed",
      message:
        "PROVIDER_FORBIDDEN: Authing does not let this management credential read the app; expected the right to do so. " +
        'It said: "没有权限 : :error: :". ' +
        "Grant the credential the right to read the app, then run again. " +
        "The secret in force at the provider was not changed; every target is as it was.",
    });
  });

  it("are nine, and one that counts the rest", () => {
    const reports = Array.from({ length: 12 }, (_, at) => report(`app-${String(at)}`, failed()));
    const shown = annotations(reports, masker());
    expect(shown).toHaveLength(10);
    expect(shown.at(-1)?.message).toBe("3 more rotations are red; see the job summary.");
  });
});

describe("the outputs", () => {
  it("hold our own words only", () => {
    const all = outputs([report("login", rotated), report("pay", failed("Nobody may read this"))], "rotate");
    expect(all["status"]).toBe("failed");
    expect(all["changed"]).toBe("true");
    expect(JSON.parse(all["results"] ?? "")).toEqual([
      {
        rotation: "login",
        provider: "authing",
        status: "rotated",
        version: "v7",
        rotated_at: "2026-11-22T03:00:00Z",
        targets: [{ target: "env:acme/web/production#APP_SECRET", status: "written" }],
      },
      {
        rotation: "pay",
        provider: "authing",
        status: "failed",
        version: null,
        rotated_at: null,
        targets: [{ target: "env:acme/web/production#APP_SECRET", status: "skipped" }],
        error: "PROVIDER_FORBIDDEN",
      },
    ]);
    expect(JSON.stringify(all)).not.toContain("Nobody may read this");
  });
});

describe("the summary", () => {
  it.each([
    [
      "of one rotation its outcome",
      [rotated],
      "### ✅ rotate-app-secret: rotated",
      "A new secret is in force",
    ],
    ["of a red one what it means", [failed()], "### ❌ rotate-app-secret: failed", "Nothing has changed"],
    [
      "of many the counts and the worst",
      [rotated, failed(), rotated],
      "### ❌ rotate-app-secret: 1 failed, 2 rotated",
      "Nothing has changed",
    ],
    [
      "why one is not due",
      [{ status: "unchanged", reason: "3 days old", targets: [], warnings: [] } as const],
      "### ➖ rotate-app-secret: unchanged",
      "**Not due**: 3 days old",
    ],
  ])("begins with %s", (_, outcomes: readonly RotationOutcome[], heading, verdict) => {
    const text = summary(
      outcomes.map((outcome, at) => report(`app-${String(at)}`, outcome)),
      masker(),
    );
    const [first, , second] = text.split("\n");
    expect(first).toBe(heading);
    expect(second).toContain(verdict);
  });

  it("shows red first, and lets no text from outside become markup", () => {
    const evil = "| **bold** <img src=x> [link](http://e.test) `code`\n# heading";
    const text = summary([report("login", rotated), report("pay", failed(evil))], masker());
    expect(text.indexOf("pay")).toBeLessThan(text.indexOf("login"));
    for (const markup of ["**bold", "<img", "[link]", "`code`", "\n# heading"])
      expect(text).not.toContain(markup);
    expect(text).toContain("**Next:** Grant the credential the right");
  });

  it("is cut below what GitHub accepts", () => {
    const reports = Array.from({ length: 8_000 }, (_, at) => report(`app-${String(at)}`, failed()));
    const text = summary(reports, masker());
    expect(Buffer.byteLength(text)).toBeLessThan(901_000);
    expect(text).toContain("The rest was cut");
  });
});
