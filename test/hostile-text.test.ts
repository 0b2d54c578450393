import * as core from "@actions/core";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RotationError } from "../src/errors.ts";
import type { Finished } from "../src/finish.ts";
import { formatTarget, type Target } from "../src/github/target.ts";
import type { RotationOutcome } from "../src/outcome.ts";
import {
  annotations,
  cleanLine,
  describeError,
  describeLine,
  describeOutcome,
  describeWait,
  inputSummary,
  outputs,
  postSummary,
  type Report,
  summary,
} from "../src/report.ts";
import { Masker } from "../src/secret.ts";
import {
  createInterpreter,
  createLineSplitter,
  type Interpretation,
  parseCommand,
} from "./support/runner/commands.ts";
import { createRunnerMasker } from "./support/runner/masker.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 300 });

afterEach(() => {
  vi.restoreAllMocks();
});

/** What gives orders to the runner, to a terminal, to Markdown, to HTML and to readers. */
const ORDERS = [
  ..."::add-mask::|::set-output name=status::|::save-state name=journal::|::stop-commands::|::error::|::group::".split(
    "|",
  ),
  ..."##[add-mask]|##[set-output name=status;]|##[save-state name=journal;]|##[stop-commands]|##[error]|##[group]".split(
    "|",
  ),
  ..."::|:::|##[|#[|##|#|[|]|%3A%3A|%0A::error::|%23%23[|::debug ::|::add-matcher::|##[endgroup]".split("|"),
  ...[
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u0000",
    "\u0007",
    "\b",
    "\u001b[2J",
    "\u001b[31m",
    "\u001b]0;owned\u0007",
    "\u009b31m",
  ],
  ...[
    "\u0085",
    "\u00ad",
    "\u200b",
    "\u200e",
    "\u202e",
    "\u2028",
    "\u2029",
    "\u2066",
    "\ufeff",
    "\u{e0041}",
    "\ud83d",
  ],
  ...[
    "**bold**",
    "__bold__",
    "~~gone~~",
    "`code`",
    "```",
    "~~~",
    "# heading",
    "> quote",
    "| cell |",
    "\\",
    "$x^2$",
  ],
  ...[
    "[link](https://evil.example)",
    "![image](https://evil.example/a.png)",
    "<https://evil.example>",
    "[^1]",
    "[x]: y",
  ],
  ...[
    "https://evil.example",
    "HTTP://evil.example",
    "www.evil.example",
    "WwW.evil.example",
    "ftp://evil.example",
  ],
  ...[
    "<img src=x onerror=alert(1)>",
    "<script>",
    "</td>",
    "<!--",
    "-->",
    "<details>",
    "&lt;",
    "&#60;",
    "&amp;",
    "&",
  ],
  ...["@octocat", "#1", "GH-1", "octo/repo#1", ":tada:", "- [ ] ", "1. ", "+ ", "    ", "---", "==="],
];

const hostile = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ORDERS) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.constantFrom(" ", "a", "没有权限", "owned") },
  ),
  maxLength: 12,
});

/** What neither a terminal nor a reader can see or obey. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const unmasked = (): Masker => new Masker(() => undefined);

/** What the runner makes of printed text. */
function interpret(printed: string): Interpretation & { readonly lines: number } {
  const interpreter = createInterpreter({ masker: createRunnerMasker(), debug: true });
  let lines = 0;
  const splitter = createLineSplitter((line) => {
    lines += 1;
    interpreter.line(line);
  });
  splitter.push(printed);
  splitter.end();
  return { ...interpreter.result(), lines };
}

const NOTHING = { commands: [], annotations: [], masks: [], outputs: {}, state: {} };

const repo: Target = { place: { kind: "repo", owner: "acme", repo: "web" }, secretName: "APP_SECRET" };
const env = (environment: string): Target => ({
  place: { kind: "env", owner: "acme", repo: "web", environment },
  secretName: "APP_SECRET",
});

