import { setTimeout as sleep } from "node:timers/promises";
import type { Fault as Answer } from "../emulators/emulator.ts";
import type { Arena } from "./arena.ts";
import { ENVELOPE_FAULTS } from "./envelope-faults.ts";
import type { Arrival, Deed } from "./gate.ts";
import { ODD, ORDERS } from "./hostile.ts";
import { isOfPost, labelText } from "./record.ts";
import { secondRun, strike, type Fault, type Lasting, type Spot } from "./strike.ts";
import { rolesIn, subjectIds, subjectOf } from "./subjects/index.ts";

/** The answer of someone else than the service: a proxy, a gateway, a load balancer. */
const HTML = "<!doctype html><title>Bad gateway</title><h1>::notice::Bad gateway</h1>";

/** Half of everybody's answer, whole as HTTP has it. */
const TRUNCATED = `{"statusCode":200,"RspCode":"0","data":{"secr`;

/** The wrong shape for everybody. */
const STRANGE = { hello: "world" };

export const FAULTS: readonly Fault[] = [
  {
    name: "refused",
    group: "connection",
    lastings: () => ["down"],
    plan: ({ mode, boundary }, _lasting, arena) => {
      const gate = arena.gates[boundary.service];
      const goDown = (): Promise<void> => gate.goDownAfter(boundary.answersBefore);
      return {
        ...(isOfPost(mode) ? { beforePost: goDown } : { prepare: goDown }),
        deed: () => undefined,
        hasStruck: () => gate.isDown(),
      };
    },
  },
  connection("reset-unread", () => ({ unread: true })),
  connection("reset-after", () => ({ fault: () => ({ kind: "reset", changed: true }) }), changes),
  connection("cut-off", () => ({ fault: () => ({ kind: "cut-off" }) })),
  connection("stall-before", () => ({ fault: () => ({ kind: "stall", changed: false }) })),
  connection("stall-after", () => ({ fault: () => ({ kind: "stall", changed: true }) }), changes),

  status("401", { status: 401 }),
  status("403", { status: 403 }),
  status("403-limited", { status: 403, headers: { "retry-after": "5" } }),
  {
    ...status("403-exhausted", {
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" },
    }),
    lastings: whereCounted,
  },
  {
    ...status("403-secondary", { status: 403, message: "You have exceeded a secondary rate limit." }),
    lastings: whereCounted,
  },
  status("404", { status: 404 }),
  status("408", { status: 408 }),
  status("409", { status: 409 }),
  status("422", { status: 422, message: "Validation Failed" }),
  { ...status("422-key", { status: 422, message: "improperly encrypted secret" }), lastings: whereSealed },
  status("429", { status: 429 }),
  status("429-after", { status: 429, headers: { "retry-after": "3" } }),
  status("500", { status: 500 }),
  status("502", { status: 502, html: true }),
  status("503", { status: 503, html: true }),
  {
    ...status("500-after", { status: 500, changed: true }),
    lastings: (spot) => (changes(spot) ? OFTEN : []),
  },

  ...ownNames().map(ownFailure),

  body("html", () => HTML),
  body("truncated", () => TRUNCATED),
  body("strange", () => JSON.stringify(STRANGE)),
  // All that is documented of an answer to `ask` is that it is a success.
  body(
    "hollow",
    ({ subject }) => JSON.stringify(subjectOf(subject).hollow),
    (spot) => atProvider(spot) && spot.boundary.role !== "ask",
  ),
  body("secret-empty", (spot) => carrying(spot, ""), carriesSecret),
  body("secret-stars", (spot) => carrying(spot, "******"), carriesSecret),
  body("html-after", () => HTML, changes),
  body("truncated-after", () => TRUNCATED, changes),
  body("strange-after", () => JSON.stringify(STRANGE), changes),
  body("secret-empty-after", (spot) => carrying(spot, ""), changesSecret),
  body("secret-stars-after", (spot) => carrying(spot, "******"), changesSecret),

  oddSecret("secret-48k", (size) => "k".repeat(LARGEST - size)),
  oddSecret("secret-over-48k", (size) => "k".repeat(LARGEST - size + 1)),
  oddSecret("secret-odd", () => ODD),

  {
    name: "redirect",
    group: "redirect",
    lastings: seldom,
    plan: (spot, lasting, arena) =>
      strike(spot, lasting, {
        fault: ({ method, path }) => ({
          kind: "answer",
          changed: false,
          status: method === "GET" ? 302 : 307,
          headers: { location: `${arena.trap.url}${path}` },
          body: "",
        }),
      }),
  },

  {
    name: "key-length",
    group: "public key",
    lastings: ({ boundary }) => (boundary.role === "key" ? ["once"] : []),
    plan: (spot, lasting) => {
      const key = Buffer.alloc(33, 7).toString("base64");
      return strike(spot, lasting, {
        after: () => Promise.resolve(Response.json({ key_id: "568250167242549743", key })),
      });
    },
  },
  {
    name: "key-changes",
    group: "public key",
    lastings: ({ boundary: { role } }) =>
      role === "write" ? ["once", "ever"] : ["key", "mark", "send"].includes(role) ? ["once"] : [],
    plan: (spot, lasting, arena) => {
      const change = async (): Promise<void> => {
        await changeKey(arena, spot.boundary.name.startsWith("env."));
      };
      const early = spot.boundary.role === "write" || spot.boundary.role === "send";
      return strike(
        spot,
        lasting,
        early
          ? { before: () => change().then(() => "go on") }
          : { after: (response) => change().then(() => response) },
      );
    },
  },

  ...ENVELOPE_FAULTS,

  ...(["SIGKILL", "SIGTERM", "SIGINT"] as const).flatMap((name) =>
    (["before", "after"] as const).flatMap((when) => [signal(name, when, true), signal(name, when, false)]),
  ),

  overlap("before"),
  overlap("after"),
  {
    name: "second-run-between",
    group: "overlap",
    // Once for each subject: at the post step's first request.
    lastings: ({ mode, boundary }) => (mode === "finish" && boundary.answersBefore === 0 ? ["once"] : []),
    plan: (_spot, _lasting, arena) => {
      const { start, ended } = secondRun(arena, "finish");
      return {
        deed: () => undefined,
        hasStruck: () => ended() !== undefined,
        beforePost: start,
        second: ended,
      };
    },
  },
];

