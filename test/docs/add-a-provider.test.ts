import GithubSlugger from "github-slugger";
import { Lexer, type Token, type Tokens, walkTokens } from "marked";
import { describe, expect, test } from "vitest";
import { providers } from "../../src/providers/index.ts";
import { worldProviders } from "../emulators/world.ts";
import { connect, kits } from "../support/provider-kit.ts";
import { filesLike, read } from "./files.ts";

/** What CONTRIBUTING.md says under "Add a provider". */
const section = ((): readonly Token[] => {
  const tokens = Lexer.lex(read("CONTRIBUTING.md"), { gfm: true });
  const start = tokens.findIndex(({ type, raw }) => type === "heading" && raw.includes("Add a provider"));
  const rest = tokens.slice(start + 1);
  const end = rest.findIndex(({ type }) => type === "heading");
  return rest.slice(0, end);
})();
const steps = section.flatMap((token) => (token.type === "list" ? (token as Tokens.List).items : []));

/** The places that the steps name: files, in which NAME stands for the provider and a star for anything. */
const places = ((): readonly string[] => {
  const found = new Set<string>();
  void walkTokens(steps, (token) => {
    if (token.type === "codespan" && /^[\w./*-]+\.(?:ts|md|yml|json)$/.test(String(token.text))) {
      found.add(String(token.text));
    }
  });
  // Named as the contract, and as what is there to be used.
  for (const other of ["src/providers/provider.ts", "answer.ts"]) found.delete(other);
  return [...found];
})();

/** Files of which the whole, and not a line, is the provider's. */
const own = places.filter((place) => place.includes("NAME"));
const shared = places.filter((place) => !place.includes("NAME"));
/** `http` is not one service but any: a rotations file describes it, and nothing else here knows it. */
const ids = Object.keys(providers).filter((id) => id !== "http");

function titleOf(id: string): string {
  const [kit] = kits[id] ?? [];
  if (kit === undefined) throw new Error(`${id} has no kit.`);
  return connect(id, kit).provider.title;
}

/** The heading of the provider's section: its title, in Chinese behind the Chinese name. */
function headingOf(page: string, id: string): string | undefined {
  const title = titleOf(id);
  return read(page)
    .split("\n")
    .find((line) => line === `## ${title}` || (line.startsWith("## ") && line.endsWith(`（${title}）`)));
}

/** Whether a text names the id as a word of its own. */
function names(text: string, id: string): boolean {
  return new RegExp(`(?<![\\w.-])${id}(?![\\w-])`).test(text);
}

describe("what CONTRIBUTING.md says of adding a provider", () => {
  test("are five steps", () => {
    expect(section.filter(({ type }) => type === "list")).toHaveLength(1);
    expect(steps).toHaveLength(5);
  });

  test("names files that are there", () => {
    expect(own.length).toBeGreaterThan(4);
    expect(shared.filter((file) => filesLike(new RegExp(`^${file}$`)).length === 0)).toEqual([]);
  });
});

describe.each(ids)("%s", (id) => {
  test.each(own)("has its %s", (place) => {
    const pattern = place.replaceAll(".", "\\.").replaceAll("*", "[\\w.-]*").replace("NAME", id);
    expect(filesLike(new RegExp(`^${pattern}$`))).not.toEqual([]);
  });

  test.each(shared.filter((place) => !/^(?:README|CHANGELOG|test\/chaos)/.test(place)))(
    "has its place in %s",
    (place) => {
      expect(names(read(place), id)).toBe(true);
    },
  );

  test("has a subject of the chaos suite", () => {
    const subjects = filesLike(/^test\/chaos\/subjects\/.*\.ts$/)
      .map(read)
      .join("\n");
    expect(subjects).toContain(`provider: "${id}"`);
  });

  test("is part of the world in which the built action is run", () => {
    expect(worldProviders).toContain(id);
  });

  test.each(shared.filter((place) => place.startsWith("README")))(
    "is in the first sentence of %s",
    (file) => {
      const [head = ""] = read(file).split("```");
      const page = file === "README.md" ? "docs/providers.md" : "docs/providers.zh-CN.md";
      const heading = headingOf(page, id)?.slice("## ".length) ?? "";
      expect(head).toContain(`(${page}#${new GithubSlugger().slug(heading)})`);
    },
  );

  test.each(shared.filter((place) => place.startsWith("docs/providers")))("has a section in %s", (file) => {
    expect(headingOf(file, id)).toBeDefined();
  });

  test("is in the changelog", () => {
    expect(names(read("CHANGELOG.md"), id)).toBe(true);
  });

  test("is named by no other source, nor by another file that is no test, page or example", () => {
    const family = id.split("-")[0] ?? id;
    const allowed = [
      ...places.map((place) => place.replace("NAME", id)),
      // The example of a comment, and the examples of the pages for contributors.
      ...["eslint.config.js", "CONTRIBUTING.md"],
    ];
    const others = filesLike(/^(?:src|\.github|\.ci)\/|^[^/]+$/)
      .filter(
        (file) => !/^package(?:-lock)?\.json$/.test(file) && !file.startsWith(`src/providers/${family}/`),
      )
      .filter((file) => !allowed.includes(file))
      .filter((file) => names(read(file), id));
    expect(others).toEqual([]);
  });
});
