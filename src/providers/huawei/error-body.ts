import { isObject } from "../answer.ts";

/**
 * Code and message of an error, undefined where there are none. Errors come flat, and from `rotate` nested; some older
 * services say `code` and `message`.
 */
export function readError(answer: Readonly<Record<string, unknown>> | undefined): {
  readonly code: string | undefined;
  readonly message: string | undefined;
} {
  const error = isObject(answer?.["error"]) ? answer["error"] : answer;
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    code: text(error?.["error_code"]) ?? text(error?.["code"]),
    message: text(error?.["error_msg"]) ?? text(error?.["message"]),
  };
}