describe("any text from outside, as a line of the log,", () => {
  test("is one line, and none that the runner obeys, wherever in a line it stands", () => {
    const ahead = fc.constantFrom(
      "",
      " ",
      "\t",
      "\u00a0",
      "\u0085",
      "\u3000",
      "login: ",
      ":",
      "#",
      "##",
      "a:",
    );
    fc.assert(
      fc.property(hostile, ahead, (text, before) => {
        const line = cleanLine(before + text, unmasked());
        expect(interpret(`${line}\n`)).toMatchObject({ ...NOTHING, lines: 1 });
        // Not even as the token of a stop-commands that somebody else has printed.
        for (const token of ["owned", "::", "error", text.toLowerCase()]) {
          expect(parseCommand(line, token)).toBeUndefined();
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("has nothing in it that a terminal obeys or a reader cannot see", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(cleanLine(text, unmasked())).not.toMatch(UNSEEN);
      }),
    );
  });

  test("is cut, and not cleaner for being cleaned twice", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 40 }), (text, longest) => {
        const line = cleanLine(text, unmasked(), longest);
        expect(line.length).toBeLessThanOrEqual(longest + 1);
        expect(cleanLine(line, unmasked(), longest)).toBe(line);
      }),
    );
  });

  test("is left as it is where it gives no orders", () => {
    const harmless = fc
      .string({ unit: "grapheme", maxLength: 60 })
      .filter((text) => !/::|##\[/.test(text) && !UNSEEN.test(text));
    fc.assert(
      fc.property(harmless, (text) => {
        expect(cleanLine(text, unmasked())).toBe(text);
      }),
    );
  });

  test("shows no secret, nor the head of one where it is cut", () => {
    const secrets = fc.string({
      unit: fc.constantFrom(...Array.from("abcXYZ019:#[%+/")),
      minLength: 8,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        hostile,
        secrets,
        hostile,
        fc.integer({ min: 0, max: 30 }),
        (before, secret, after, distance) => {
          // Pieces of the secret in the rest would say nothing about the secret itself.
          fc.pre(!before.includes(secret.slice(0, 4)) && !after.includes(secret.slice(0, 4)));
          const masker = unmasked();
          masker.mask(secret);
          expect(cleanLine(before + secret + after, masker)).not.toContain(secret);
          const filled = "-".repeat(100 - distance) + secret + after;
          expect(cleanLine(filled, masker, 100)).not.toContain(secret.slice(0, 6));
        },
      ),
    );
  });

  test.each(["::error::owned\n", "##[add-mask]", ":", "\n", "\u001b[2J\u200b", "<b>😀"])(
    "of 10 MB of %j costs little and is cut",
    (order) => {
      const text = order.repeat(Math.ceil(10_000_000 / order.length));
      const startedAt = performance.now();
      const line = cleanLine(text, unmasked(), 500);
      // Some tenths of a second; what grows with the square of the length would take hours.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(line.length).toBeLessThanOrEqual(501);
      expect(interpret(`${line}\n`)).toMatchObject({ ...NOTHING, lines: 1 });
    },
  );

  test("stays behind our own words in what is said of errors, waits and outcomes", () => {
    fc.assert(
      fc.property(hostile, hostile, (text, other) => {
        const error = RotationError.of(
          "PROVIDER_REFUSED",
          { provider: "Authing", action: "x", code: other },
          { detail: text },
        );
        const lines = [
          describeError(error, unmasked()),
          ...[
            describeLine(
              { text: `${formatTarget(env(text === "" ? "a" : text))}: not written.`, error },
              unmasked(),
            ),
            describeWait(error.message, 1_000),
            describeOutcome(red(text, other)),
            describeOutcome({ status: "unchanged", targets: [], warnings: [], reason: text }),
          ].map((line) => cleanLine(line, unmasked())),
        ];
        for (const line of lines) {
          expect(interpret(`${line}\n`)).toMatchObject({ ...NOTHING, lines: 1 });
          expect(line).toMatch(/^[A-Za-z]/);
          expect(line).not.toMatch(UNSEEN);
        }
      }),
    );
  });

  test("leaves room for what to do, however much the other side says", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const detail = `${text}x`.repeat(20_000);
        const error = RotationError.of(
          "PROVIDER_FORBIDDEN",
          { provider: "Authing", action: "read the app" },
          { detail },
        );
        const line = describeError(error, unmasked());
        expect(line.length).toBeLessThan(error.message.length + error.hint.length + 600);
        expect(line.endsWith(error.hint)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

/** A rotation that went wrong, with text from outside wherever it can come from outside. */
function red(
  text: string,
  other: string,
  status: "failed" | "incomplete" | "unknown" = "incomplete",
): RotationOutcome {
  const provider = "Authing";
  return {
    status,
    error: RotationError.of(
      "PROVIDER_REFUSED",
      { provider, action: "refresh the secret", code: other },
      { detail: text },
    ),
    provider: "changed",
    targets: [
      { target: repo, status: "written" },
      {
        target: env(other === "" ? "a" : other),
        status: "failed",
        error: RotationError.of(
          "GITHUB_REJECTED",
          { action: "write secret APP_SECRET", status: 422 },
          { detail: text },
        ),
      },
    ],
    warnings: [`Whether the secret works could not be confirmed: ${text}.`],
  };
}

function reportOf(name: string, outcome: RotationOutcome): Report {
  return {
    rotation: { name, providerId: "authing", targets: [repo] },
    outcome,
    endedAt: Date.UTC(2026, 10, 22, 3),
  };
}

const statuses = fc.constantFrom("failed" as const, "incomplete" as const, "unknown" as const);

/** What the action prints through `@actions/core`, as the runner takes it. */
function printedBy(act: () => void): Interpretation & { readonly lines: number } {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    printed.push(String(chunk));
    return true;
  });
  try {
    act();
  } finally {
    write.mockRestore();
  }
  return interpret(printed.join(""));
}

describe("any text from outside, in an annotation,", () => {
  test("makes no other annotation, and no other command", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, statuses, (name, text, other, status) => {
        const made = annotations([reportOf(name, red(text, other, status))], unmasked());
        const run = printedBy(() => {
          for (const { title, message } of made) core.error(message, { title });
        });
        expect(run.commands.map(({ name: command, form }) => `${form}${command}`)).toEqual(["::error"]);
        expect(run).toMatchObject({ masks: [], outputs: {}, state: {}, lines: 1 });
        expect(run.annotations).toHaveLength(1);
        // Of equals signs in front of a title the runner makes nothing.
        expect(run.annotations[0]?.title).toBe(made[0]?.title.replace(/^=+/, ""));
        expect(run.annotations[0]?.message).toBe(made[0]?.message.slice(0, 4_096));
        expect(run.annotations[0]?.message).toMatch(/^PROVIDER_REFUSED: /);
        expect(run.log.trimEnd()).not.toMatch(UNSEEN);
      }),
    );
  });

  test("is no more of them than GitHub shows, and none is long", () => {
    const reports = Array.from({ length: 30 }, (_, at) =>
      reportOf(`app-${String(at)}`, red("x".repeat(1_000_000), "y")),
    );
    const made = annotations(reports, unmasked());
    expect(made).toHaveLength(10);
    for (const { title, message } of made) expect(title.length + message.length).toBeLessThan(2_000);
  });
});

