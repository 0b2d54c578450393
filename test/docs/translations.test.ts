import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import GithubSlugger from "github-slugger";
import { Lexer, type Token, type Tokens, walkTokens } from "marked";
import { describe, expect, test } from "vitest";
import { filesLike, read, root } from "./files.ts";
import { parseMarkdown } from "./markdown.ts";

/** A part of a page: what stands under one heading, or before the first. */
interface Section {
  readonly depth: number;
  readonly heading: string;
  readonly code: readonly string[];
  /** What stands in code in the text, sorted, each once. */
  readonly words: readonly string[];
  /** Each table by its rows: how many cells, and what stands in code in the first. */
  readonly tables: readonly (readonly string[])[];
  /** Where links lead, each once, whatever language it is in: pages by path and number of the heading. */
  readonly links: readonly string[];
  /** Marks that stayed text, as they do in Chinese behind punctuation. */
  readonly loose: readonly string[];
}

const pages = filesLike(/\.zh-CN\.md$/).map((chinese) => ({
  chinese,
  english: chinese.replace(".zh-CN", ""),
}));

function sectionsOf(file: string): readonly Section[] {
  const sections: { heading: Tokens.Heading | undefined; tokens: Token[] }[] = [
    { heading: undefined, tokens: [] },
  ];
  for (const token of Lexer.lex(read(file), { gfm: true })) {
    if (token.type === "heading") sections.push({ heading: token as Tokens.Heading, tokens: [] });
    else sections.at(-1)?.tokens.push(token);
  }
  return sections.map(({ heading, tokens }) => {
    const code: string[] = [];
    const words = new Set<string>();
    const tables: string[][] = [];
    const links = new Set<string>();
    const loose: string[] = [];
    void walkTokens(tokens, (token) => {
      if (token.type === "code") code.push(`${String(token.lang)}\n${withoutComments(String(token.text))}`);
      if (token.type === "codespan") words.add(String(token.text));
      if (token.type === "link" || token.type === "image") links.add(goalOf(file, String(token.href)));
      if (token.type === "table") tables.push(rowsOf(token as Tokens.Table));
      if (token.type === "text" && /\*\*|(?<!\w)_|_(?!\w)/.test(token.raw) && !("tokens" in token)) {
        loose.push(token.raw);
      }
    });
    return {
      depth: heading?.depth ?? 0,
      heading: heading?.text ?? "",
      code,
      words: [...words].sort(),
      tables,
      links: [...links].sort(),
      loose,
    };
  });
}

/** Comments of YAML and shell may be in any language. */
function withoutComments(code: string): string {
  return code.replaceAll(/(^|\s)#.*$/gm, "$1#");
}

function rowsOf({ rows, header }: Tokens.Table): string[] {
  return [header, ...rows].map((cells) => {
    const keys = [...(cells[0]?.text ?? "").matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key);
    return [String(cells.length), ...keys].join(" ");
  });
}

/** The same for a page in either language. Where there is a Chinese one, the Chinese pages have to lead to it. */
function goalOf(file: string, href: string): string {
  if (/^[a-z]+:/.test(href)) return href;
  const [path = "", anchor] = href.split("#").map((part) => decodeURIComponent(part));
  const goal = path === "" ? file : posix.join(posix.dirname(file), path);
  const isOther = path !== "" && goal.replace(".zh-CN", "") === file.replace(".zh-CN", "");
  if (isOther) return "the other language";
  const language = goal.includes(".zh-CN") || !hasChinese(goal) ? "" : " in English";
  const expected = file.includes(".zh-CN") ? language : "";
  const heading = anchor === undefined ? "" : `#${String(headingsOf(goal).indexOf(anchor))}`;
  return `${goal.replace(".zh-CN", "")}${heading}${expected}`.replace(/(flow)(?:\.zh-CN)?/, "$1");
}

function hasChinese(file: string): boolean {
  return file.endsWith(".md") && existsSync(join(root, file.replace(/\.md$/, ".zh-CN.md")));
}

function headingsOf(file: string): readonly string[] {
  return file.endsWith(".md") ? [...parseMarkdown(read(file)).anchors] : [];
}

test("the pages for users are there in Chinese", () => {
  expect(pages.map(({ english }) => english)).toEqual([
    "README.md",
    "docs/providers.md",
    "docs/troubleshooting.md",
  ]);
});

describe.each(pages)("$chinese", ({ chinese, english }) => {
  const [ours, theirs] = [sectionsOf(english), sectionsOf(chinese)];

  test("has the same headings, one for one", () => {
    expect(theirs.map(({ depth }) => depth)).toEqual(ours.map(({ depth }) => depth));
  });

  const both = ours.map((section, at) => ({
    title: `${section.heading} / ${theirs[at]?.heading ?? "nothing"}`,
    section,
    translated: theirs[at],
  }));
  test.each(both)("says of the same things: $title", ({ section, translated }) => {
    const { code, words, tables, links } = section;
    expect(translated).toMatchObject({ code, words, tables, links });
  });

  test("has no marks that stay text", () => {
    expect(theirs.flatMap(({ loose }) => loose)).toEqual([]);
  });

  test("and the English page lead to each other", () => {
    expect(parseMarkdown(read(english)).links).toContain(posix.basename(chinese));
    expect(parseMarkdown(read(chinese)).links).toContain(posix.basename(english));
  });

  test("is linked to by the anchors that GitHub makes of its headings", () => {
    const slugger = new GithubSlugger();
    expect(headingsOf(chinese)).toEqual(
      theirs.slice(1).map(({ heading }) => slugger.slug(heading.replaceAll(/[`*]/g, ""))),
    );
  });
});
