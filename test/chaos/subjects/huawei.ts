import { randomBytes } from "node:crypto";
import { createHuaweiAccount } from "../../emulators/huawei/account.ts";
import type { WorldClock } from "../clock.ts";
import type { OwnAnswer } from "./subject.ts";

/** @param wrap brings an error of the service behind the gateway into its form. */
export const huaweiRefusals = (wrap: (error: object) => object): readonly OwnAnswer[] => [
  // The gateway's refusals are flat, whatever the service behind it does, and may echo what was signed.
  {
    name: "own-401",
    status: 401,
    body: { error_code: "APIGW.0301", error_msg: "Incorrect IAM authentication" },
    lasts: true,
  },
  { name: "own-429", status: 429, body: { error_code: "APIGW.0308", error_msg: "The throttling threshold" } },
  {
    name: "own-400",
    status: 400,
    body: wrap({ error_code: "APIG.2011", error_msg: "Invalid parameter value" }),
  },
  { name: "own-403", status: 403, body: wrap({ error_code: "APIG.1005", error_msg: "No permissions" }) },
  { name: "own-404", status: 404, body: wrap({ error_code: "APIG.3004", error_msg: "App does not exist" }) },
  { name: "own-500", status: 500, body: wrap({ error_code: "APIG.9999", error_msg: "System error" }) },
];

export function huaweiAccount({ now }: WorldClock) {
  const account = createHuaweiAccount({ now });
  const projectId = randomBytes(16).toString("hex");
  const accessKeyId = randomBytes(10).toString("hex").toUpperCase();
  const secretAccessKey = randomBytes(20).toString("hex");
  account.addKey({ accessKeyId, secretAccessKey, projectId });
  const inputs = {
    region: "cn-north-4",
    "project-id": projectId,
    "access-key-id": accessKeyId,
    "access-key-secret": secretAccessKey,
  };
  return { account, inputs, projectId, credentials: [secretAccessKey] };
}