test("no text of a provider gets into an output", () => {
  fc.assert(
    fc.property(hostile, hostile, statuses, (text, other, status) => {
      const all = outputs([reportOf("login", red(text, "production", status))], "rotate");
      const benign = outputs([reportOf("login", red("", "production", status))], "rotate");
      expect(all).toEqual(benign);
      // An environment is the user's own word, and still breaks no line.
      for (const value of Object.values(outputs([reportOf("login", red("", other, status))], "rotate"))) {
        expect(value).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});

/** What a text may be in a summary: letters, digits, blanks, harmless marks, and entities for all others. */
const HARMLESS = String.raw`(?:[\p{L}\p{N} .,;:/?()'"=%+…-]|&#\d+;)*?`;

/**
 * Whether one summary is another with its marks replaced by text that is harmless in Markdown and in HTML: no text
 * can have changed a heading, a table, a list, or the line that it stands in.
 */
function expectFilled(filled: string, template: string, marks: readonly string[]): void {
  const escaped = template.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = marks.reduce((all, mark) => all.replaceAll(mark, HARMLESS), escaped);
  expect(filled).toMatch(new RegExp(`^${pattern}$`, "u"));
  // Bare addresses become links without any mark around them.
  const own = /rotate-app-secret/g;
  expect(filled.replace(own, "")).not.toMatch(/:\/\/|www\.|@/i);
}

/** What a browser shows of entities. */
const decode = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

/** The same, without the joiner behind each `@`, which nobody sees and no text from outside can have. */
const readAloud = (text: string): string => decode(text).replaceAll("\u2060", "");

const [A, B, C] = ["QMARKAQ", "QMARKBQ", "QMARKCQ"];

describe("any text from outside, in the job summary,", () => {
  test("is text and nothing else", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, statuses, (name, text, other, status) => {
        fc.pre(other !== "" && other.isWellFormed());
        const of = (a: string, b: string, c: string): string =>
          summary(
            [
              reportOf(a, red(b, c, status)),
              reportOf("pay", { status: "rotated", targets: [], warnings: [b] }),
            ],
            unmasked(),
          );
        const made = of(name, text, other);
        expectFilled(made, of(A, B, C), [A, B, C]);
        const shown = readAloud(made);
        for (const outside of [name, text, other]) expect(shown).toContain(cleanLine(outside, unmasked()));
      }),
    );
  });

  test("is text and nothing else where the inputs are wrong", () => {
    fc.assert(
      fc.property(hostile, hostile, (text, other) => {
        const of = (a: string, b: string): string =>
          inputSummary(
            [
              RotationError.of("INPUT_INVALID", { input: "mode", found: a, expected: "rotate" }),
              RotationError.of("TARGET_INVALID", { target: b, expected: "whole characters" }),
              RotationError.of("INPUT_MISSING", { input: "secret-name", because: a, hint: b }),
            ],
            unmasked(),
          );
        const made = of(text, other);
        expectFilled(made, of(A, B), [A, B]);
        for (const outside of [text, other])
          expect(readAloud(made)).toContain(cleanLine(outside, unmasked()));
      }),
    );
  });

  test("is text and nothing else where the post step adds to it, and a command stays in its box", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, text, keyId) => {
        const of = (a: string, b: string, c: string): string => {
          const error = RotationError.of("GITHUB_REJECTED", { action: "write", status: 422 }, { detail: b });
          const finished: Finished = {
            rotation: a,
            lines: [{ text: `${formatTarget(repo)}: not written.`, error }, { text: b }],
            commands: [`gh api --method PUT '/x' -f key_id='${c}'`],
            error: RotationError.of("SECRET_LOST", { rotation: a }),
          };
          return postSummary([finished], unmasked());
        };
        const lines = of(name, text, keyId).split("\n");
        const template = of(A, B, C).split("\n");
        const inBox = template.findIndex((line) => line.startsWith("gh api"));
        expect(lines).toHaveLength(template.length);
        expect(lines[inBox]).toMatch(/^gh api /);
        expect(lines[inBox]).not.toMatch(UNSEEN);
        lines[inBox] = template[inBox] ?? "";
        expectFilled(lines.join("\n"), template.join("\n"), [A, B]);
      }),
    );
  });

  test("is cut below what GitHub takes, however much there is of it", () => {
    const long = "<😀>".repeat(300_000);
    const reports = Array.from({ length: 12 }, (_, at) =>
      reportOf(`${String(at)}${long}`, red(long, "production")),
    );
    expect(Buffer.byteLength(summary(reports, unmasked()))).toBeLessThan(1_000_000);
    const error = RotationError.of("TARGET_INVALID", { target: long, expected: long });
    expect(Buffer.byteLength(inputSummary([error, error, error], unmasked()))).toBeLessThan(1_000_000);
    const finished: Finished = {
      rotation: long,
      lines: [{ text: long, error }],
      commands: [long, long],
      error: RotationError.of("SECRET_LOST", { rotation: long }),
    };
    expect(Buffer.byteLength(postSummary([finished, finished], unmasked()))).toBeLessThan(1_000_000);
  });

  // GitHub's Markdown finds addresses in the text that entities have become
  // (https://github.com/github/cmark-gfm/blob/master/extensions/autolink.c, `postprocess_text`).
  test("becomes no link where it is a mail address", () => {
    const text = decode(
      summary([reportOf("login", red("ask admin@evil.example", "production"))], unmasked()),
    );
    expect(text).not.toMatch(/[\w.+-]@[\w-]/);
  });
});
