/** What a file such as `GITHUB_OUTPUT` says. */
export interface FileCommands {
  readonly pairs: Readonly<Record<string, string>>;
  /** Why the rest of the file could not be read; the pairs before it count all the same. */
  readonly problem: string | undefined;
}

/**
 * Reads `NAME=VALUE` and `NAME<<DELIMITER` … `DELIMITER` as
 * https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Worker/FileCommandManager.cs does on Linux.
 */
export function parseFileCommands(text: string): FileCommands {
  const pairs: Record<string, string> = {};
  const lines = text.split("\n");
  // What follows the last newline is a line only if there is something.
  const last = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  for (let at = 0; at < last; at += 1) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const [, name = "", separator, rest = ""] = /^(.*?)(=|<<)(.*)$/s.exec(line) ?? [];
    if (separator === undefined) return { pairs, problem: `Invalid format '${line}'` };
    if (separator === "=") {
      pairs[name] = rest;
      continue;
    }
    if (name === "" || rest === "") {
      const problem = `Invalid format '${line}'. Name must not be empty and delimiter must not be empty`;
      return { pairs, problem };
    }
    const end = lines.indexOf(rest, at + 1);
    if (end < 0 || end >= last)
      return { pairs, problem: `Invalid value. Matching delimiter not found '${rest}'` };
    pairs[name] = lines.slice(at + 1, end).join("\n");
    at = end;
  }
  return { pairs, problem: undefined };
}
