/**
 * Loaded into the built action by `node --import`, and unknown to it: time passes as fast as in the case's world, and
 * the process says who it is, so that it can be sent signals in the post step too.
 *
 * - `CHAOS_CLOCK`: `ORIGIN,SPEED,OFFSET` of the world's clock (`clock.ts`).
 * - `CHAOS_PID_FILE`: where to write this process's id.
 */
import { writeFileSync } from "node:fs";

const [origin = 0, speed = 1, offset = 0] = (process.env["CHAOS_CLOCK"] ?? "").split(",").map(Number);
const pidFile = process.env["CHAOS_PID_FILE"];
if (pidFile !== undefined) writeFileSync(pidFile, String(process.pid));

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
const realNow = Date.now.bind(Date);
const cleared = new WeakSet();

Date.now = () => Math.floor(origin + (realNow() - origin) * speed + offset);

/**
 * Scaled, a timeout of seconds is as short as the loading of a library. So a timer that is due first lets in the
 * answers that have arrived, as it would find them read already at the usual speed.
 */
globalThis.setTimeout = new Proxy(realSetTimeout, {
  apply: (set, _self, [callback, delay, ...values]: [(...all: unknown[]) => void, number?, ...unknown[]]) => {
    const fire = (): void => {
      setImmediate(() => {
        setImmediate(() => {
          if (!cleared.has(timer)) callback(...values);
        });
      });
    };
    const timer = set(fire, (delay ?? 0) / speed);
    return timer;
  },
});

globalThis.clearTimeout = new Proxy(realClearTimeout, {
  apply: (clear, self, [timer]: [NodeJS.Timeout | undefined]) => {
    if (typeof timer === "object") cleared.add(timer);
    Reflect.apply(clear, self, [timer]);
  },
});
