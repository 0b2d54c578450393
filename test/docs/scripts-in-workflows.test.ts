/**
 * The scripts of the workflows that can write, run as the runner runs them, between a repository and a `gh` that are
 * made for the test. What GitHub does with the calls of `gh` is not tried.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { read } from "./files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "workflow-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly printed: string;
}

/** Runs the script of one step in the folder, in the shell that the workflow sets. */
function runStep(file: string, job: string, step: string, env: Readonly<Record<string, string>>): Ended {
  const workflow = parse(read(`.github/workflows/${file}`)) as {
    defaults: { run: { shell: string } };
    jobs: Record<string, { steps: { name?: string; run?: string }[] }>;
  };
  expect(workflow.defaults.run.shell).toBe("bash");
  const script = workflow.jobs[job]?.steps.find(({ name }) => name === step)?.run;
  if (script === undefined) throw new Error(`${file} has no step "${step}" with a script.`);
  // What `shell: bash` stands for.
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["--noprofile", "--norc", "-eo", "pipefail", "-c", script],
    {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
        HOME: folder,
        GITHUB_OUTPUT: join(folder, "output"),
        RUNNER_TEMP: folder,
        ...env,
      },
    },
  );
  return { status, printed: stdout + stderr };
}

function put(path: string, text: string): void {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
}

/** Puts a `gh` into the folder that notes its arguments, one call a line, and then runs this. */
function putGh(script: string): void {
  put("bin/gh", `#!/usr/bin/env bash\nprintf '%s\\n' "$*" >>"${folder}/calls"\n${script}\n`);
  chmodSync(join(folder, "bin/gh"), 0o755);
}

