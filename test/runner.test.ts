import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ActionOptions,
  type ActionRun,
  everythingPrinted,
  leaks,
  redactVolatile,
  runAction,
} from "./support/runner.ts";
import { createInterpreter, createLineSplitter, parseCommand } from "./support/runner/commands.ts";
import { parseFileCommands } from "./support/runner/files.ts";
import { createRunnerMasker } from "./support/runner/masker.ts";

describe("the masker does what the runner's own does", () => {
  const PLAIN = "Abcdefgh12345678ijkl";
  // Made by compiling the runner's own SecretMasker and ValueEncoders.
  it.each([
    ["base64", PLAIN, "QWJjZGVmZ2gxMjM0NTY3OGlqa2w=", "***"],
    ["base64url", PLAIN, "QWJjZGVmZ2gxMjM0NTY3OGlqa2w", "QWJjZGVmZ2gxMjM0NTY3OGlqa2w"],
    ["base64 with a newline", PLAIN, "QWJjZGVmZ2gxMjM0NTY3OGlqa2wK", "QWJjZGVmZ2gxMjM0NTY3OGlqa2wK"],
    ["base64 behind a character", PLAIN, "eEFiY2RlZmdoMTIzNDU2Nzhpamts", "eEFi***"],
    ["hex", PLAIN, "41626364656667683132333435363738696a6b6c", "41626364656667683132333435363738696a6b6c"],
    ["a split value", PLAIN, "Abcdefgh12 345678ijkl", "Abcdefgh12 345678ijkl"],
    ["the other case", PLAIN, "ABCDEFGH12345678IJKL", "ABCDEFGH12345678IJKL"],
    ["base64url without need of padding", `${PLAIN}1`, "QWJjZGVmZ2gxMjM0NTY3OGlqa2wx", "***"],
    ["the same with a newline", `${PLAIN}1`, "QWJjZGVmZ2gxMjM0NTY3OGlqa2wxCg==", "***Cg=="],
    ["form encoding", "pass word1", "a=pass+word1", "a=pass+word1"],
    ["percent-encoding", "pass word1", "pass%20word1", "***"],
    ["encodeURIComponent", "pass word(1)!", "pass%20word(1)!", "pass%20word(1)!"],
    ["percent-encoding of .NET", "pass word(1)!", "pass%20word%281%29%21", "***"],
    ["percent-encoding in upper case", "ab+/cd==EF", "ab%2B%2Fcd%3D%3DEF", "***"],
    ["percent-encoding in lower case", "ab+/cd==EF", "ab%2b%2fcd%3d%3dEF", "ab%2b%2fcd%3d%3dEF"],
    ["JSON with \\/", "a/b<c>d", "a\\/b<c>d", "a\\/b<c>d"],
    ["JSON with \\u003c", "a/b<c>d", "a/b\\u003cc\\u003ed", "a/b\\u003cc\\u003ed"],
    [
      "a field of JSON",
      `{"app_id":"cli_a1","app_secret":"s3cr3tValueXYZ"}`,
      "s3cr3tValueXYZ",
      "s3cr3tValueXYZ",
    ],
    [
      "JSON in ASCII",
      "密钥é🔑",
      String.raw`"\u5bc6\u94a5\u00e9\ud83d\udd11"`,
      String.raw`"\u5bc6\u94a5\u00e9\ud83d\udd11"`,
    ],
    ["a short value", "ab", "cabbage about ab", "c***bage ***out ***"],
  ])("with %s", (_form, secret, text, shown) => {
    const masker = createRunnerMasker();
    masker.add(secret);
    expect(masker.mask(text)).toBe(shown);
  });

  // What these encoders do is told by their source alone.
  it.each([
    [`say "hello" now`, String.raw`say \"hello\" now`],
    ["it's a secret", "it''s a secret"],
    ["tab\tand \u2028 here", String.raw`tab\tand \u2028 here`],
    ["a<b>&'\"c", "a&lt;b&gt;&amp;&apos;&quot;c"],
    [`"in quotes"`, "in quotes"],
    ["part-one&part-two&part-three", "part-one&part-two&"],
    ["part-one&part-two&part-three", "part-three"],
    ["part-one&+part-two&part-three", "part-one&+"],
    ["part-one&+part-two&part-three", "art-two&part-three"],
  ])("of %j hides %j", (secret, text) => {
    const masker = createRunnerMasker();
    masker.add(secret);
    expect(masker.mask(`<${text}>`)).toBe("<***>");
  });

  it("of a value of several lines hides each, trimmed", () => {
    const masker = createRunnerMasker();
    masker.add("first line\r\n  second line\n\n");
    expect(masker.mask("(first line) (  second line)")).toBe("(***) (  ***)");
  });

  it("and makes one mask of what overlaps or touches", () => {
    const masker = createRunnerMasker();
    masker.add("abcdef");
    masker.add("defghi");
    expect(masker.mask("abcdefghi abcdefabcdef")).toBe("*** ***");
  });
});

