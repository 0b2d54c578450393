import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect } from "vitest";
import { inputsOfProviders } from "../../scripts/docs/provider-inputs.ts";
import type { RecordedRequest } from "../emulators/emulator.ts";
import { startWorld, type World, type WorldProvider, type WorldTarget } from "../emulators/world.ts";
import { type ActionOptions, type ActionRun, leaks, runAction } from "./runner.ts";

/** One provider's app in a world of its own, and the built action to be run on it. */
export interface Scene extends AsyncDisposable {
  readonly world: World;
  /** Runs the built action twenty times as fast, and expects that no secret shows in any channel. */
  run(change?: Change): Promise<ActionRun>;
  /** The one entry of the output `results`. */
  result(run: ActionRun): Result;
  /** Whether every target holds the secret in force. */
  allHold(): boolean;
  /** The names of markers, one for each place of the targets that has one. */
  markers(): readonly string[];
  /** How many places the targets have. */
  readonly places: number;
  /** The requests that ask the provider for a new secret. */
  rotateCalls(): readonly RecordedRequest[];
}

export interface Change extends Partial<Omit<ActionOptions, "inputs">> {
  readonly inputs?: Readonly<Record<string, string>>;
}

export interface Result {
  readonly status: string;
  readonly error?: string;
  readonly version: string | null;
  readonly rotated_at: string | null;
  readonly targets: readonly { readonly target: string; readonly status: string; readonly error?: string }[];
}

/** What tests must know of a provider beyond its world. */
export interface Traits {
  /** The request that ends the secret in force. */
  readonly rotate: { readonly method: string; readonly path: RegExp };
  /** The first request of preflight. */
  readonly first: { readonly method: string; readonly path: RegExp };
  /** What a run says that finds the wreck of another: where the provider can be read, nothing is rotated again. */
  readonly heals: "synced" | "rotated";
  /** The documented way to refuse the rotate call. */
  readonly refusal: { readonly status: number; readonly body: string };
  /** How it throttles. */
  readonly throttle: { readonly status: number; readonly body: string };
  /** How a rotate call that stays throttled ends: status, calls made, markers left. */
  readonly throttled: readonly [string, number, number];
  /** Whether a lost rotate call may be sent again; else it is waited for, for 10 minutes. */
  readonly asksAgain: boolean;
  /** Inputs that make the management credential wrong. */
  readonly wrongCredential: Readonly<Record<string, string>>;
  /** The error of an app that the provider does not know, and of the documented refusal. */
  readonly unknownApp: string;
  readonly refused: string;
  /** Whether the former secret works on beside a new one, so that a call that is cut off has ended nothing. */
  readonly overlaps?: true;
}

const WRONG = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const USUAL = { unknownApp: "APP_NOT_FOUND", refused: "PROVIDER_FORBIDDEN" };

const HUAWEI_THROTTLE = {
  status: 429,
  body: JSON.stringify({ error_code: "APIGW.0308", error_msg: "The throttling threshold has been reached" }),
};

