// @ts-check
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/**
 * Who may import what below src. A file follows the first row that names it.
 *
 * Names are paths below src without ".ts", packages, or "node:" built-ins; `*` stands for one segment, `**` for any
 * number, FAMILY for the provider's own name or its beginning (`huawei` for `huawei-apig`), so that a new provider
 * needs no row here.
 *
 * @typedef {object} Row
 * @property {readonly string[]} files
 * @property {string} rule what is told to who breaks it
 * @property {readonly string[]} imports
 * @property {readonly string[]} [lazily] only by a dynamic `import()`, because loading it takes long
 * @property {readonly string[]} [types] only by `import type`
 * @property {readonly string[]} [never] exceptions to `imports`
 */

/** @type {readonly Row[]} */
const boundaries = [
  {
    files: ["index", "post", "main", "post-main", "runner"],
    rule: "The entries, main and runner may import everything but an entry.",
    imports: ["**"],
    never: ["index", "post"],
  },
  {
    files: ["secret", "errors", "outcome"],
    rule: "secret, errors and outcome may import types and node: built-ins, nothing else.",
    imports: ["node:*"],
    types: ["**"],
    never: ["node:process"],
  },
  {
    files: ["rotation", "stages/**"],
    rule: "rotation and its stages may import due, outcome, errors, secret, retry, value, github/target, github/marker and github/access; of providers, the rest of GitHub, journal and clock the types only.",
    imports: [
      "due",
      "outcome",
      "errors",
      "secret",
      "retry",
      "value",
      "github/target",
      "github/marker",
      "github/access",
      "stages/*",
    ],
    types: ["providers/provider", "github/*", "journal", "clock"],
  },
  {
    files: ["providers/index"],
    rule: "providers/index may import the providers, and types from above.",
    imports: ["providers/*"],
    types: ["http", "retry", "secret", "errors", "inputs", "clock"],
  },
  {
    files: ["providers/**"],
    rule: "A provider may import http, retry, secret, errors, pointer, its contract, answer, credential-gate, id-token, read-back, its own family and node: built-ins, and types from inputs and clock; never GitHub, never another provider.",
    imports: [
      "http",
      "retry",
      "secret",
      "errors",
      "pointer",
      "providers/provider",
      "providers/answer",
      "providers/credential-gate",
      "providers/id-token",
      "providers/read-back",
      "providers/FAMILY/**",
      "node:*",
    ],
    types: ["inputs", "clock"],
    never: ["node:process"],
  },
  {
    files: ["github/**"],
    rule: "GitHub's side may import http, secret, errors, retry, pointer, its own files and node: built-ins, and types from clock; @actions/github and libsodium-wrappers only by import().",
    imports: ["http", "secret", "errors", "retry", "pointer", "github/**", "node:*"],
    lazily: ["@actions/github", "libsodium-wrappers"],
    types: ["@actions/github", "libsodium-wrappers", "clock"],
    never: ["node:process"],
  },
  {
    files: ["**"],
    rule: "Only the entries, main and runner may import @actions/core and node:process, and nothing may import them.",
    imports: ["**"],
    never: ["@actions/core", "node:process", "index", "post", "main", "post-main", "runner"],
  },
];

/** What the two rules on texts have in common. */
const plain = { allowAny: false, allowBoolean: false, allowNullish: false, allowRegExp: false };

/** Files that know the runner: they own `process`, `@actions/core` and signals. */
const runnerFiles = ["index", "post", "main", "post-main", "runner"].map((name) => `src/${name}.ts`);

/**
 * Holds files to the table. Unlike `no-restricted-imports` it reads what a specifier resolves to, not its text, and
 * sees `import()`.
 *
 * @type {import("eslint").Rule.RuleModule}
 */
