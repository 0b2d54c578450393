import { AKSKSigner } from "@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js";
import { BasicCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials.js";
import { HcClient } from "@huaweicloud/huaweicloud-sdk-core/HcClient.js";
import { DefaultHttpClient } from "@huaweicloud/huaweicloud-sdk-core/http/DefaultHttpClient.js";
import { LogLevel, type Logger } from "@huaweicloud/huaweicloud-sdk-core/logger/index.js";
import type { HuaweiKey } from "./account.ts";

/** One call to make with the official SDK. Paths and query names must need no encoding. */
export interface OfficialCall {
  readonly method: string;
  /** Base URL and path, without a query. */
  readonly url: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

/** The headers that the official SDK's signer makes for a call at `now`, those it signed included. */
export function signOfficially(
  { method, url, query = {}, body }: OfficialCall,
  key: Omit<HuaweiKey, "projectId"> & { readonly projectId?: string },
  now: number,
): Record<string, string> {
  const headers = {
    "content-type": "application/json",
    ...(key.projectId === undefined ? {} : { "X-Project-Id": key.projectId }),
    ...(key.securityToken === undefined ? {} : { "X-Security-Token": key.securityToken }),
    "X-Sdk-Date": new Date(now).toISOString().replace(/[-:]|\.\d+/g, ""),
  };
  const credential = new BasicCredentials({ ak: key.accessKeyId, sk: key.secretAccessKey });
  return AKSKSigner.sign({ endpoint: url, method, queryParams: query, headers, data: body }, credential);
}

/** Makes a call with the whole official client, by the real clock; rejects with its exceptions. */
export async function callOfficially(call: OfficialCall, key: HuaweiKey): Promise<object> {
  const { origin, pathname } = new URL(call.url);
  // The client prints the request, body and all, on every error, unless it is given a logger.
  const client = new HcClient(new DefaultHttpClient({ logger: silent }, [origin]))
    .withEndpoints([origin])
    .withCredential(
      new BasicCredentials({
        ak: key.accessKeyId,
        sk: key.secretAccessKey,
        projectId: key.projectId,
        ...(key.securityToken === undefined ? {} : { securityToken: key.securityToken }),
      }),
    );
  return client.sendRequest({
    method: call.method,
    url: pathname,
    contentType: "application/json",
    queryParams: { ...call.query },
    pathParams: {},
    headers: {},
    ...(call.body === undefined ? {} : { data: call.body }),
  });
}

const nothing = (): void => undefined;

const silent: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};
