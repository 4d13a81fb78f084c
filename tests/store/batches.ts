import { BatchWriter } from "../../src/store/batch_writer.ts";

export const MESSAGES_PER_BATCH = 25;

/** Batch `n` of a history: adds messages, each retained, and ends those of the batch before the last. */
export function batchOf(n: number): Uint8Array {
  const writer = new BatchWriter();
  for (let i = 1; i <= MESSAGES_PER_BATCH; i++) {
    const message = n * MESSAGES_PER_BATCH + i;
    writer.message({
      message,
      topicName: "a/b",
      payload: new Uint8Array(100).fill(message),
      forwardedProperties: new Uint8Array(),
      qos: 1,
      retain: true,
      expiresAtMs: Infinity,
      publisherId: "publisher",
    });
    writer.retained({
      topicName: `a/${message}`,
      message,
      ownerClientId: "publisher",
      ownerUserName: undefined,
      ownerListener: "1883",
    });
    const old = message - 2 * MESSAGES_PER_BATCH;
    if (old <= 0) continue;
    writer.retainedEnded(`a/${old}`);
    writer.messageEnded(old);
  }
  return writer.take();
}