describe("a line of output", () => {
  it.each([
    ["::add-mask::a%0Ab%25", { name: "add-mask", data: "a\nb%", form: "::", properties: {} }],
    [
      "  ::error title=a%2Cb%3Ac,line=1::x::y",
      { name: "error", data: "x::y", form: "::", properties: { title: "a,b:c", line: "1" } },
    ],
    ["::ERROR::x", { name: "error", data: "x", form: "::", properties: {} }],
    ["\u0085::error::x", { name: "error", data: "x", form: "::", properties: {} }],
    ["it said: ##[add-mask]the", { name: "add-mask", data: "the", form: "##[", properties: {} }],
    [
      "foo ##[set-output name=a;]b%5D",
      { name: "set-output", data: "b]", form: "##[", properties: { name: "a" } },
    ],
    ["::unknown::##[error]x", { name: "error", data: "x", form: "##[", properties: {} }],
    ["x ::error::y", undefined],
    ["::unknown::x", undefined],
    ["::error:x", undefined],
    [":: error::x", undefined],
    ["##[unknown]x ##[error]y", undefined],
  ])("%j is the command %j", (line, command) => {
    expect(parseCommand(line)).toEqual(command);
  });

  it("ends at \\n, at \\r\\n and at a lone \\r", () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    for (const chunk of ["a\r", "\nb\rc", "\n\nd", "e\r"]) splitter.push(chunk);
    splitter.end();
    expect(lines).toEqual(["a", "b", "c", "", "de"]);
  });
});

describe("a step's output", () => {
  it("becomes a log with groups, annotations and masks", () => {
    const { log, annotations, masks } = interpret([
      "before ::error::x",
      "::add-mask::hunter22",
      "::group::Group of hunter22",
      "inside hunter22",
      "::warning title=hunter22 T::two%0Alines",
      "::endgroup::",
      "::debug::unseen",
      "after",
    ]);
    expect(log).toBe(
      ["before ::error::x", "▸ Group of ***", "  inside ***", "  Warning: two", "  lines", "after", ""].join(
        "\n",
      ),
    );
    expect(annotations).toEqual([{ level: "warning", title: "*** T", message: "two\nlines" }]);
    expect(masks).toEqual(["hunter22"]);
  });

  it("obeys no command between stop-commands and its token", () => {
    const { log, commands } = interpret([
      "::stop-commands::Pause-1234",
      "::error::not one",
      "::add-mask::not hidden",
      "::pause-1234::",
      "::notice::not hidden",
    ]);
    expect(commands.map(({ name }) => name)).toEqual(["stop-commands", "notice"]);
    expect(log).toBe(
      [
        "::stop-commands::***",
        "::error::not one",
        "::add-mask::not hidden",
        "::pause-1234::",
        "Notice: not hidden",
        "",
      ].join("\n"),
    );
  });

  it("sets outputs and state by the old commands, and reports those it may not obey", () => {
    const { outputs, state, annotations } = interpret([
      "::set-output name=a::1",
      "x ##[save-state name=b]2",
      "::set-output::3",
      "::set-env name=PATH::/bad",
      "::add-mask:: ",
    ]);
    expect(outputs).toEqual({ a: "1" });
    expect(state).toEqual({ b: "2" });
    expect(annotations.map(({ message }) => message)).toEqual([
      "Unable to process command '::set-output::3' successfully.",
      "Required field 'name' is missing in ##[set-output] command.",
      "Unable to process command '::set-env name=PATH::/bad' successfully.",
      "The `set-env` command is disabled.",
      "Can't add secret mask for empty string in ##[add-mask] command.",
    ]);
  });

  it("prints all but its mask commands", () => {
    const { printed } = interpret([
      "::add-mask::a",
      "b ##[add-mask]c",
      "::group::d",
      "::stop-commands::token-1",
      "::add-mask::e",
    ]);
    expect(printed).toBe("b ##[add-mask]c\n::group::d\n::stop-commands::token-1\n::add-mask::e\n");
  });
});

