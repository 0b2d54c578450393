import { createAuthing } from "./authing.ts";
import { createCloudRoom } from "./cloudroom.ts";
import type { ProviderFactory } from "./provider.ts";

/** Every provider this action knows. To add one, add its line here. */
export const providers: Readonly<Record<string, ProviderFactory>> = {
  authing: createAuthing,
  cloudroom: createCloudRoom,
};