/** Both lastings everywhere. */
const OFTEN: readonly Lasting[] = ["once", "ever"];

/** GitHub's largest secret, in bytes. */
const LARGEST = 48 * 1024;

function connection(name: string, deed: () => Deed, fits: (spot: Spot) => boolean = everywhere): Fault {
  return {
    name,
    group: "connection",
    lastings: (spot) => (fits(spot) ? ["once", "ever"] : []),
    plan: (spot, lasting) => strike(spot, lasting, deed()),
  };
}

/** An answer that is not in the provider's own form, with a text that echoes the request and gives orders. */
function status(
  name: string,
  {
    status: code,
    headers = {},
    message,
    html = false,
    changed = false,
  }: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** In place of a text that echoes the request and gives orders. */
    readonly message?: string;
    readonly html?: boolean;
    readonly changed?: boolean;
  },
): Fault {
  const answer = (arrival: Arrival): Answer => ({
    kind: "answer",
    changed,
    status: code,
    headers: { ...headers, ...(html ? { "content-type": "text/html" } : {}) },
    body: html ? HTML : JSON.stringify({ message: message ?? `${ORDERS} ${echo(arrival)}` }),
  });
  return {
    name,
    group: "status",
    lastings: (spot) => {
      const all = ["401", "403", "404", "422", "429", "500"].includes(name) ? OFTEN : seldom(spot);
      return name === "503" ? [...all, "down"] : all;
    },
    plan: (spot, lasting) => strike(spot, lasting, { fault: answer }),
  };
}

/** The names of every provider's own failures. */
function ownNames(): readonly string[] {
  const requests = subjectIds.flatMap((id) =>
    subjectOf(id).modes.flatMap((mode) =>
      Object.keys(rolesIn(id, mode)).map((label) => ({ id, name: label.replace(/-\d+$/, "") })),
    ),
  );
  const names = requests.flatMap(({ id, name }) =>
    subjectOf(id)
      .own(name)
      .map((own) => own.name),
  );
  return [...new Set(names)].sort();
}

function ownFailure(name: string): Fault {
  const find = ({ subject, boundary }: Spot) =>
    boundary.service === "provider"
      ? subjectOf(subject)
          .own(boundary.name)
          .find((own) => own.name === name)
      : undefined;
  return {
    name,
    group: "own failure",
    lastings: (spot) => (find(spot) === undefined ? [] : find(spot)?.lasts === true ? OFTEN : seldom(spot)),
    plan: (spot, lasting) => {
      const own = find(spot);
      return strike(spot, lasting, {
        fault: (arrival) => ({
          kind: "answer",
          changed: false,
          status: own?.status ?? 500,
          // The words of a gateway can echo what was sent.
          body: JSON.stringify(own?.body, (_key, value: unknown) =>
            typeof value === "string" &&
            value.length > 5 &&
            !/^[A-Z]+\.\d+$/.test(value) &&
            value !== "invalid_client"
              ? `${value} ${ORDERS} ${echo(arrival)}`
              : value,
          ),
        }),
      });
    },
  };
}

/** HTTP 200 with a body that is not what was asked for. */
function body(name: string, text: (spot: Spot) => string, fits: (spot: Spot) => boolean = everywhere): Fault {
  return {
    name,
    group: "bad body",
    lastings: (spot) => (fits(spot) ? seldom(spot) : []),
    plan: (spot, lasting) =>
      strike(spot, lasting, {
        fault: () => ({
          kind: "answer",
          changed: name.endsWith("-after"),
          status: 200,
          headers: name.startsWith("html") ? { "content-type": "text/html" } : {},
          body: text(spot),
        }),
      }),
  };
}

