/**
 * Loaded into the built action by `node --import`: waits pass twenty times as fast, and the clock with them, so that
 * tests of retries and timeouts take no longer than they must. The action itself knows nothing of it.
 */
const SPEED = 20;

const { setTimeout: realSetTimeout } = globalThis;
const realNow = Date.now.bind(Date);
const startedAt = realNow();

Date.now = () => startedAt + (realNow() - startedAt) * SPEED;

globalThis.setTimeout = new Proxy(realSetTimeout, {
  apply: (set, self, [callback, delay, ...values]: [() => void, number?, ...unknown[]]) =>
    Reflect.apply(set, self, [callback, (delay ?? 0) / SPEED, ...values]) as NodeJS.Timeout,
});
