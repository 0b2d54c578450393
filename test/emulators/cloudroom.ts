import { createHash, randomInt } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";

export interface CloudRoomEmulatorOptions {
  /** First segment of every path. Default `CLOUDROOM-API`, the documented one. */
  readonly prefix?: string;
}

export interface CloudRoomCompany {
  readonly compId: number;
  readonly compSecret: string;
  /** Whether the account has API permission. Default `true`. */
  readonly apiPermission?: boolean;
}

export interface CloudRoomProject {
  readonly compId: number;
  readonly appId: string;
  /** Default: the app id. */
  readonly name?: string;
  /** Default: a random one of `secretLength` characters. */
  readonly secret?: string;
  /** 0 off, 1 on. Default 1. */
  readonly status?: 0 | 1;
  /** How clients log in: 0 secret, 1 token. Default 0. */
  readonly authType?: 0 | 1;
}

export interface CloudRoomProjectState {
  readonly secret: string;
  /** The secrets it had before, oldest first. */
  readonly previous: readonly string[];
  readonly refreshes: number;
}

/** The project family of CloudRoom's server API. */
export interface CloudRoomEmulator extends Emulator {
  /** `project/*` calls of a company need it here first. */
  addCompany(company: CloudRoomCompany): void;
  addProject(project: CloudRoomProject): void;
  /** The state of a project as it is now; throws for an unknown one. */
  project(appId: string): CloudRoomProjectState;
  /**
   * What `project/query/list` has in its `AppSecret`. The page of the call promises the secret, the console of the
   * same time says it is stored no longer. Default `nothing`, which asks the most of a client.
   * https://github.com/cloudroomSDK/Documents/blob/fec9743/webapi/docs/project_list.md
   */
  listShows: "plain" | "md5" | "masked" | "nothing";
  /** Type of `RspCode`. Documented as a string (default); a picture of a sibling call shows a number. */
  rspCode: "string" | "number";
  /** Characters of a new secret. Default 8, as in the only picture of one; no form is documented. */
  secretLength: number;
}

/**
 * Fields, paths and codes are those of https://github.com/cloudroomSDK/Documents/tree/fec9743/webapi/docs; that
 * the common fields travel in the JSON body is shown by the Java demo there. Errors answer HTTP 200, as a picture
 * of a sibling call suggests; it is not documented.
 */