describe("a file of commands", () => {
  it("holds plain values and those between delimiters", () => {
    expect(parseFileCommands("a=1=2\n\nb<<END\nx=y\nEND of\n\nEND\nc<<D\nD\nd=\n")).toEqual({
      pairs: { a: "1=2", b: "x=y\nEND of\n", c: "", d: "" },
      problem: undefined,
    });
  });

  it.each([
    ["a=1\nb<<END\nx\n", "Invalid value. Matching delimiter not found 'END'"],
    ["a=1\nword\nb=2", "Invalid format 'word'"],
    ["a=1\n<<END\nx\nEND", "Invalid format '<<END'. Name must not be empty and delimiter must not be empty"],
  ])("%j counts as far as it can be read", (text, problem) => {
    expect(parseFileCommands(text)).toEqual({ pairs: { a: "1" }, problem });
  });
});

describe("runAction", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "action-"));
    await writeFile(join(folder, "action.yml"), ACTION);
    await writeFile(join(folder, "main.mjs"), MAIN);
    await writeFile(join(folder, "post.mjs"), POST);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (inputs: Record<string, string>, options: Partial<ActionOptions> = {}): Promise<ActionRun> =>
    runAction({ apiUrl: "http://127.0.0.1:1", action: folder, inputs, ...options });

  it("gives main its inputs, the runner's variables and nothing else", async () => {
    process.env["LEAKED_INTO_THE_ACTION"] = "yes";
    const { main } = await run(
      { do: "print-environment", "some name": "given" },
      { env: { EXTRA: "x" }, event: { name: "schedule", payload: { a: 1 } }, repository: "acme/api" },
    );
    delete process.env["LEAKED_INTO_THE_ACTION"];
    const environment = JSON.parse(main.stdout) as Record<string, string>;
    expect(environment).toMatchObject({
      INPUT_DO: "print-environment",
      "INPUT_WITH-DEFAULT": "acme/api",
      INPUT_EMPTY: "",
      INPUT_NUMBER: "5",
      INPUT_SOME_NAME: "given",
      GITHUB_API_URL: "http://127.0.0.1:1",
      GITHUB_REPOSITORY: "acme/api",
      GITHUB_EVENT_NAME: "schedule",
      GITHUB_ACTIONS: "true",
      EXTRA: "x",
      event: `{"a":1}`,
    });
    expect(Object.keys(environment).filter((name) => !/^(?:INPUT|GITHUB|RUNNER)_/.test(name))).toEqual(
      expect.arrayContaining(["PATH", "HOME", "TMPDIR", "EXTRA", "event"]),
    );
    expect(environment).not.toHaveProperty("LEAKED_INTO_THE_ACTION");
    expect(main.annotations).toEqual([
      {
        level: "warning",
        message:
          "Unexpected input(s) 'some name', valid inputs are ['do', 'with-default', 'empty', 'number']",
      },
    ]);
  });

  it("hands main's state, masks and environment to post, and gives each step its own files", async () => {
    const { main, post } = await run({ do: "work" });
    expect(main).toMatchObject({
      exitCode: 1,
      signal: null,
      stderr: "on stderr\n",
      outputs: { plain: "value", hidden: "my token-12345" },
      withheldOutputs: ["hidden"],
      state: { key: "two\nlines" },
      summary: "summary of *** and\nof ***\n",
      rawSummary: "summary of token-12345 and\nof token-12345\n",
      files: { "temp/left.txt": "left" },
      fileModes: { "temp/left.txt": 0o600 },
    });
    expect(main.durationMs).toBeGreaterThan(1);
    expect(JSON.parse(post.stdout.split("\n")[0] ?? "")).toEqual({
      state: "two\nlines",
      exported: "for post",
    });
    expect(post).toMatchObject({ exitCode: 0, summary: "post's own\n", files: {}, masks: [] });
    expect(post.log).toContain("masked still: ***");
  });

  it("removes its scratch folder", async () => {
    const { main } = await run({ do: "print-environment" });
    const { RUNNER_TEMP = "" } = JSON.parse(main.stdout) as Record<string, string>;
    expect(dirname(RUNNER_TEMP)).toContain(tmpdir());
    expect(existsSync(dirname(RUNNER_TEMP))).toBe(false);
  });

  it("ends main as told, and runs post all the same", async () => {
    const { main, post } = await run({ do: "wait" }, { killWhen: (printed) => printed.includes("waiting") });
    expect(main).toMatchObject({ exitCode: null, signal: "SIGKILL", state: { key: "begun" } });
    expect(main.annotations).toEqual([
      { level: "error", message: "Unable to process file command 'state' successfully." },
      { level: "error", message: "Invalid value. Matching delimiter not found 'END'" },
    ]);
    expect(post.exitCode).toBe(0);
    expect(post.stdout).toContain(`"state":"begun"`);
  });

  it("cancels main with SIGINT first", async () => {
    const { main } = await run(
      { do: "wait" },
      { killWhen: (printed) => printed.includes("waiting"), killBy: "cancel", post: false },
    );
    expect(main).toMatchObject({ exitCode: 130, signal: null });
    expect(main.log).toContain("got SIGINT");
  });

  it("leaves post out if told to", async () => {
    const { post } = await run({ do: "work" }, { post: false });
    expect(post).toMatchObject({ exitCode: null, stdout: "", files: {} });
  });

  it("rejects when a step takes too long", async () => {
    await expect(run({ do: "wait" }, { timeout: 1500 })).rejects.toThrow(
      "main did not end within 1500 ms. Its log:\nwaiting",
    );
  });

  it("rejects when action.yml names what is not there", async () => {
    await rm(join(folder, "post.mjs"));
    await expect(run({ do: "work" })).rejects.toThrow("post.mjs is missing: run `npm run package` first.");
    await writeFile(join(folder, "post.mjs"), POST);
  });
});

