import { trim, trimStart, type RunnerMasker } from "./masker.ts";

/** A workflow command that the runner found in a line of output. */
export interface Command {
  /** In lower case, such as `add-mask`. */
  readonly name: string;
  /** By name in lower case. */
  readonly properties: Readonly<Record<string, string>>;
  /** Unescaped. */
  readonly data: string;
  /** `##[` is the old form, which may begin anywhere in a line. */
  readonly form: "::" | "##[";
}

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly title?: string;
  /** Masked, and cut at 4096 characters. */
  readonly message: string;
}

/** What the lines of a step's output did. */
export interface Interpretation {
  /**
   * What a user sees: masked, without commands, a group as `▸ TITLE` with its lines indented, an annotation as
   * `Error: …`, `Warning: …` or `Notice: …`. Every line ends with a newline.
   */
  readonly log: string;
  /** All of them, though GitHub shows only the first ten of each level. */
  readonly annotations: readonly Annotation[];
  /** The values of the `add-mask` commands, in order. */
  readonly masks: readonly string[];
  /** Every command that was obeyed or failed, in order. */
  readonly commands: readonly Command[];
  /** Set by the old `set-output` command. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Set by the old `save-state` command. */
  readonly state: Readonly<Record<string, string>>;
  /** Every line as it was printed, but for mask commands of the form `::add-mask::…`. */
  readonly printed: string;
}

export interface Interpreter {
  /** Takes the next line of stdout or stderr; the runner looks for commands in both. */
  line(text: string): void;
  /** Adds an annotation of the runner itself. */
  annotate(level: Annotation["level"], message: string): void;
  result(): Interpretation;
}

export interface InterpreterOptions {
  /** Shared by the steps of a job: a mask holds until the job ends. */
  readonly masker: RunnerMasker;
  /** Whether `debug` commands are shown. Default `false`. */
  readonly debug?: boolean;
}

/**
 * Reads a step's output as https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Worker/ActionCommandManager.cs
 * does. `echo`, `add-matcher` and `remove-matcher` are recorded, but do nothing here.
 */
export function createInterpreter({ masker, debug = false }: InterpreterOptions): Interpreter {
  const log: string[] = [];
  const annotations: Annotation[] = [];
  const masks: string[] = [];
  const commands: Command[] = [];
  const outputs: Record<string, string> = {};
  const state: Record<string, string> = {};
  const printed: string[] = [];
  let inGroup = false;
  let stopToken: string | undefined;

  const show = (text: string): void => {
    for (const line of masker.mask(text).split(/\r\n|\r|\n/)) log.push(inGroup ? `  ${line}` : line);
  };

  const annotate = (level: Annotation["level"], message: string, title?: string): void => {
    annotations.push({
      level,
      ...(title === undefined ? {} : { title: masker.mask(title) }),
      message: masker.mask(message).slice(0, LONGEST_ANNOTATION),
    });
    show(`${level.charAt(0).toUpperCase()}${level.slice(1)}: ${message}`);
  };

  const obey = ({ name, properties, data }: Command, line: string): void => {
    switch (name as CommandName) {
      case "add-mask":
        if (trim(data) === "")
          annotate("warning", "Can't add secret mask for empty string in ##[add-mask] command.");
        else {
          masks.push(data);
          masker.add(data);
        }
        return;
      case "error":
      case "warning":
      case "notice":
        annotate(name as Annotation["level"], data, properties["title"]);
        return;
      case "group":
        inGroup = false;
        show(`▸ ${data}`);
        inGroup = true;
        return;
      case "endgroup":
        inGroup = false;
        return;
      case "debug":
        if (debug) show(`##[debug]${data}`);
        return;
      case "set-output":
        outputs[nameOf(name, properties)] = data;
        return;
      case "save-state":
        state[nameOf(name, properties)] = data;
        return;
      case "stop-commands":
        if (data === "" || data === "pause-logging" || isKnown(data))
          throw new Error("This token cannot be used.");
        stopToken = data.toLowerCase();
        if (data.length > 6) masker.add(data);
        show(line);
        return;
      case "set-env":
      case "add-path":
        throw new Error(`The \`${name}\` command is disabled.`);
      case "add-matcher":
      case "remove-matcher":
      case "echo":
        return;
    }
  };

  return {
    line: (text) => {
      const command = parseCommand(text, stopToken);
      const isToken = command !== undefined && command.name === stopToken;
      if (isToken) stopToken = undefined;
      if (command?.name !== "add-mask" || command.form !== "::" || stopToken !== undefined)
        printed.push(text);
      if (isToken || command === undefined || stopToken !== undefined) {
        show(text);
        return;
      }
      commands.push(command);
      try {
        obey(command, text);
      } catch (error) {
        annotate("error", `Unable to process command '${text}' successfully.`);
        annotate("error", error instanceof Error ? error.message : String(error));
      }
    },
    annotate: (level, message) => {
      annotate(level, message);
    },
    result: () => ({
      log: joined(log),
      annotations,
      masks,
      commands,
      outputs,
      state,
      printed: joined(printed),
    }),
  };
}

