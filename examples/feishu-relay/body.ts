/**
 * The whole of a body; undefined if it has more than `most` bytes. What is left of it is not read.
 *
 * @throws the signal's reason as soon as that aborts.
 */
export async function readAll(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  signal: AbortSignal,
): Promise<Buffer<ArrayBuffer> | undefined> {
  if (body === null) return Buffer.alloc(0);
  const reader = body.getReader();
  const aborted = abortion(signal);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await Promise.race([reader.read(), aborted]);
    if (done) return Buffer.concat(chunks);
    size += value.length;
    // Not cancelled: that would end the connection which the answer has to take.
    if (size > most) return undefined;
    chunks.push(value);
  }
}

function abortion(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  // It may come when nobody is waiting any more.
  aborted.catch(() => undefined);
  return aborted;
}