describe("leaks", () => {
  const SECRET = "p/ss (Wörd)+1";
  it.each([
    [SECRET, "it is"],
    [Buffer.from(SECRET).toString("base64"), "base64"],
    [Buffer.from(`${SECRET}\n`).toString("base64"), "base64 without its end"],
    [Buffer.from(SECRET).toString("base64url"), "base64url"],
    [Buffer.from(`id:${SECRET}:`).toString("base64"), "base64 without its end"],
    [Buffer.from(`x${SECRET}x`).toString("base64"), "base64 behind other bytes"],
    [Buffer.from(`xx${SECRET}`).toString("base64url"), "base64 behind other bytes"],
    [Buffer.from(SECRET).toString("hex"), "hex"],
    [Buffer.from(SECRET).toString("hex").toUpperCase(), "HEX"],
    [encodeURIComponent(SECRET), "percent-encoding"],
    ["p%2fss%20(W%c3%b6rd)%2b1", "percent-encoding"],
    ["p%2Fss+%28W%C3%B6rd%29%2B1", "form encoding"],
    [String.raw`p/ss (W\u00f6rd)+1`, "JSON"],
    [String.raw`p\/ss (Wörd)+1`, String.raw`JSON with \/`],
  ])("finds %j", (text, form) => {
    expect(leaks(printing(`before ${text} after`), [SECRET])).toContain(
      `secret 0 as ${form} in main stdout or stderr`,
    );
  });

  it("finds the lines of a value and the strings inside JSON", () => {
    const run = printing("the line-two and in-the-deep");
    expect(leaks(run, ["line-one\nline-two", `{"a":[{"b":"in-the-deep"}]}`])).toEqual([
      "secret 0 as one of its lines in main stdout or stderr",
      "secret 1 as a string inside it in main stdout or stderr",
    ]);
  });

  it("finds nothing in forms of less than six characters, nor in mask commands", () => {
    const run = printing("::add-mask::hunter22", "::add-mask::aHVudGVyMjI=", "abcde");
    expect(leaks(run, ["hunter22", "abcde"])).toEqual([]);
    expect(everythingPrinted(run)).not.toContain("hunter22");
  });

  it("looks into every channel of both steps", () => {
    const { main, post } = printing("");
    const run: ActionRun = {
      main: { ...main, rawSummary: "hunter22", commandFiles: { GITHUB_OUTPUT: "a=hunter22\n" } },
      post: { ...post, files: { "temp/x": "hunter22" } },
    };
    expect(leaks(run, ["hunter22"])).toEqual([
      "secret 0 as it is in main GITHUB_STEP_SUMMARY",
      "secret 0 as it is in main GITHUB_OUTPUT",
      "secret 0 as it is in post temp/x",
    ]);
  });
});

