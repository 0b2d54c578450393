import GithubSlugger from "github-slugger";
import { Lexer, type Token, walkTokens } from "marked";

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Of the opening fence; 0 if there is none. */
  readonly line: number;
}

export interface Markdown {
  /** What a link can lead to behind `#`. */
  readonly anchors: ReadonlySet<string>;
  /** Where links and pictures lead, as they are written. */
  readonly links: readonly string[];
  readonly code: readonly CodeBlock[];
}

/** Reads GitHub's Markdown. */
export function parseMarkdown(source: string): Markdown {
  const anchors = new Set<string>();
  const links: string[] = [];
  const code: CodeBlock[] = [];
  const slugger = new GithubSlugger();
  const unfinished: string[] = [];
  const fences = openingFences(source);

  const tokens = Lexer.lex(source, { gfm: true });
  // In the order of the text, as GitHub counts headings of the same name.
  void walkTokens(tokens, (token) => {
    switch (token.type) {
      case "heading":
        anchors.add(slugger.slug(plainText(token.tokens ?? [])));
        break;
      case "link":
      case "image":
        links.push(String(token.href));
        break;
      case "html":
        for (const [, name, value] of attributesIn(token.raw)) {
          if (name === "id" || name === "name") anchors.add(value);
          else links.push(value);
        }
        break;
      case "code":
        code.push({
          language: String(token.lang ?? ""),
          text: String(token.text),
          line: token.codeBlockStyle === "indented" ? 0 : (fences.shift() ?? 0),
        });
        break;
      case "text":
        // What looks like a link by reference, and whose definition is missing, stays text.
        if (token.tokens === undefined) unfinished.push(...(/\]\[[^\]]*\]/.exec(token.raw) ?? []));
        break;
      default:
        break;
    }
  });
  if (unfinished.length > 0) {
    throw new Error(`A link by reference has no definition: ${unfinished.join(", ")}`);
  }
  return { anchors, links, code };
}

/** What GitHub makes the anchor of: the words without markup. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === "html" || token.type === "image") return "";
      const inner = "tokens" in token ? (token.tokens as readonly Token[] | undefined) : undefined;
      if (inner !== undefined) return plainText(inner);
      return "text" in token ? String(token.text) : "";
    })
    .join("");
}

function attributesIn(html: string): readonly (readonly [string, string, string])[] {
  const visible = html.replaceAll(/<!--.*?-->/gs, "");
  return [...visible.matchAll(/\s(id|name|href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
    ([all, name = "", double, single]) => [all, name, double ?? single ?? ""] as const,
  );
}

/** The lines, counted from 1, on which code begins. */
function openingFences(source: string): number[] {
  const lines: number[] = [];
  let end: string | undefined;
  for (const [index, line] of source.split("\n").entries()) {
    const [, fence] = /^[\s>]*(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === undefined) continue;
    if (end === undefined) {
      lines.push(index + 1);
      end = fence;
    } else if (fence.startsWith(end)) {
      end = undefined;
    }
  }
  return lines;
}
