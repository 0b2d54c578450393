import type { RecordedRequest } from "../emulators/emulator.ts";
import type { World } from "../emulators/world.ts";
import { type ActionRun, redactVolatile } from "./runner.ts";

/**
 * What a run showed and did, for a reviewer to read: the log with masks applied, summary, outputs, requests. What
 * differs from run to run is replaced; requests that are made side by side are sorted.
 */
export function transcript(run: ActionRun, world: World): string {
  const services = [world.github, ...Object.values(world.providers)].filter(
    ({ requests }) => requests.length > 0,
  );
  const parts = [
    ["log of the main step", run.main.log],
    ["log of the post step", run.post.log],
    ["summary of the main step", run.main.summary],
    ["summary of the post step", run.post.summary],
    [
      "outputs",
      Object.entries(run.main.outputs)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    ],
    ...services.map(({ name, requests }) => [`requests to ${name}`, describeRequests(requests)] as const),
  ] as const;
  const text = parts
    .filter(([, body]) => body.trim() !== "")
    .map(([title, body]) => `--- ${title}\n\n${body.trimEnd()}\n`)
    .join("\n");
  return withoutRepeats(redactOwn(redactVolatile(text)));
}

/** Reads first, sorted, as they are made side by side; then the changes, in their order. */
function describeRequests(requests: readonly RecordedRequest[]): string {
  const lines = (wanted: (method: string) => boolean): string[] =>
    requests
      .filter(({ method }) => wanted(method))
      .map(
        ({ method, path, status }) => `${method} ${path} → ${status === null ? "broken" : String(status)}`,
      );
  return [...lines((method) => method === "GET").sort(), ...lines((method) => method !== "GET")].join("\n");
}

/** What is random in every run, beyond what every action has. */
function redactOwn(text: string): string {
  return text
    .replace(/encrypted_value='[^']+'/g, "encrypted_value='SEALED'")
    .replace(/key_id='[^']+'/g, "key_id='KEY_ID'")
    .replace(/ROTATING&#95;[0-9A-F]{10}/g, "ROTATING&#95;HASH")
    .replace(/\borders-[0-9a-f]{8}\b/g, "orders-ID")
    .replace(/\/v1\/[0-9a-f]{32}\//g, "/v1/PROJECT_ID/")
    .replace(/appId=[0-9a-f]+/g, "appId=APP_ID")
    .replace(/since=\d+/g, "since=SECONDS");
}

/** How often something is tried depends on the machine. */
function withoutRepeats(text: string): string {
  return text
    .split("\n")
    .filter((line, at, lines) => line === "" || line !== lines[at - 1])
    .join("\n");
}