it("redactVolatile replaces what differs from run to run", () => {
  const text = [
    "http://127.0.0.1:40123/a",
    `${join(tmpdir(), "action-run-Ab3dEf")}/temp/x`,
    "0f0e0d0c-1111-4222-8333-abcdefabcdef",
    "ROTATING_0123456789",
    "2026-11-22T03:00:00Z and 2026-11-22 03:00:00.123",
    "after 12 ms, 1.5 s or 3 min, 30/50 targets",
  ].join("\n");
  expect(redactVolatile(text)).toBe(
    [
      "http://127.0.0.1:PORT/a",
      "SCRATCH/temp/x",
      "UUID",
      "ROTATING_HASH",
      "TIME and TIME",
      "after DURATION, DURATION or DURATION, 30/50 targets",
    ].join("\n"),
  );
});

/** Interprets lines as a step's output. */
function interpret(lines: readonly string[]): ReturnType<ReturnType<typeof createInterpreter>["result"]> {
  const interpreter = createInterpreter({ masker: createRunnerMasker() });
  for (const line of lines) interpreter.line(line);
  return interpreter.result();
}

/** A run whose main step printed these lines, and nothing else. */
function printing(...lines: string[]): ActionRun {
  const step = {
    exitCode: 0,
    signal: null,
    stdout: "",
    stderr: "",
    withheldOutputs: [],
    summary: "",
    rawSummary: "",
    commandFiles: {},
    files: {},
    fileModes: {},
    durationMs: 0,
  };
  return { main: { ...step, ...interpret(lines) }, post: { ...step, ...interpret([]) } };
}

const ACTION = `
name: A small action
inputs:
  do: { required: true }
  with-default: { default: "\${{ github.repository }}" }
  empty:
  number: { default: 5 }
runs: { using: node24, main: main.mjs, post: post.mjs }
`;

const MAIN = `
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
const { env } = process;
switch (env["INPUT_DO"]) {
  case "print-environment":
    console.log(JSON.stringify({ ...env, event: readFileSync(env.GITHUB_EVENT_PATH, "utf8") }));
    break;
  case "work":
    console.log("::add-mask::token-12345");
    console.error("on stderr");
    appendFileSync(env.GITHUB_OUTPUT, "plain=value\\nhidden=my token-12345\\n");
    appendFileSync(env.GITHUB_STATE, "key<<END\\ntwo\\nlines\\nEND\\n");
    appendFileSync(env.GITHUB_ENV, "EXPORTED=for post\\nNODE_OPTIONS=--bad\\n");
    appendFileSync(env.GITHUB_STEP_SUMMARY, "summary of token-12345 and\\nof token-12345\\n");
    writeFileSync(env.RUNNER_TEMP + "/left.txt", "left", { mode: 0o600 });
    process.exitCode = 1;
    break;
  case "wait":
    process.on("SIGINT", () => { console.log("got SIGINT"); process.exit(130); });
    appendFileSync(env.GITHUB_STATE, "key=begun\\nhalf<<END\\nwritten");
    console.log("waiting");
    setInterval(() => undefined, 1000);
}
`;

const POST = `
import { appendFileSync, rmSync } from "node:fs";
const { env } = process;
console.log(JSON.stringify({ state: env.STATE_key, exported: env.EXPORTED }));
console.log("masked still: token-12345");
appendFileSync(env.GITHUB_STEP_SUMMARY, "post's own\\n");
rmSync(env.RUNNER_TEMP + "/left.txt", { force: true });
`;
