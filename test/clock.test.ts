import { expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";

test("the system clock tells the time in milliseconds since 1970", () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});

test("a sleep lasts as long as it is told", async () => {
  const startedAt = performance.now();
  await systemClock.sleep(30);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(28);
});

test("a sleep ends with the signal's reason as soon as it aborts", async () => {
  const controller = new AbortController();
  const reason = new Error("cancelled");
  const startedAt = performance.now();
  setTimeout(() => {
    controller.abort(reason);
  }, 10);
  await expect(systemClock.sleep(60_000, controller.signal)).rejects.toBe(reason);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test("a sleep does not begin once the signal has aborted", async () => {
  const reason = new Error("cancelled");
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a sleep that has ended leaves nothing behind on its signal", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...listener: Parameters<typeof add>) => {
    listening += 1;
    add(...listener);
  };
  signal.removeEventListener = (...listener: Parameters<typeof remove>) => {
    listening -= 1;
    remove(...listener);
  };
  for (let night = 0; night < 3; night += 1) await systemClock.sleep(1, signal);
  expect(listening).toBe(0);
});