function calls(): readonly string[] {
  const file = join(folder, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

/** What the step has set as its outputs, in both forms that the runner reads. */
function outputs(): Readonly<Record<string, string>> {
  const file = join(folder, "output");
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const found: Record<string, string> = {};
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [, name = "", delimiter = ""] = /^(\w+)<<(\w+)$/.exec(line) ?? [];
    if (name !== "") {
      found[name] = lines
        .splice(0, lines.indexOf(delimiter) + 1)
        .slice(0, -1)
        .join("\n");
    } else if (line !== "") {
      found[line.slice(0, line.indexOf("="))] = line.slice(line.indexOf("=") + 1);
    }
  }
  return found;
}

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    "git",
    [
      "-c",
      "user.name=Somebody",
      "-c",
      "user.email=somebody@example.com",
      "-c",
      "init.defaultBranch=main",
      ...args,
    ],
    { cwd: folder, encoding: "utf8", env: { PATH: process.env["PATH"] ?? "", HOME: folder } },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

const hasJq = spawnSync("jq", ["--version"]).status === 0;

describe.skipIf(!hasJq)("the check of a version tag", () => {
  const changelog = `# Changelog

## [Unreleased]

### Added

- What comes later.

## [1.2.0] - 2026-11-25

### Added

- What is new.

## [1.1.0] - 2026-10-01

- What was new.

[1.2.0]: https://example.com/
`;

  /** A repository whose main has one commit of this version, with tags of others. */
  function repository(
    version: string,
    change: { lock?: string; changelog?: string; tags?: readonly string[] } = {},
  ): void {
    git("init", "--quiet");
    put("package.json", JSON.stringify({ version }));
    put("package-lock.json", JSON.stringify({ version: change.lock ?? version }));
    put("CHANGELOG.md", change.changelog ?? changelog.replaceAll("1.2.0", version));
    git("add", "--all");
    git("commit", "--quiet", "--message", "Release");
    git("update-ref", "refs/remotes/origin/main", "HEAD");
    for (const tag of [`v${version}`, ...(change.tags ?? [])]) git("tag", tag);
  }

  function check(tag: string): Ended & { readonly outputs: Readonly<Record<string, string>> } {
    const ended = runStep("release.yml", "version", "Compare tag, package.json and changelog", { TAG: tag });
    return { ...ended, outputs: outputs() };
  }

  test("passes on the commit, the changelog's part, and what the version is", () => {
    repository("1.2.0", { tags: ["v1", "v1.1.0", "v0.9.0"] });
    const ended = check("v1.2.0");
    expect({ status: ended.status, ...ended.outputs }).toEqual({
      status: 0,
      commit: git("rev-parse", "HEAD"),
      prerelease: "false",
      latest: "true",
      major: "v1",
      notes: "\n### Added\n\n- What is new.",
    });
  });

  test("takes the commit that an annotated tag names", () => {
    repository("1.2.0");
    git("tag", "--force", "--annotate", "--message", "v1.2.0", "v1.2.0");
    git("checkout", "--quiet", "--detach", "v1.2.0");
    expect(check("v1.2.0").outputs["commit"]).toBe(git("rev-parse", "main"));
  });

  test.each([
    ["a mended older version of the same major", "1.2.0", ["v1.10.0"], { latest: "false", major: "" }],
    ["a mended older major version", "1.2.0", ["v2.0.0"], { latest: "false", major: "v1" }],
    ["a version before the first", "0.2.0", ["v0.1.0"], { latest: "true", major: "" }],
    ["a pre-release", "2.0.0-rc.1", ["v1.2.0"], { latest: "false", major: "", prerelease: "true" }],
    ["a version that is newer than a pre-release", "1.2.0", ["v2.0.0-rc.1"], { latest: "true", major: "v1" }],
  ])("tells what moves with %s", (_, version, tags, expected) => {
    repository(version, { tags });
    const ended = check(`v${version}`);
    expect(ended.status).toBe(0);
    expect(ended.outputs).toMatchObject({ prerelease: "false", ...expected });
  });

  test.each([
    ["package.json says another version", {}, "v1.2.1", /package\.json says 1\.2\.0/],
    [
      "package-lock.json says another version",
      { lock: "1.1.0" },
      "v1.2.0",
      /package-lock\.json says 1\.1\.0/,
    ],
    ["the changelog has no heading", { changelog: "## [Unreleased]\n\n- Some.\n" }, "v1.2.0", /no heading/],
    [
      "the changelog says nothing below its heading",
      { changelog: "## [1.2.0] - 2026-11-25\n\n## [1.1.0] - 2026-10-01\n\n- Some.\n" },
      "v1.2.0",
      /nothing below/,
    ],
    ["the heading has no date", { changelog: "## [1.2.0]\n\n- Some.\n" }, "v1.2.0", /no heading/],
  ])("refuses a tag when %s", (_, change, tag, why) => {
    repository("1.2.0", change);
    const ended = check(tag);
    expect(ended.printed).toMatch(why);
    expect(ended.status).toBe(1);
    expect(ended.outputs).toEqual({});
  });

  test("refuses a tag of a commit that is not on main", () => {
    repository("1.2.0");
    git("commit", "--quiet", "--allow-empty", "--message", "Not looked at by anybody");
    const { status, printed } = check("v1.2.0");
    expect(printed).toMatch(/not on main/);
    expect(status).toBe(1);
  });
});

describe("the draft of a release", () => {
  const env = { TAG: "v1.2.0", NOTES: "- What is `new`; $HOME", PRERELEASE: "false" };
  const draft = (): Ended => runStep("release.yml", "publish", "Draft the release", env);

  test("is made when there is none, and only for a tag that is there", () => {
    putGh('[[ "$*" != "release view"* ]]');
    expect(draft().status).toBe(0);
    expect(calls()).toEqual([
      "release view v1.2.0 --json isDraft --jq .isDraft",
      `release create v1.2.0 --draft --verify-tag --title v1.2.0 --notes ${env.NOTES} --prerelease=false`,
    ]);
  });

  test("is taken up again when an earlier run has left one", () => {
    putGh('if [[ "$*" == "release view"* ]]; then echo true; fi');
    expect(draft().status).toBe(0);
    expect(calls().at(-1)).toMatch(/^release edit v1\.2\.0 .* --prerelease=false$/);
  });

  test("is refused when the version is published", () => {
    putGh('if [[ "$*" == "release view"* ]]; then echo false; fi');
    const { status, printed } = draft();
    expect(printed).toMatch(/published already/);
    expect(status).toBe(1);
    expect(calls()).toHaveLength(1);
  });
});

test("the checksums name every committed file of dist with its folder", () => {
  git("init", "--quiet");
  for (const file of ["dist/index.js", "dist/post/index.js", "src/index.ts"]) put(file, file);
  git("add", "--all");
  put("dist/left-over.js", "not committed");
  expect(runStep("release.yml", "publish", "List what dist holds", {}).status).toBe(0);
  const names = readFileSync(join(folder, "dist.sha256"), "utf8").trim().split("\n");
  expect(names).toEqual([
    expect.stringMatching(/^[0-9a-f]{64} {2}dist\/index\.js$/),
    expect.stringMatching(/^[0-9a-f]{64} {2}dist\/post\/index\.js$/),
  ]);
});

describe("the attestation", () => {
  const attach = (): Ended => {
    put("bundle.json", "{}");
    const step = "Attach the attestation, once it verifies as a user would verify it";
    return runStep("release.yml", "publish", step, {
      TAG: "v1.2.0",
      GH_REPO: "acme/rotate-app-secret",
      BUNDLE: join(folder, "bundle.json"),
    });
  };

  test("is attached when both entries verify with it", () => {
    putGh("");
    expect(attach().status).toBe(0);
    const files = calls().map((call) => call.split(" ").slice(0, 3).join(" "));
    expect(files).toEqual([
      "attestation verify dist/index.js",
      "attestation verify dist/post/index.js",
      "release upload v1.2.0",
    ]);
  });

  test("is not attached when one does not", () => {
    putGh('[[ "$*" != *dist/post/index.js* ]]');
    expect(attach().status).toBe(1);
    expect(calls().some((call) => call.startsWith("release upload"))).toBe(false);
  });
});

describe("the major tag", () => {
  const move = (): Ended =>
    runStep("release.yml", "major", "Point it to this release", {
      GH_REPO: "acme/rotate-app-secret",
      MAJOR: "v1",
      COMMIT: "c0ffee",
    });

  test("is moved", () => {
    putGh("");
    expect(move().status).toBe(0);
    expect(calls().at(-1)).toBe(
      "api --method PATCH repos/acme/rotate-app-secret/git/refs/tags/v1 -f sha=c0ffee -F force=true --silent",
    );
  });

  test("is made for the first release of a major version", () => {
    putGh('[[ "$*" != *"git/ref/tags/v1 "* ]]');
    expect(move().status).toBe(0);
    expect(calls().at(-1)).toBe(
      "api --method POST repos/acme/rotate-app-secret/git/refs -f ref=refs/tags/v1 -f sha=c0ffee --silent",
    );
  });
});

describe("whether dist is handed over", () => {
  function changes(): string {
    expect(runStep("rebuild-dist.yml", "build", "See whether dist differs", {}).status).toBe(0);
    return readFileSync(join(folder, "output"), "utf8");
  }

  beforeEach(() => {
    git("init", "--quiet");
    put("dist/index.js", "old");
    put(".gitignore", "/output\n");
    git("add", "--all");
    git("commit", "--quiet", "--message", "Before");
  });

  test("is told when a file has changed", () => {
    put("dist/index.js", "new");
    expect(changes()).toBe("changed=true\n");
  });

  test("is told when there is a new file", () => {
    put("dist/1.index.js", "new");
    expect(changes()).toBe("changed=true\n");
  });

  test("is told when nothing in dist has changed", () => {
    put("elsewhere.js", "new");
    expect(changes()).toBe("changed=false\n");
  });
});

describe.skipIf(!hasJq)("the commit of a rebuilt dist", () => {
  const env = {
    GH_TOKEN: "made up",
    REPOSITORY: "acme/rotate-app-secret",
    BRANCH: "dependabot/npm_and_yarn/bundled-1a2b3c",
    HEAD: "0123456789abcdef0123456789abcdef01234567",
    HEADLINE: "Rebuild dist",
  };
  const commit = (): Ended => runStep("rebuild-dist.yml", "commit", "Commit dist to the branch", env);

  beforeEach(() => {
    const tree = [
      "dist/index.js",
      "dist/752.index.js",
      "dist/post/index.js",
      "dist/licenses.txt",
      "src/index.ts",
    ];
    put(
      "tree.json",
      JSON.stringify({
        tree: [{ type: "tree", path: "dist/post" }, ...tree.map((path) => ({ type: "blob", path }))],
      }),
    );
    putGh(`case "$*" in
      "api repos/acme/rotate-app-secret/git/trees/${env.HEAD}?recursive=1 --jq "*) jq --raw-output "$4" "${folder}/tree.json" ;;
      "api graphql --input "*) cp "$4" "${folder}/sent.json" ;;
      *) exit 9 ;;
    esac`);
    put("built/dist/index.js", "new é\n");
    put("built/dist/post/index.js", "post\n");
    put("built/dist/licenses.txt", "licences\n");
    put("built/dist/package.json", "{}");
  });

  test("takes what was built, and drops what is built no more", () => {
    expect(commit()).toMatchObject({ status: 0 });
    const sent = JSON.parse(readFileSync(join(folder, "sent.json"), "utf8")) as {
      query: string;
      variables: {
        input: { fileChanges: { additions: { path: string; contents: string }[]; deletions: unknown } };
      };
    };
    expect(sent.query).toContain("createCommitOnBranch(input: $input)");
    const { fileChanges, ...input } = sent.variables.input;
    expect(input).toEqual({
      branch: { repositoryNameWithOwner: env.REPOSITORY, branchName: env.BRANCH },
      expectedHeadOid: env.HEAD,
      message: { headline: env.HEADLINE },
    });
    const added = fileChanges.additions.map(({ path, contents }) => [
      path,
      Buffer.from(contents, "base64").toString(),
    ]);
    expect(Object.fromEntries(added)).toEqual({
      "dist/index.js": "new é\n",
      "dist/post/index.js": "post\n",
      "dist/licenses.txt": "licences\n",
      "dist/package.json": "{}",
    });
    expect(fileChanges.deletions).toEqual([{ path: "dist/752.index.js" }]);
  });

  test("takes files that are longer than an argument may be", () => {
    put("built/dist/index.js", "x".repeat(3_000_000));
    expect(commit()).toMatchObject({ status: 0 });
  });

  test("drops nothing when every file is built again", () => {
    put("built/dist/752.index.js", "chunk\n");
    expect(commit()).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, "sent.json"), "utf8")).toContain('"deletions": []');
  });

  test.each([
    "built/dist/run.sh",
    "built/dist/other/index.js",
    "built/.github/workflows/ci.yml",
    "built/dist/a b.js",
    "built/dist/-f.js",
  ])("refuses %s", (path) => {
    put(path, "bad");
    expect(commit()).toMatchObject({ status: 1 });
    expect(calls()).toEqual([]);
  });

  test("refuses a name with a line break in it", () => {
    put("built/dist/a.js\ndist/b.js", "bad");
    expect(commit()).toMatchObject({ status: 1 });
    expect(calls()).toEqual([]);
  });

  test("refuses a link", () => {
    symlinkSync("/etc/passwd", join(folder, "built/dist/1.index.js"));
    expect(commit()).toMatchObject({ status: 1 });
    expect(calls()).toEqual([]);
  });

  test("refuses a build that handed over nothing", () => {
    rmSync(join(folder, "built/dist"), { recursive: true });
    expect(commit()).toMatchObject({ status: 1 });
    expect(calls()).toEqual([]);
  });

  test("fails when GitHub refuses the commit", () => {
    putGh('if [[ "$*" == "api graphql"* ]]; then exit 1; fi');
    expect(commit()).toMatchObject({ status: 1 });
  });
});
