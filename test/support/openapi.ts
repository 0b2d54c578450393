import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { RecordedRequest } from "../emulators/emulator.ts";
import cut from "../github-openapi.json" with { type: "json" };

export interface OpenApiCheck {
  /**
   * What in a recorded request or its answer disagrees with GitHub's OpenAPI description; empty when nothing does.
   * Each line begins with where: `route`, `path`, `query`, `request body` or `answer`. No line quotes a body.
   * `basePath` is what comes before the described path, such as `/api/v3`.
   */
  problems(recorded: RecordedRequest, basePath?: string): string[];
}

/** Compiles `test/github-openapi.json`, whose `info` says where it comes from. */
export function createOpenApiCheck(): OpenApiCheck {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const compiled = new Map<Schema, ValidateFunction>();

  const mismatch = (where: string, schema: Schema, value: unknown): string[] => {
    const validate = compiled.get(schema) ?? ajv.compile(schema);
    compiled.set(schema, validate);
    return validate(value) ? [] : [ajv.errorsText(validate.errors, { dataVar: where })];
  };

  const ofPath = ({ operation, values }: Found): string[] =>
    operation.parameters
      .filter((parameter) => parameter.in === "path")
      .flatMap(({ name, schema }) => {
        const text = decoded(values[name] ?? "");
        if (text === undefined) return [`path ${name} is not percent-encoded`];
        return mismatch(`path ${name}`, schema, typed(text, schema));
      });

  const ofQuery = ({ operation }: Found, query: URLSearchParams): string[] => {
    const known = operation.parameters.filter((parameter) => parameter.in === "query");
    const strangers = [...query.keys()].filter((key) => !known.some(({ name }) => name === key));
    return [
      ...strangers.map((key) => `query ${key} is not described`),
      ...known.flatMap(({ name, schema, required = false }) => {
        const [first, ...more] = query.getAll(name);
        if (more.length > 0) return [`query ${name} is given more than once`];
        if (first === undefined) return required ? [`query ${name} is missing`] : [];
        return mismatch(`query ${name}`, schema, typed(first, schema));
      }),
    ];
  };

  const ofBody = ({ operation }: Found, { body, headers }: RecordedRequest): string[] => {
    const described = operation.requestBody;
    if (described === undefined) return body === "" ? [] : ["request body is not described"];
    if (body === "") return described.required === true ? ["request body is missing"] : [];
    const json = parsed(body);
    if (json === undefined) return ["request body is not JSON"];
    const type = headers["content-type"] ?? "";
    return [
      ...(/^application\/json\b/.test(type) ? [] : [`request body has content-type "${type}"`]),
      ...mismatch("request body", described.content["application/json"].schema, json),
    ];
  };

  const ofAnswer = ({ operation }: Found, { status, answer }: RecordedRequest): string[] => {
    // The connection broke: there is no answer to check.
    if (status === null) return [];
    const described = operation.responses[String(status)];
    if (described === undefined) return answersAnyRoute(status) ? ofError(answer) : unexpected(status);
    const schema = described.content?.["application/json"].schema;
    if (schema === undefined) return answer === "" ? [] : [`answer ${String(status)} has a body`];
    const json = parsed(answer);
    return json === undefined ? ["answer is not JSON"] : mismatch("answer", schema, json);
  };

  const ofError = (answer: string): string[] => {
    const json = parsed(answer);
    return json === undefined ? ["answer is not JSON"] : mismatch("answer", ERROR_BODY, json);
  };

  return {
    problems: (recorded, basePath = "") => {
      const { method, path } = recorded;
      const [pathname = "", query = ""] = path.split("?");
      const found = pathname.startsWith(`${basePath}/`)
        ? find(method, pathname.slice(basePath.length))
        : undefined;
      if (found === undefined) return [`route ${method} ${pathname} is not described`];
      return [
        ...ofPath(found),
        ...ofQuery(found, new URLSearchParams(query)),
        ...ofBody(found, recorded),
        ...ofAnswer(found, recorded),
      ];
    },
  };
}

type Schema = Record<string, unknown>;

interface Content {
  readonly "application/json": { readonly schema: Schema };
}

interface Operation {
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Found {
  readonly operation: Operation;
  /** Of the path parameters, still percent-encoded. */
  readonly values: Readonly<Record<string, string>>;
}

// Literal segments win over parameters, so `public-key` is not taken for a secret's name.
const PATHS = Object.entries(cut.paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>)
  .map(([template, operations]) => ({
    pattern: new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
    parameters: template.split("{").length - 1,
    operations,
  }))
  .sort((a, b) => a.parameters - b.parameters);

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api */
const ERROR_BODY: Schema = {
  type: "object",
  required: ["message"],
  properties: { message: { type: "string", minLength: 1 } },
};

/** What any route may answer, described or not, with an error body. 307 is the redirect of a write. */
function answersAnyRoute(status: number): boolean {
  return [301, 307, 400, 401, 403, 404, 409, 422, 429].includes(status) || status >= 500;
}

function unexpected(status: number): string[] {
  return [`answer ${String(status)} is not described`];
}

function find(method: string, pathname: string): Found | undefined {
  // Addresses by id, where redirects of renamed repositories and links to further pages lead, are not in the description.
  const described = pathname
    .replace(/^\/repositories\/\d+\//, "/repos/owner/repo/")
    .replace(/^\/organizations\/\d+\//, "/orgs/org/");
  for (const { pattern, operations } of PATHS) {
    const match = pattern.exec(described);
    const operation = operations[method.toLowerCase()];
    if (match !== null && operation !== undefined) return { operation, values: match.groups ?? {} };
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text of path or query as the type that its schema asks for. */
function typed(text: string, schema: Schema): string | number {
  return schema["type"] === "integer" && /^-?\d+$/.test(text) ? Number(text) : text;
}
