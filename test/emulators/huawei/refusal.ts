import { randomUUID } from "node:crypto";
import type { Fault } from "../emulator.ts";

/**
 * An error as Huawei Cloud tells it: `error_code` and `error_msg`, from the gateway in front with a `request_id`.
 * https://support.huaweicloud.com/devg-apisign/api-sign-errorcode.html
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** `nested`: below `error`, as RotateSecret has its errors. The gateway's are always flat. */
  toResponse({ nested = false } = {}): Response {
    const { status, code: error_code, message: error_msg } = this;
    if (error_code.startsWith("APIGW.")) return Response.json(gatewayBody(error_code, error_msg), { status });
    const body = { error_code, error_msg };
    return Response.json(nested ? { error: body } : body, { status });
  }
}

/**
 * The gateway's answer to too many calls. The code: https://support.huaweicloud.com/devg-apisign/api-sign-errorcode.html,
 * the words: https://support.huaweicloud.com/bpconsole_faq/csdp_apifaq_00001.html
 */
export const huaweiGatewayThrottled: Fault = {
  kind: "answer",
  changed: false,
  status: 429,
  body: JSON.stringify(
    gatewayBody(
      "APIGW.0308",
      "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:1 second",
    ),
  ),
};

function gatewayBody(error_code: string, error_msg: string): object {
  return { error_msg, error_code, request_id: randomUUID().replaceAll("-", "") };
}
