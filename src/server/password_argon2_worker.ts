// The Worker that computes Argon2id: 46 MiB and about 80 ms for each password, which the event loop has not.
// One request at a time; password_argon2.ts is the other side. It is no part of the module graph of
// main.ts: `deno compile` needs `--include` for it.

import { argon2id } from "hash-wasm";
import type { Argon2idAnswer, Argon2idRequest } from "./password_argon2.ts";

/** What a Worker has and the types of the main thread do not know. */
interface WorkerScope {
  onmessage: (event: MessageEvent<Argon2idRequest>) => void;
  postMessage(answer: Argon2idAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ hash: await argon2id({ ...data, outputType: "binary" }) });
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
