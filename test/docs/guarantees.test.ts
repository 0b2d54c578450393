import { posix } from "node:path";
import { Lexer, type Tokens } from "marked";
import { describe, expect, test } from "vitest";
import { read } from "./files.ts";

interface Guarantee {
  readonly name: string;
  readonly tests: readonly { readonly title: string; readonly file: string }[];
}

const tables = Lexer.lex(read("docs/security.md"), { gfm: true }).filter(
  (token): token is Tokens.Table => token.type === "table",
);
const guarantees: readonly Guarantee[] = tables
  .filter(({ header }) => header[0]?.text === "Guarantee")
  .flatMap(({ rows }) =>
    rows.map(([name, tests]) => ({
      name: name?.text ?? "",
      tests: (tests?.tokens ?? [])
        .filter((token): token is Tokens.Link => token.type === "link")
        .map(({ text, href }) => ({ title: text, file: posix.join("docs", href) })),
    })),
  );

describe("the guarantees in docs/security.md", () => {
  test("are there, each once, in the order of their numbers", () => {
    expect(guarantees.map(({ name }) => Number.parseInt(name, 10))).toEqual(
      Array.from({ length: guarantees.length }, (_, at) => at + 1),
    );
    expect(guarantees.length).toBeGreaterThanOrEqual(12);
  });

  test.each(guarantees)("name tests that there are: $name", ({ tests }) => {
    expect(tests).not.toEqual([]);
    for (const { title, file } of tests) expect(titlesIn(file), file).toContain(title);
  });
});

/** The titles of a file's tests and groups, without what is filled in. */
function titlesIn(file: string): readonly string[] {
  const titled = /\(\s*"((?:[^"\\]|\\.)*)",\s*(?:\{[^}]*\},\s*)?(?:async\s*)?\(/g;
  return [...read(file).matchAll(titled)].map(([, title = ""]) =>
    title.replace(/ ?\([^(]*[%$].*$| ?[%$].*$/, ""),
  );
}
