import { randomBytes } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";

export interface HttpServiceOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

export interface HttpServiceClient {
  readonly id: string;
  readonly secret: string;
  /** How it may name itself: by a header or in the form. Default `basic`. */
  readonly auth?: "basic" | "post";
}

export interface HttpServiceApp {
  /** Any text. */
  readonly id: string;
  /** Default one made up. */
  readonly secret?: string;
}

export interface HttpServiceSwitches {
  /** How long tokens live, in seconds. Default 60. */
  tokenLife: number;
  /** What `code` says of a rotation that is done. Default 0. */
  successCode: number;
  /** How many reads after a rotation still show the former secret. Default 0. */
  staleReads: number;
}

/**
 * A service of nobody's, such as the provider `http` is for: apps with secrets, behind OAuth 2.0 or a key, in the
 * style of many. It wants the app's id in every place in which an id can stand, so that one that is not encoded for its
 * place is found out.
 */
export interface HttpServiceEmulator extends Emulator, HttpServiceSwitches {
  addClient(client: HttpServiceClient): void;
  /** A key for the header `X-Api-Key`. */
  addKey(key: string): void;
  addApp(app: HttpServiceApp): void;
  /** The state of an app; throws for an unknown one. */
  app(id: string): { readonly secret: string; readonly rotations: number };
  /** Every token given out so far. */
  readonly tokens: readonly string[];
}

export function createHttpService({ now = Date.now }: HttpServiceOptions = {}): HttpServiceEmulator {
  const clients = new Map<string, HttpServiceClient>();
  const keys = new Set<string>();
  const tokens = new Map<string, number>();
  const given: string[] = [];
  const apps = new Map<string, { secret: string; former: string; rotations: number; stale: number }>();

  // https://www.rfc-editor.org/rfc/rfc6749#section-4.4 and #section-2.3.1
  const issueToken = ({ headers, body }: EmulatorRequest): Response => {
    if (headers.get("content-type") !== "application/x-www-form-urlencoded")
      return oauthError(400, "invalid_request");
    const form = new URLSearchParams(body);
    const basic = /^Basic (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
    const [id, secret] =
      basic === undefined
        ? [form.get("client_id"), form.get("client_secret")]
        : Buffer.from(basic, "base64").toString().split(":").map(decodeForm);
    const client = clients.get(id ?? "");
    const how = basic === undefined ? "post" : "basic";
    if (basic !== undefined && form.has("client_secret")) return oauthError(400, "invalid_request");
    if (client === undefined) return oauthError(401, "invalid_client");
    if (client.secret !== secret || (client.auth ?? "basic") !== how)
      return oauthError(401, "invalid_client");
    if (form.get("grant_type") !== "client_credentials") return oauthError(400, "unsupported_grant_type");
    const known = ["grant_type", "scope", "client_id", "client_secret"];
    const odd = [...form.keys()].find((name) => !known.includes(name));
    if (odd !== undefined) throw new Error(`no such parameter: ${odd}`);
    if (form.has("scope") && form.get("scope") !== "apps secrets") return oauthError(400, "invalid_scope");
    const token = randomBytes(24).toString("base64url");
    tokens.set(token, now() + emulator.tokenLife * 1_000);
    given.push(token);
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: emulator.tokenLife });
  };

  const authorized = ({ headers }: EmulatorRequest): boolean => {
    const token = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
    const key = headers.get("x-api-key");
    if (token !== undefined && key !== null) throw new Error("which of two credentials counts is not known");
    return token === undefined ? keys.has(key ?? "") : now() < (tokens.get(token) ?? 0);
  };

  const answer = (request: EmulatorRequest): Response => {
    const { method, url, path, headers, body } = request;
    if (path === "/oauth/token" && method === "POST") return issueToken(request);
    const segments = url.pathname.split("/");
    const [, root, segment = "", leaf, ...more] = segments;
    if (root !== "apps" || leaf !== "secret" || more.length > 0)
      throw new Error(`no such route: ${method} ${path}`);
    const id = decodeURIComponent(segment);
    if (url.searchParams.get("app") !== id || url.searchParams.size !== 1) {
      throw new Error(`the query names another app than the path: ${path}`);
    }
    if (headers.get("accept") !== "application/json") throw new Error("the answer would be no JSON");
    if (!authorized(request)) return Response.json({ error: "unauthorized" }, { status: 401 });
    const app = apps.get(id);
    if (app === undefined) return Response.json({ error: "no such app" }, { status: 404 });
    switch (method) {
      case "GET": {
        if (app.stale > 0) {
          app.stale -= 1;
          return Response.json({ items: [{ secret: app.former }] });
        }
        return Response.json({ items: [{ secret: app.secret }] });
      }
      case "POST": {
        const { app: inBody, ...rest } = JSON.parse(body) as Record<string, unknown>;
        if (headers.get("content-type") !== "application/json")
          throw new Error("the body is said to be no JSON");
        if (inBody !== id) throw new Error(`the body names another app than the path: ${body}`);
        if (Object.keys(rest).join() !== "reason") throw new Error(`no such fields: ${body}`);
        const secret = randomBytes(18).toString("base64url");
        Object.assign(app, {
          former: app.secret,
          secret,
          rotations: app.rotations + 1,
          stale: emulator.staleReads,
        });
        const { successCode: code } = emulator;
        return Response.json({
          code,
          message: code === 0 ? "done" : "not done",
          data: { "app/secret": secret },
        });
      }
      default:
        throw new Error(`no such route: ${method} ${path}`);
    }
  };

  const switches: HttpServiceSwitches = { tokenLife: 60, successCode: 0, staleReads: 0 };
  const emulator: HttpServiceEmulator = Object.assign(switches, createEmulator("http-service", answer), {
    tokens: given,
    addClient: (client: HttpServiceClient) => {
      clients.set(client.id, client);
    },
    addKey: (key: string) => {
      keys.add(key);
    },
    addApp: ({ id, secret = randomBytes(18).toString("base64url") }: HttpServiceApp) => {
      apps.set(id, { secret, former: secret, rotations: 0, stale: 0 });
    },
    app: (id: string) => {
      const app = apps.get(id);
      if (app === undefined) throw new Error(`no such app: ${id}`);
      const { secret, rotations } = app;
      return { secret, rotations };
    },
  });
  return emulator;
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
function oauthError(status: 400 | 401, error: string): Response {
  return Response.json({ error, error_description: "see RFC 6749" }, { status });
}

function decodeForm(text: string): string {
  return new URLSearchParams(`x=${text}`).get("x") ?? "";
}
