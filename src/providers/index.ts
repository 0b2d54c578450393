import { createAuthing } from "./authing.ts";
import { createCloudRoom } from "./cloudroom.ts";
import { createFeishu } from "./feishu.ts";
import { createHttp } from "./http.ts";
import { createHuaweiApig } from "./huawei-apig.ts";
import { createHuaweiCsms } from "./huawei-csms.ts";
import type { ProviderFactory } from "./provider.ts";

/** Every provider this action knows. To add one, add its line here. */
export const providers: Readonly<Record<string, ProviderFactory>> = {
  authing: createAuthing,
  cloudroom: createCloudRoom,
  feishu: createFeishu,
  "huawei-apig": createHuaweiApig,
  "huawei-csms": createHuaweiCsms,
  http: createHttp,
};
