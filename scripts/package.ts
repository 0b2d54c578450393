/**
 * Builds dist/ from src/ with this project's own ncc, and collects the licences of what is bundled.
 *
 *     node scripts/package.ts            writes dist/
 *     node scripts/package.ts --check    builds elsewhere and compares with dist/, byte by byte
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** What the runner starts (`main` and `post` in action.yml), and the folder below dist/ it is built into. */
const entries = [
  { name: "index", folder: "." },
  { name: "post", folder: "post" },
];

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const scratch = await mkdtemp(join(tmpdir(), "package-"));
try {
  const built = join(scratch, "dist");
  await build(built);
  if (options.check) await check(built);
  else await replaceDist(built);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function build(output: string): Promise<void> {
  const licences = new Map<string, string>();
  for (const { name, folder } of entries) {
    const modules = await bundle(`src/${name}.ts`, join(output, folder), `${name}.json`);
    for (const packageFolder of bundledPackages(modules)) {
      const { title, text } = await licenceOf(packageFolder);
      licences.set(title, text);
    }
  }
  await writeFile(join(output, "licenses.txt"), licenceFile(licences));
  await refuseLocalPaths(output);
}

interface WebpackModule {
  /** Path of the module's file, if it is one. */
  readonly nameForCondition?: string | null;
  /** Modules that were merged into this one. */
  readonly modules?: readonly WebpackModule[];
}

/** @returns all modules that went into the bundle. */
async function bundle(source: string, output: string, stats: string): Promise<readonly WebpackModule[]> {
  const statsFile = join(scratch, stats);
  const { compilerOptions } = JSON.parse(await readFile(join(root, "tsconfig.json"), "utf8")) as {
    compilerOptions: { target: string };
  };
  const ncc = spawn(
    process.execPath,
    [
      // Another ncc than the project's own numbers the modules by its distance from them.
      join(root, "node_modules/@vercel/ncc/dist/ncc/cli.js"),
      ...["build", join(root, source)],
      ...["--out", output],
      ...["--target", compilerOptions.target],
      ...["--stats-out", statsFile],
      "--no-cache",
      "--quiet",
    ],
    { cwd: root, stdio: ["ignore", "ignore", "inherit"] },
  );
  const [status] = (await once(ncc, "close")) as [number | null];
  if (status !== 0) throw new Error(`ncc could not build ${source}; it says why above.`);
  const { modules } = JSON.parse(await readFile(statsFile, "utf8")) as { modules: readonly WebpackModule[] };
  return flatten(modules);
}

function flatten(modules: readonly WebpackModule[]): readonly WebpackModule[] {
  return modules.flatMap((module) => [module, ...flatten(module.modules ?? [])]);
}

/** Folders of the packages that a module comes from. ncc's own `--license` finds only some of them. */
function bundledPackages(modules: readonly WebpackModule[]): readonly string[] {
  const folders = modules.flatMap(({ nameForCondition }) => {
    const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(nameForCondition ?? "");
    return folder ? [folder[0]] : [];
  });
  return [...new Set(folders)];
}

async function licenceOf(folder: string): Promise<{ title: string; text: string }> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file)).sort();
  if (files.length === 0) {
    throw new Error(
      `${name} ${version} is bundled but has no licence file; add its text by hand or drop it.`,
    );
  }
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return {
    title: `${name} ${version} (${license ?? "see below"})`,
    text: texts.map((text) => text.replaceAll("\r\n", "\n").trim()).join("\n\n"),
  };
}

function licenceFile(licences: ReadonlyMap<string, string>): string {
  const sections = [...licences]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `${title}\n\n${text}\n`);
  return ["The bundles in this folder hold these packages.\n", ...sections].join(`\n${"-".repeat(80)}\n\n`);
}

/** A path of this machine in the output would differ on the next one. */
async function refuseLocalPaths(output: string): Promise<void> {
  for (const [file, bytes] of await filesBelow(output)) {
    if (bytes.includes(root) || bytes.includes(scratch)) {
      throw new Error(`${file} holds a path of this machine; find the import that put it there.`);
    }
  }
}

async function replaceDist(built: string): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  await cp(built, dist, { recursive: true });
  for (const [file, bytes] of await filesBelow(dist)) console.log(`${file}: ${String(bytes.length)} bytes`);
}

async function check(built: string): Promise<void> {
  const [expected, found] = await Promise.all([
    filesBelow(built),
    existsSync(dist) ? filesBelow(dist) : new Map<string, Buffer>(),
  ]);
  const differing = [...new Set([...expected.keys(), ...found.keys()])].sort().flatMap((file) => {
    const [want, have] = [expected.get(file), found.get(file)];
    if (want === undefined) return [`dist/${file} is not built any more`];
    if (have === undefined) return [`dist/${file} is missing`];
    return want.equals(have) ? [] : [`dist/${file} differs`];
  });
  if (differing.length === 0) return;
  console.error(differing.join("\n"));
  console.error("dist/ is not what src/ builds: run `npm ci && npm run package` and commit dist/.");
  process.exitCode = 1;
}

/** @returns the bytes of each file, by its path below the folder. */
async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).replaceAll("\\", "/"), await readFile(path));
  }
  return files;
}
