import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { filesLike, markdownFiles, read, root } from "./files.ts";
import { type Markdown, parseMarkdown } from "./markdown.ts";

const parsed = new Map<string, Markdown>();

function markdownOf(file: string): Markdown {
  const known = parsed.get(file) ?? parseMarkdown(read(file));
  parsed.set(file, known);
  return known;
}

/** @returns why a link of this file leads nowhere; undefined if it leads somewhere, or out of the repository. */
function deadEnd(
  file: string,
  link: string,
  anchorsOf: (file: string) => ReadonlySet<string>,
): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) return undefined;
  const [path = "", anchor] = link.split("#").map((part) => decodeURIComponent(part));
  // GitHub takes a leading slash for the root of the repository.
  const target = path === "" ? file : posix.join(path.startsWith("/") ? "." : posix.dirname(file), path);
  if (target.startsWith("../")) return `${link} leads out of the repository`;
  if (!existsSync(join(root, target))) return `${link} leads to no file`;
  if (anchor === undefined) return undefined;
  if (/^L\d+(?:-L\d+)?$/.test(anchor) && !target.endsWith(".md")) return undefined;
  if (statSync(join(root, target)).isDirectory() || !target.endsWith(".md")) {
    return `${link} has an anchor in what is no Markdown file`;
  }
  return anchorsOf(target).has(anchor) ? undefined : `${link} leads to no heading`;
}

describe("links", () => {
  test.each(markdownFiles)("of %s lead to files and headings that exist", (file) => {
    const dead = markdownOf(file).links.map((link) =>
      deadEnd(file, link, (target) => markdownOf(target).anchors),
    );
    expect(dead.filter((why) => why !== undefined)).toEqual([]);
  });

  test.each(filesLike(/^\.github\/ISSUE_TEMPLATE\/.*\.yml$/))(
    "of the form %s lead to files that exist",
    (file) => {
      // A form is shown at OWNER/REPO/issues/new, from where ../ is the repository.
      const links = [...read(file).matchAll(/\]\(\.\.\/([^)\s]+)\)/g)].map(([, link = ""]) => link);
      const dead = links
        .filter((link) => !link.startsWith("security/"))
        .map((link) =>
          link.startsWith("blob/main/")
            ? deadEnd("FORM", link.slice("blob/main/".length), (target) => markdownOf(target).anchors)
            : `${link} leads to no page of a repository`,
        );
      expect(dead.filter((why) => why !== undefined)).toEqual([]);
    },
  );
});

describe("the check of links", () => {
  const page = parseMarkdown(`# One \`two\` & three

## 部署 (deploy)

## 部署 (deploy)

### \`PROVIDER_UNAUTHORIZED\`

### [Linked](https://example.com) _and_ **bold**

<a id="by-hand"></a> [inline](#x) ![picture](a.png) <img src="b.png"> [by reference][ref]

- item
  \`\`\`yaml
  a: 1
  \`\`\`

[ref]: c.md#d
`);

  test("knows the anchors that GitHub makes", () => {
    expect([...page.anchors]).toEqual([
      "one-two--three",
      "部署-deploy",
      "部署-deploy-1",
      "provider_unauthorized",
      "linked-and-bold",
      "by-hand",
    ]);
  });

  test("finds every kind of link", () => {
    expect(page.links).toEqual(["https://example.com", "#x", "a.png", "b.png", "c.md#d"]);
  });

  test("finds code in a list", () => {
    expect(page.code).toEqual([{ language: "yaml", text: "a: 1", line: 14 }]);
  });

  test("sees a link by reference without a definition", () => {
    expect(() => parseMarkdown("[by reference][nowhere]")).toThrow(/no definition/);
  });

  const anchors = (): ReadonlySet<string> => new Set(["there"]);
  test.each([
    ["README.md", "#here", /no heading/],
    ["docs/security.md", "nowhere.md", /no file/],
    ["docs/security.md", "README.md", /no file/],
    ["docs/security.md", "../README.md#here", /no heading/],
    ["docs/security.md", "../../README.md", /out of the repository/],
    ["README.md", "action.yml#inputs", /no Markdown/],
  ])("sees in %s that %s is dead", (file, link, why) => {
    expect(deadEnd(file, link, anchors)).toMatch(why);
  });

  test.each([
    ["README.md", "#there"],
    ["README.md", "docs"],
    ["docs/security.md", "../README.md#there"],
    ["docs/security.md", "/README.md#there"],
    ["README.md", "action.yml#L3"],
    ["README.md", "https://example.com/#here"],
    ["README.md", "mailto:someone@example.com"],
  ])("sees in %s that %s is alive", (file, link) => {
    expect(deadEnd(file, link, anchors)).toBeUndefined();
  });
});
