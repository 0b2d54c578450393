import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import type { Machine } from "./findings.ts";

/** @param begin the load average when the run began. */
export function describeMachine(begin: number): Machine {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? "unknown",
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    programs: ["bash", "curl", "jq", "gh"].map((name) => ({ name, version: versionOf(name) })),
    load: [begin, currentLoad()],
  };
}

/** Over the last minute. */
export function currentLoad(): number {
  return loadavg()[0] ?? 0;
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? (/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? "of some version") : undefined;
}