/** The provider really hands out such a secret, and holds it. */
function oddSecret(name: string, text: (overhead: number) => string): Fault {
  return {
    name,
    group: "odd secret",
    lastings: ({ subject, mode, boundary }) =>
      mode === "rotate" && boundary.role === "rotate" && subjectOf(subject).handsOut !== undefined
        ? ["once"]
        : [],
    plan: ({ subject }, _lasting, { app }) => {
      const secret = app.secretOf(text(Buffer.byteLength(app.secretOf(""))));
      return {
        prepare: () => {
          app.nextSecret(secret);
        },
        deed: (service, label) =>
          service === "provider" && labelText(label) === subjectOf(subject).handsOut
            ? { after: (response) => app.handOut(response, secret) }
            : undefined,
      };
    },
  };
}

/** @param main whether the post step still runs. */
function signal(name: "SIGKILL" | "SIGTERM" | "SIGINT", when: "before" | "after", main: boolean): Fault {
  return {
    name: `${name.toLowerCase()}-${when}-${main ? "main" : "all"}`,
    group: "signal",
    // In the post step there is nothing after it that could be left out.
    lastings: ({ mode }) => (main || !isOfPost(mode) ? ["once"] : []),
    plan: (spot, lasting, arena) => {
      const send = async (): Promise<"go on" | "break"> => {
        await arena.signal(name);
        if (name === "SIGKILL") return "break";
        // Time for the process to hear it before the answer arrives.
        await sleep(SIGNAL_MS);
        return "go on";
      };
      const deed: Deed =
        when === "before"
          ? { before: send }
          : { after: async (response) => ((await send()) === "break" ? "break" : response) };
      return { ...strike(spot, lasting, deed), post: main };
    },
  };
}

const SIGNAL_MS = 25;

/** A whole run of the same rotation takes place while a request of the first one is under way. */
function overlap(when: "before" | "after"): Fault {
  return {
    name: `second-run-${when}`,
    group: "overlap",
    lastings: ({ mode }) => (isOfPost(mode) ? [] : ["once"]),
    plan: (spot, lasting, arena) => {
      const { start, ended } = secondRun(arena, spot.mode);
      const run = async (): Promise<void> => {
        // The first run stands still, or its clock would not let it wait for so long.
        await arena.signal("SIGSTOP");
        await start();
      };
      const plan = strike(spot, lasting, {
        ...(when === "before"
          ? { before: () => run().then(() => "go on") }
          : { after: (response) => run().then(() => response) }),
        answered: () => {
          void arena.signal("SIGCONT");
        },
      });
      return { ...plan, second: ended };
    },
  };
}

/** Only what is sealed can be refused for its seal. */
function whereSealed({ boundary: { role } }: Spot): readonly Lasting[] {
  return role === "write" ? ["once", "ever"] : role === "send" ? ["once"] : [];
}

/** Only GitHub counts like this, and a write is what it counts most strictly. */
function whereCounted({ boundary: { role } }: Spot): readonly Lasting[] {
  return ["key", "mark", "write", "send"].includes(role) ? ["once"] : [];
}

/** Both lastings where the secret can be lost; elsewhere one that lasts takes the same path as its likes. */
function seldom({ boundary: { role } }: Spot): readonly Lasting[] {
  return ["rotate", "ask", "await", "write", "send"].includes(role) ? ["once", "ever"] : ["once"];
}

function everywhere(): boolean {
  return true;
}

function changes({ boundary: { role } }: Spot): boolean {
  return ["rotate", "ask", "mark", "unmark", "write", "send", "untidy"].includes(role);
}

function atProvider({ boundary }: Spot): boolean {
  return boundary.service === "provider" && boundary.role !== "calibrate" && boundary.role !== "prove";
}

function carriesSecret(spot: Spot): boolean {
  return atProvider(spot) && subjectOf(spot.subject).carriesSecret(spot.boundary.name, "") !== undefined;
}

function changesSecret(spot: Spot): boolean {
  return carriesSecret(spot) && changes(spot);
}

function carrying({ subject, boundary }: Spot, secret: string): string {
  return JSON.stringify(subjectOf(subject).carriesSecret(boundary.name, secret));
}

/** As gateways do it in their error messages: what was signed, the credentials among it. */
function echo({ headers, body }: Arrival): string {
  return `${Object.entries(headers)
    .map((pair) => pair.join(":"))
    .join("|")}|${body.slice(0, 2_000)}`;
}

/** Someone reads the public key, and GitHub changes it at that moment. */
async function changeKey({ github, token, app }: Arena, inEnvironment: boolean): Promise<void> {
  const environment = app.targets.find(
    (target) => (target.environment !== undefined) === inEnvironment,
  )?.environment;
  const place = environment === undefined ? "actions" : `environments/${encodeURIComponent(environment)}`;
  github.rotateKeysAfterRead = 1;
  await github.handle(
    new Request(`http://127.0.0.1/repos/acme/web/${place}/secrets/public-key`, {
      headers: { authorization: `token ${token}`, "user-agent": "someone" },
    }),
  );
}