/**
 * The command in a line, or `undefined`:
 * https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Common/ActionCommand.cs. `token` is the one that
 * ends a `stop-commands`, in lower case, which counts as a command of its own.
 */
export function parseCommand(line: string, token?: string): Command | undefined {
  return parseNew(line, token) ?? parseOld(line, token);
}

/** Splits output into lines as .NET's `StreamReader.ReadLine` does, for which a lone `\r` ends a line too. */
export function createLineSplitter(onLine: (line: string) => void): {
  push(chunk: string): void;
  end(): void;
} {
  let rest = "";
  return {
    push: (chunk) => {
      // A `\r` at the end may be one half of a `\r\n`.
      const lines = (rest + chunk).split(/\r\n|\n|\r(?=[^])/);
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    },
    end: () => {
      if (rest !== "") onLine(rest.replace(/\r$/, ""));
      rest = "";
    },
  };
}

/** `_maxIssueMessageLength` of https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Worker/ExecutionContext.cs */
const LONGEST_ANNOTATION = 4096;

const COMMANDS = [
  "add-mask",
  "add-matcher",
  "add-path",
  "debug",
  "echo",
  "endgroup",
  "error",
  "group",
  "notice",
  "remove-matcher",
  "save-state",
  "set-env",
  "set-output",
  "stop-commands",
  "warning",
] as const;

type CommandName = (typeof COMMANDS)[number];

function isKnown(name: string): boolean {
  return (COMMANDS as readonly string[]).includes(name.toLowerCase());
}

function parseNew(line: string, token: string | undefined): Command | undefined {
  const text = trimStart(line);
  const end = text.startsWith("::") ? text.indexOf("::", 2) : -1;
  if (end < 0) return undefined;
  return build("::", text.slice(2, end), text.slice(end + 2), token);
}

function parseOld(line: string, token: string | undefined): Command | undefined {
  const start = line.indexOf("##[");
  const end = start < 0 ? -1 : line.indexOf("]", start);
  if (end < 0) return undefined;
  return build("##[", line.slice(start + 3, end), line.slice(end + 1), token);
}

function build(
  form: Command["form"],
  info: string,
  data: string,
  token: string | undefined,
): Command | undefined {
  const space = info.indexOf(" ");
  const name = (space < 0 ? info : info.slice(0, space)).toLowerCase();
  if (!isKnown(name) && name !== token) return undefined;
  const { between, escapes, dataEscapes } = SYNTAX[form];
  const properties: Record<string, string> = {};
  const list = space < 0 ? "" : info.slice(space + 1);
  for (const pair of (form === "::" ? trim(list) : list).split(between)) {
    const [, key, value] = /^=*([^=]+)=+(.+)$/s.exec(pair) ?? [];
    if (key !== undefined && value !== undefined) properties[key.toLowerCase()] = unescape(value, escapes);
  }
  return { name, properties, data: unescape(data, dataEscapes), form };
}

/** Unescaped one after the other, the percent sign last. */
const DATA_ESCAPES = { "%0D": "\r", "%0A": "\n", "%25": "%" };
const OLD_ESCAPES = { "%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%25": "%" };
const SYNTAX = {
  "::": {
    between: ",",
    escapes: { "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%" },
    dataEscapes: DATA_ESCAPES,
  },
  "##[": { between: ";", escapes: OLD_ESCAPES, dataEscapes: OLD_ESCAPES },
} as const;

function unescape(text: string, escapes: Readonly<Record<string, string>>): string {
  return Object.entries(escapes).reduce((plain, [escape, char]) => plain.replaceAll(escape, char), text);
}

function nameOf(command: string, { name = "" }: Readonly<Record<string, string>>): string {
  if (name === "") throw new Error(`Required field 'name' is missing in ##[${command}] command.`);
  return name;
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
