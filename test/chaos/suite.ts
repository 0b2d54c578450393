import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { casesOf, type Case } from "./cases.ts";
import { record } from "./record.ts";
import { runCase, type Setting, type Verdict } from "./run-case.ts";
import { subjectIds, subjectOf, type SubjectId } from "./subjects/index.ts";

/** A copy of the built action, which nobody builds anew in the middle of the suite. */
export interface Copy extends Setting, AsyncDisposable {}

const PROJECT = join(import.meta.dirname, "..", "..");

/** Copies action.yml and dist into a temporary folder, which goes with the copy. `from`: default this project. */
export async function copyAction(from = PROJECT): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-action-"));
  const action = join(folder, "action");
  await cp(join(from, "dist"), join(action, "dist"), { recursive: true });
  await cp(join(from, "action.yml"), join(action, "action.yml"));
  return {
    action,
    cache: join(folder, "cache"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Makes one clean run of everything asked for, and every case of it. */
export async function enumerate(
  setting: Setting,
  subjects: readonly SubjectId[] = subjectIds,
): Promise<readonly Case[]> {
  const runs = subjects.flatMap((subject) => subjectOf(subject).modes.map((mode) => ({ subject, mode })));
  const found = await inParallel(runs, 3, async ({ subject, mode }) =>
    casesOf(subject, mode, await record({ ...setting, subject, speed: 25 }, mode)),
  );
  return found.flat();
}

/** Runs cases side by side, each in a world of its own. `onVerdict` is called in the order in which they end. */
export function runCases(
  cases: readonly Case[],
  setting: Setting,
  { jobs, onVerdict }: { readonly jobs: number; readonly onVerdict?: (verdict: Verdict) => void },
): Promise<readonly Verdict[]> {
  return inParallel(cases, jobs, async (chaos) => {
    const verdict = await tryTwice(chaos, setting);
    onVerdict?.(verdict);
    return verdict;
  });
}

/**
 * At the speed of these worlds a busy machine can make a request time out, which is another case then. So a wrong
 * outcome counts if it comes again at a slower try; nothing excuses a secret that was lost or shown.
 */
async function tryTwice(chaos: Case, setting: Setting): Promise<Verdict> {
  const first = await attempt(chaos, setting);
  if (first.complaints.length === 0 || first.complaints.some(({ kind }) => kind !== "wrong outcome"))
    return first;
  const second = await attempt(chaos, { ...setting, slower: 4 });
  return second.complaints.length > 0 ? second : { ...second, unsteady: first.complaints };
}

async function attempt(chaos: Case, setting: Setting): Promise<Verdict> {
  try {
    return await runCase(chaos, setting);
  } catch (error) {
    const text = `the case could not be run: ${error instanceof Error ? error.message : String(error)}`;
    return {
      id: chaos.id,
      complaints: [{ kind: "wrong outcome", text }],
      unsteady: [],
      ending: "nothing",
      milliseconds: 0,
      log: "",
    };
  }
}

async function inParallel<In, Out>(
  all: readonly In[],
  jobs: number,
  work: (each: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = [];
  const rest = [...all.entries()];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const [at, each] = next;
        results[at] = await work(each);
      }
    }),
  );
  return results;
}
