import { createHuaweiApigEmulator, type HuaweiApigEmulator } from "../emulators/huawei-apig.ts";
import {
  createHuaweiCsmsEmulator,
  type HuaweiCsmsEmulator,
  type HuaweiCsmsSecret,
} from "../emulators/huawei-csms.ts";
import { createHuaweiAccount, type HuaweiAccount, type HuaweiKey } from "../emulators/huawei/account.ts";
import type { Fault } from "../emulators/emulator.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { Service } from "./provider-kit.ts";

/** What all Huawei Cloud services have in common. */
export interface HuaweiService extends Service {
  readonly account: HuaweiAccount;
  /** The temporary key of the inputs. */
  readonly key: TemporaryKey;
}

export type TemporaryKey = Required<Omit<HuaweiKey, "expiresAt">>;

export interface ApigService extends HuaweiService {
  readonly emulator: HuaweiApigEmulator;
  readonly appKey: string;
}

export interface CsmsService extends HuaweiService {
  readonly emulator: HuaweiCsmsEmulator;
}

/** The secret of every app before the first rotation. */
export const FORMER_SECRET = "0a9B8c7D6e5F4a3B2c1D0e9F8a7B6c5D";

/** An app of the shared gateway, whose secret in force is given and can be probed. */
export function apigSharedService(clock: FakeClock, account = accountAt(clock)): ApigService {
  const id = "14b399ac-967f-4115-bb62-c0346b4537e9";
  const service = apigService(account, { id });
  const app = { method: "GET", path: /^\/v1\.0\/apigw\/apps\/[^/]+$/ };
  return {
    ...service,
    inputs: {
      ...service.inputs,
      "probe-url": "https://weather.example.test/probe",
      "current-secret": FORMER_SECRET,
    },
    rotateCall: { ...app, method: "PUT" },
    reads: [app, PROBE],
  };
}

/** An app of a dedicated gateway. No probe: it can be read, and the contract wants each read made once. */
export function apigDedicatedService(clock: FakeClock, account = accountAt(clock)): ApigService {
  const instanceId = "93e5a6bd6e134bcb8c7ea8c0c6d0e8a1";
  const service = apigService(account, { id: "98df09fb459a3cbaea3c3fcbf5e5a3f1", instanceId });
  return {
    ...service,
    inputs: { ...service.inputs, "instance-id": instanceId },
    rotateCall: { method: "PUT", path: /^\/v2\/[^/]+\/apigw\/instances\/[^/]+\/apps\/secret\/[^/]+$/ },
    reads: [{ method: "GET", path: /^\/v2\/[^/]+\/apigw\/instances\/[^/]+\/apps\/[^/]+$/ }],
  };
}

/** The call of a published API, as an app. */
export const PROBE = { method: "GET", path: /^\/probe$/ };

/** A database secret, or what `change` makes of it. */
export function csmsService(
  clock: FakeClock,
  account = accountAt(clock),
  change: Partial<HuaweiCsmsSecret> = {},
): CsmsService {
  const emulator = createHuaweiCsmsEmulator({ account });
  const name = change.name ?? "orders-db";
  // In force for as long as any rotation could want.
  const createdAt = clock.now() - 400 * 86_400_000;
  emulator.addSecret({ name, projectId: PROJECT, createdAt, ...change });
  return {
    emulator,
    account,
    key: KEY,
    appId: name,
    inputs: { ...inputsOf(KEY), "api-url": "https://kms.example.test" },
    wrongCredential: WRONG,
    unknownApp: "nobodys-db",
    rotateCall: { method: "POST", path: /^\/v1\/[^/]+\/secrets\/[^/]+\/rotate$/ },
    refusal: refusing(403, {
      error: { error_code: "CSMS.0109", error_msg: "The secret state is not enabled." },
    }),
    reads: [
      { method: "GET", path: /^\/v1\/[^/]+\/secrets\/[^/]+$/ },
      { method: "GET", path: /^\/v1\/[^/]+\/secrets\/[^/]+\/stages\/SYSCURRENT$/ },
      { method: "GET", path: /^\/v1\/[^/]+\/secrets\/[^/]+\/versions\/v\d+$/ },
      { method: "GET", path: /^\/v1\/[^/]+\/csms\/tasks\?/ },
    ],
    inForce: () => emulator.secret(name).current.value,
    changes: () => emulator.secret(name).rotations,
  };
}

/** An account with the key of all services' inputs. */
export function accountAt(clock: FakeClock): HuaweiAccount {
  const account = createHuaweiAccount({ now: () => clock.now() });
  account.addKey(KEY);
  return account;
}

/** An answer of the service, in place of its normal one and of its work. */
export function refusing(status: number, body: object): Fault {
  return { kind: "answer", changed: false, status, body: JSON.stringify(body) };
}

export const PROJECT = "0123456789abcdef0123456789abcdef";

const KEY = {
  accessKeyId: "HST3AKEXAMPLE0000001",
  secretAccessKey: "TestSkExample/Not+Real0123456789abcdefABCDE",
  securityToken: "hQpjbi1ub3J0aC00VEVTVA/of+no+account==",
  projectId: PROJECT,
} as const;

const WRONG = { "access-key-secret": "AnotherSkExample/Not+Real0123456789abcdefAB" };

function apigService(
  account: HuaweiAccount,
  app: { readonly id: string; readonly instanceId?: string },
): Omit<ApigService, "rotateCall" | "reads"> {
  const emulator = createHuaweiApigEmulator({ account });
  const appKey = "d6bf8dcc0e3848e4ba6e2c9f3b0f4b4d";
  emulator.addApp({
    ...app,
    name: "订单_app",
    remark: `nightly <rotated> "app" ✓`,
    appKey,
    appSecret: FORMER_SECRET,
    projectId: PROJECT,
  });
  return {
    emulator,
    account,
    key: KEY,
    appId: app.id,
    appKey,
    inputs: { ...inputsOf(KEY), "api-url": "https://apig.example.test" },
    wrongCredential: WRONG,
    unknownApp: "00000000000000000000000000000000",
    refusal: refusing(403, { error_code: "APIG.1104", error_msg: "No permissions to request the app" }),
    inForce: () => emulator.app(app.id).secret,
    changes: () => emulator.app(app.id).changes,
  };
}

function inputsOf(key: TemporaryKey): Readonly<Record<string, string>> {
  return {
    region: "cn-north-4",
    "project-id": key.projectId,
    "access-key-id": key.accessKeyId,
    "access-key-secret": key.secretAccessKey,
    "security-token": key.securityToken,
  };
}