const boundariesRule = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      refused: "{{ file }} may not import {{ name }} {{ how }}. {{ rule }} (See eslint.config.js.)",
    },
  },
  create(context) {
    const file = nameBelowSrc(context.filename);
    const row = boundaries.find(({ files }) => matches(file, files));
    if (row === undefined) return {};

    /**
     * @param {import("estree").Node} node
     * @param {unknown} specifier
     * @param {"at its top" | "lazily" | "as a type"} how
     */
    const check = (node, specifier, how) => {
      const name =
        typeof specifier === "string" ? nameOf(specifier, context.filename) : "what is not a literal";
      const { rule, imports, lazily = [], types = [], never = [] } = row;
      const extra = how === "lazily" ? lazily : how === "as a type" ? types : [];
      const allowed = [...imports, ...extra].flatMap((pattern) => withFamily(pattern, file));
      if (!matches(name, allowed) || matches(name, never)) {
        context.report({ node, messageId: "refused", data: { file, name, how, rule } });
      }
    };
    return {
      /** @param {any} node */
      "ImportDeclaration, ExportNamedDeclaration[source], ExportAllDeclaration"(node) {
        /** @type {readonly any[]} */
        const names = node.specifiers ?? [];
        const marked =
          names.length > 0 && names.every((name) => (name.importKind ?? name.exportKind) === "type");
        const isType = (node.importKind ?? node.exportKind) === "type" || marked;
        check(node.source, node.source.value, isType ? "as a type" : "at its top");
      },
      /** @param {any} node */
      ImportExpression(node) {
        check(node.source, node.source.value, "lazily");
      },
    };
  },
};

export default defineConfig(
  globalIgnores(["dist/", "coverage/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Forbids `import("…")` in types too, which the boundaries do not see.
      "@typescript-eslint/consistent-type-imports": "error",
      // Strict, so that no Secret gets into a string; numbers are harmless.
      "@typescript-eslint/restrict-plus-operands": ["error", plain],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { ...plain, allowNever: false, allowNumber: true },
      ],
      // A new member of a union must be handled everywhere: every case, and no default to hide behind.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { allowDefaultCaseForExhaustiveSwitch: false },
      ],
    },
  },
  {
    files: ["**/*.ts"],
    // Tools read the default export of their configuration; declarations describe what others export.
    ignores: ["*.config.ts", "**/*.d.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportDefaultDeclaration, ExportSpecifier[exported.name='default']",
          message: "Named exports only: one name for one thing, everywhere.",
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    plugins: { project: { rules: { boundaries: boundariesRule } } },
    rules: {
      "no-console": "error",
      "project/boundaries": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: runnerFiles,
    rules: {
      "no-restricted-globals": [
        "error",
        {
          globals: [
            {
              name: "process",
              message:
                "Only the entries, main and runner know the process; take what you need as an argument.",
            },
          ],
          checkGlobalObject: true,
        },
      ],
    },
  },
);

/**
 * `github/seal` for src/github/seal.ts; what is outside src begins with `../`.
 *
 * @param {string} file
 */
function nameBelowSrc(file) {
  return relative(join(import.meta.dirname, "src"), file)
    .replaceAll("\\", "/")
    .replace(/\.ts$/, "");
}

/**
 * @param {string} specifier
 * @param {string} importer
 */
function nameOf(specifier, importer) {
  if (isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, "").replace(/\/.*/, "")}`;
  if (specifier.startsWith(".")) return nameBelowSrc(resolve(dirname(importer), specifier));
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/**
 * @param {string} name
 * @param {readonly string[]} patterns
 */
function matches(name, patterns) {
  return patterns.some((pattern) => {
    const source = pattern.replace(/\*\*|\*/g, (stars) => (stars === "**" ? ".+" : "[^/]+"));
    return new RegExp(`^${source}$`).test(name);
  });
}

/**
 * The pattern once for each family that a provider's file can belong to.
 *
 * @param {string} pattern
 * @param {string} file
 */
function withFamily(pattern, file) {
  if (!pattern.includes("FAMILY")) return [pattern];
  const words = (file.split("/")[1] ?? "").split("-");
  return words.map((_, index) => pattern.replace("FAMILY", words.slice(0, index + 1).join("-")));
}