export function createCloudRoomEmulator(options: CloudRoomEmulatorOptions = {}): CloudRoomEmulator {
  const prefix = options.prefix ?? "CLOUDROOM-API";
  const companies = new Map<number, CloudRoomCompany>();
  const projects = new Map<string, Project>();

  const routes: Readonly<Record<string, (body: Fields) => Result>> = {
    // https://github.com/cloudroomSDK/Documents/blob/fec9743/webapi/docs/project_list.md
    "POST project/query/list": (body) => {
      const caller = authenticate(body, []);
      if (typeof caller === "string") return { code: caller };
      const list = [...projects.values()].filter(({ compId }) => compId === caller.compId);
      return {
        code: "0",
        data: {
          ProjectCount: list.length,
          ProjectList: list.map((project) => ({
            ProjectName: project.name,
            AppId: project.appId,
            AppSecret: SHOWN[emulator.listShows](project.secret),
            Status: project.status,
            AuthType: project.authType,
            // The form of this string is not documented.
            CreateTime: "2022-03-30 10:00:00",
          })),
        },
      };
    },

    // https://github.com/cloudroomSDK/Documents/blob/fec9743/webapi/docs/project_secret.md
    // An overlap of the former secret is documented nowhere.
    "POST project/update/secret": (body) => {
      const caller = authenticate(body, ["OperateAppId"]);
      if (typeof caller === "string") return { code: caller };
      const { OperateAppId: appId = "" } = body;
      if (typeof appId !== "string") return { code: "4" };
      if (appId === "") return { code: "20" };
      const project = projects.get(appId);
      if (project?.compId !== caller.compId) return { code: "21" };
      project.previous.push(project.secret);
      project.secret = makeSecret(emulator.secretLength);
      return { code: "0", data: { AppSecret: project.secret } };
    },
  };

  // The calling company, or the code that refuses it. Which code goes first when several fit is not documented.
  // https://github.com/cloudroomSDK/Documents/blob/fec9743/webapi/docs/README.md
  const authenticate = (body: Fields, own: readonly string[]): CloudRoomCompany | Code => {
    const { RequestId: requestId, CompID: compId, SecretKey: secretKey, AppId: appId = "" } = body;
    const known = ["RequestId", "CompID", "SecretKey", "AppId", ...own];
    if (
      Object.keys(body).some((name) => !known.includes(name)) ||
      typeof requestId !== "string" ||
      requestId === "" ||
      !Number.isInteger(compId) ||
      typeof secretKey !== "string" ||
      typeof appId !== "string"
    ) {
      return "4";
    }
    const company = companies.get(compId as number);
    if (company === undefined) return "2";
    if (secretKey !== md5(`${String(company.compId)}&${company.compSecret}`)) return "3";
    return company.apiPermission === false ? "1" : company;
  };

  const answer = (request: EmulatorRequest): Response => {
    const [, first = "", ...rest] = request.url.pathname.split("/");
    if (first !== prefix && PREFIXES.includes(first)) return notFound();
    // What a method other than the documented POST gets, or a query beside the body, is unpublished.
    const route = first === prefix ? routes[`${request.method} ${rest.join("/")}`] : undefined;
    if (route === undefined || request.url.search !== "") {
      throw new Error(`no such route: ${request.method} ${request.path}`);
    }
    const body = readObject(request);
    const { code, data } = body === undefined ? { code: "4" as const } : route(body);
    return Response.json({
      RspCode: emulator.rspCode === "string" ? code : Number(code),
      RspDesc: DESCRIPTIONS[code],
      ...(data === undefined ? {} : { Data: data }),
    });
  };

  const emulator: CloudRoomEmulator = Object.assign(createEmulator("cloudroom", answer), {
    listShows: "nothing" as const,
    rspCode: "string" as const,
    secretLength: 8,
    addCompany(company: CloudRoomCompany) {
      companies.set(company.compId, company);
    },
    addProject(project: CloudRoomProject) {
      projects.set(project.appId, {
        compId: project.compId,
        appId: project.appId,
        name: project.name ?? project.appId,
        status: project.status ?? 1,
        authType: project.authType ?? 0,
        secret: project.secret ?? makeSecret(emulator.secretLength),
        previous: [],
      });
    },
    project(appId: string): CloudRoomProjectState {
      const project = projects.get(appId);
      if (project === undefined) throw new Error(`no such project: ${appId}`);
      return { secret: project.secret, previous: [...project.previous], refreshes: project.previous.length };
    },
  });
  return emulator;
}

/** The documented prefix, and the one of the newer demos: https://github.com/cloudroomSDK/API-Demo */
const PREFIXES: readonly string[] = ["CLOUDROOM-API", "CLOUDMEETING-API"];

const DESCRIPTIONS = {
  "0": "请求成功",
  "1": "用户所属企业没有接口API权限",
  "2": "账号不存在",
  "3": "密码错误",
  "4": "未获取到正确参数",
  "20": "项目账号id不能为空",
  "21": "项目账号不存在",
} as const;

const SHOWN = {
  plain: (secret: string) => secret,
  md5,
  masked: (secret: string) => "*".repeat(secret.length),
  nothing: () => "",
} as const;

type Code = keyof typeof DESCRIPTIONS;
type Fields = Readonly<Record<string, unknown>>;

interface Result {
  readonly code: Code;
  readonly data?: object;
}

interface Project {
  readonly compId: number;
  readonly appId: string;
  readonly name: string;
  readonly status: 0 | 1;
  readonly authType: 0 | 1;
  secret: string;
  readonly previous: string[];
}

function readObject(request: EmulatorRequest): Fields | undefined {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return undefined;
  try {
    const body: unknown = JSON.parse(request.body);
    return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : undefined;
  } catch {
    return undefined;
  }
}

/** What the web server in front says where nothing is mounted. */
function notFound(): Response {
  const page = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n";
  return new Response(page, { status: 404, headers: { "content-type": "text/html" } });
}

function makeSecret(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
