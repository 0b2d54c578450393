import { apigDedicated, apigShared } from "./apig.ts";
import { authing } from "./authing.ts";
import { cloudroom } from "./cloudroom.ts";
import { csmsKeyless } from "./csms-keyless.ts";
import { csms } from "./csms.ts";
import { feishuDispatch, feishuInbox } from "./feishu.ts";
import { http, httpUnread } from "./http.ts";
import type { Mode, Role, Subject } from "./subject.ts";

const SUBJECTS = {
  authing,
  cloudroom,
  "apig-shared": apigShared,
  "apig-dedicated": apigDedicated,
  csms,
  "csms-keyless": csmsKeyless,
  "feishu-inbox": feishuInbox,
  "feishu-dispatch": feishuDispatch,
  http,
  "http-unread": httpUnread,
} satisfies Readonly<Record<string, Subject>>;

export type SubjectId = keyof typeof SUBJECTS;

export const subjectIds = Object.keys(SUBJECTS) as readonly SubjectId[];

export function subjectOf(id: SubjectId): Subject {
  return SUBJECTS[id];
}

/** What each request to the provider is for in a mode, by `NAME-NTH`. */
export function rolesIn(id: SubjectId, mode: Mode): Readonly<Record<string, Role>> {
  const { roles } = subjectOf(id);
  return roles[mode === "finish" || mode === "tidy" ? "rotate" : mode] ?? {};
}
