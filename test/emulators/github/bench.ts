import sodium from "libsodium-wrappers";
import { expect } from "vitest";
import { createOpenApiCheck } from "../../support/openapi.ts";
import { createGitHubEmulator, type GitHubEmulator, type GitHubEmulatorOptions } from "../github.ts";

await sodium.ready;

const openApi = createOpenApiCheck();
const emulators: { emulator: GitHubEmulator; basePath: string }[] = [];

/**
 * An emulator with `acme/web`, its environments `production` and `eu/blue green`, and the token `pat`, which may write
 * every secret, but nothing else.
 */
export function github(options: GitHubEmulatorOptions = {}): GitHubEmulator {
  const emulator = createGitHubEmulator(options);
  emulator.addRepository("acme/web", { environments: ["production", "eu/blue green"] });
  emulator.addToken("pat", {
    kind: "fine-grained",
    repositories: ["acme/web"],
    secrets: "write",
    environments: "write",
    dependabot_secrets: "write",
    organization_secrets: "write",
  });
  emulators.push({ emulator, basePath: options.basePath ?? "" });
  return emulator;
}

/**
 * For after each test: holds every answer of the emulators made since, and every request that was not refused, to
 * GitHub's description. It does not describe GraphQL.
 */
export function expectDescribed(): void {
  const problems = emulators.splice(0).flatMap(({ emulator, basePath }) =>
    emulator.requests
      .filter(({ answer, status }) => status !== 501 && !answer.startsWith("Request forbidden"))
      .filter(({ path }) => !path.endsWith("/graphql"))
      .flatMap((request) => {
        const found = openApi.problems(request, basePath);
        const refused = request.status !== null && request.status >= 400;
        return refused ? found.filter((problem) => problem.startsWith("answer")) : found;
      }),
  );
  expect(problems).toEqual([]);
}

export const REPOSITORY = "/repos/acme/web/actions/secrets";
export const PRODUCTION = "/repos/acme/web/environments/production/secrets";
export const web = { repository: "acme/web" };
export const production = { repository: "acme/web", environment: "production" };

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

export async function ask(
  emulator: GitHubEmulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Asked> {
  const response = await emulator.handle(
    new Request(`http://127.0.0.1${path}`, {
      method,
      headers: {
        authorization: "Bearer pat",
        "user-agent": "test",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : text };
}

/** Reads the public key of a place as a client does. */
export async function publicKey(
  emulator: GitHubEmulator,
  secrets: string,
): Promise<{ key: string; key_id: string }> {
  const { status, json } = await ask(emulator, "GET", `${secrets}/public-key`);
  expect(status).toBe(200);
  return json as { key: string; key_id: string };
}

export function seal(value: string | Uint8Array, key: string): string {
  const box = sodium.crypto_box_seal(value, Buffer.from(key, "base64"));
  return Buffer.from(box).toString("base64");
}

/** Reads the public key, seals and writes. */
export async function write(
  emulator: GitHubEmulator,
  secrets: string,
  name: string,
  value: string,
): Promise<Asked> {
  const { key, key_id } = await publicKey(emulator, secrets);
  return ask(emulator, "PUT", `${secrets}/${name}`, { encrypted_value: seal(value, key), key_id });
}

/** The header of another token than `pat`. */
export function as(token: string, scheme = "Bearer"): Record<string, string> {
  return { authorization: `${scheme} ${token}` };
}

/** The names in the answer to the request for a list. */
export function names({ json }: Asked): string[] {
  return (json as { secrets: { name: string }[] }).secrets.map(({ name }) => name);
}
