// The load generator in a thread of its own, so that showing its progress does not disturb it.

import { describeFailure, describeRefusal } from "../client/words.ts";
import { UsageError } from "../client/usage_error.ts";
import type { BenchSettings } from "./bench_options.ts";
import { type BenchResult, Load, type Progress, Refused } from "./load.ts";

export type FromBench =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "result"; readonly result: BenchResult }
  | { readonly kind: "failure"; readonly message: string; readonly exitCode: number };

interface Scope {
  onmessage: ((event: MessageEvent<BenchSettings>) => void) | null;
  postMessage(message: FromBench): void;
}

/** Progress is told so often. */
const TELL_MS = 100;

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as Scope;
  scope.onmessage = ({ data: settings }) => void run(settings, scope);
}

async function run(settings: BenchSettings, scope: Scope): Promise<void> {
  let toldMs = -TELL_MS;
  const load = new Load(settings, (progress) => {
    const nowMs = performance.now();
    if (nowMs - toldMs < TELL_MS) return;
    toldMs = nowMs;
    scope.postMessage({ kind: "progress", progress });
  });
  try {
    scope.postMessage({ kind: "result", result: await load.run() });
  } catch (error) {
    scope.postMessage({ kind: "failure", ...explain(error as Error, settings.version) });
  }
}

function explain(error: Error, version: number): { message: string; exitCode: number } {
  if (error instanceof Refused) {
    return {
      message: `Connection error: ${describeRefusal(error.code, version)}`,
      exitCode: error.code,
    };
  }
  if (error instanceof UsageError) return { message: error.line, exitCode: 1 };
  const { code } = error as Error & { code?: unknown };
  return code === undefined
    ? { message: `Error: ${error.message}.`, exitCode: 1 }
    : describeFailure(error);
}