export const TRAITS: Readonly<Record<WorldProvider, Traits>> = {
  authing: {
    rotate: { method: "POST", path: /refresh-application-secret/ },
    first: { method: "POST", path: /get-management-token/ },
    heals: "synced",
    refusal: {
      status: 200,
      body: JSON.stringify({ statusCode: 403, message: "没有权限", requestId: "r-1" }),
    },
    throttle: { status: 429, body: JSON.stringify({ statusCode: 429, message: "Too many requests" }) },
    throttled: ["failed", 1, 0],
    asksAgain: true,
    wrongCredential: { "access-key-secret": WRONG },
    ...USUAL,
  },
  cloudroom: {
    rotate: { method: "POST", path: /project\/update\/secret/ },
    first: { method: "POST", path: /project\/query\/list/ },
    heals: "rotated",
    refusal: { status: 200, body: JSON.stringify({ RspCode: "1", RspDesc: "没有接口API权限" }) },
    throttle: { status: 429, body: "" },
    // CloudRoom documents no throttling, so that such an answer says nothing of the call.
    throttled: ["unknown", 3, 1],
    asksAgain: true,
    wrongCredential: { "comp-secret": WRONG },
    ...USUAL,
  },
  feishu: {
    rotate: { method: "POST", path: /app_ticket\/resend/ },
    first: { method: "GET", path: /^\/inbox/ },
    heals: "rotated",
    refusal: { status: 200, body: JSON.stringify({ code: 10016, msg: "app resend fail" }) },
    throttle: {
      status: 429,
      body: JSON.stringify({ code: 99991400, msg: "request trigger frequency limit" }),
    },
    throttled: ["failed", 3, 0],
    asksAgain: true,
    wrongCredential: { "inbox-token": WRONG },
    // Only the request for a ticket finds it out, and the platform has one code for an unknown app and a wrong secret.
    unknownApp: "PROVIDER_UNAUTHORIZED",
    refused: "APP_NOT_ROTATABLE",
    overlaps: true,
  },
  "huawei-apig": {
    rotate: { method: "PUT", path: /\/apigw\/apps\// },
    first: { method: "GET", path: /\/apigw\/apps\// },
    heals: "rotated",
    refusal: { status: 403, body: JSON.stringify({ error_code: "APIG.1104", error_msg: "No permission" }) },
    throttle: HUAWEI_THROTTLE,
    throttled: ["failed", 3, 0],
    asksAgain: true,
    wrongCredential: { "access-key-secret": WRONG },
    ...USUAL,
  },
  "huawei-csms": {
    rotate: { method: "POST", path: /\/rotate$/ },
    first: { method: "GET", path: /\/secrets\/orders-\w+$/ },
    heals: "synced",
    refusal: {
      status: 403,
      body: JSON.stringify({ error: { error_code: "CSMS.0302", error_msg: "No permission" } }),
    },
    throttle: HUAWEI_THROTTLE,
    throttled: ["failed", 1, 0],
    asksAgain: false,
    wrongCredential: { "access-key-secret": WRONG },
    ...USUAL,
  },
};

/** Paths of writes to targets, not to markers. */
export const TARGET = /\/secrets\/(?!ROTATING_)\w+$/;
export const ENVIRONMENT_TARGET = /\/environments\/.*\/secrets\/(?!ROTATING_)\w+$/;

/** Inputs that are secrets. */
const CREDENTIALS = [
  "github-token",
  ...[...inputsOfProviders()].flatMap(([name, { isSecret }]) => (isSecret ? [name] : [])),
];

/** What the action may say to the runner. Anything else was put into its mouth. */
const OWN_COMMANDS = ["add-mask", "group", "endgroup", "error", "warning"];

export async function openScene(provider: WorldProvider): Promise<Scene> {
  const world = await startWorld();
  const inputs = world.inputsFor(provider);
  const targets = world.targetsOf(provider);
  const secrets = new Set([
    ...CREDENTIALS.flatMap((name) => inputs[name] ?? []),
    ...(inputs["comp-id"] === undefined ? [] : [md5(`${inputs["comp-id"]}&${inputs["comp-secret"] ?? ""}`)]),
  ]);

  return {
    world,
    async run(change = {}) {
      secrets.add(world.inForce(provider));
      const { inputs: changed = {}, ...options } = change;
      for (const name of CREDENTIALS) {
        const secret = changed[name];
        if (secret !== undefined && secret !== "") secrets.add(secret);
      }
      const run = await runAction({
        apiUrl: world.github.url,
        event: { name: "schedule" },
        nodeArguments: ["--import", join(import.meta.dirname, "fast-time.ts")],
        ...options,
        inputs: { ...inputs, ...changed },
      });
      secrets.add(world.inForce(provider));
      for (const { answer } of world.providers[provider].requests) {
        const token = /"(?:app_)?access_token":"([^"]+)"/.exec(answer)?.[1];
        if (token !== undefined) secrets.add(token);
      }
      expect(leaks(run, [...secrets])).toEqual([]);
      for (const { commands, stderr } of [run.main, run.post]) {
        expect(commands.map(({ name }) => name).filter((name) => !OWN_COMMANDS.includes(name))).toEqual([]);
        expect(stderr).toBe("");
      }
      return run;
    },
    result: ({ main }) => {
      const results = JSON.parse(main.outputs["results"] ?? "[]") as readonly Result[];
      const [result, ...more] = results;
      if (result === undefined || more.length > 0) throw new Error("expected the results of one rotation");
      return result;
    },
    allHold: () => targets.every((target) => world.held(target) === world.wanted(provider, target)),
    markers: () =>
      placesOf(targets)
        .flatMap((place) => world.github.secretNames(place))
        .filter((name) => name.startsWith("ROTATING_")),
    places: placesOf(targets).length,
    rotateCalls: () => {
      const { method, path } = TRAITS[provider].rotate;
      return world.providers[provider].requests.filter(
        (request) => request.method === method && path.test(request.path),
      );
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** One target of each place. */
function placesOf(targets: readonly WorldTarget[]): readonly WorldTarget[] {
  return [
    ...new Map(
      targets.map((target) => [`${target.repository}/${target.environment ?? ""}`, target]),
    ).values(),
  ];
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
