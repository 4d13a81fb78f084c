// `midge bench`: a load generator for any broker.

import { writeText } from "../../observe/console.ts";
import type { Asked } from "../client/option_row.ts";
import { onSignals } from "../client/tool_signals.ts";
import { ToolExit } from "../client/words.ts";
import { type BenchSettings, readBenchSettings } from "./bench_options.ts";
import { progressLine, resultTable } from "./bench_view.ts";
import type { FromBench } from "./bench_worker.ts";
import type { BenchResult } from "./load.ts";

/** Runs the load; resolves with the exit code: 1 if something was lost. @throws {UsageError} */
export async function bench(args: readonly string[]): Promise<number | Exclude<Asked, undefined>> {
  const runName = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
  const { settings, asked } = readBenchSettings(args, runName);
  if (asked !== undefined) return asked;
  const worker = new Worker(new URL("./bench_worker.ts", import.meta.url), { type: "module" });
  try {
    return await watch(worker, settings);
  } finally {
    worker.terminate();
  }
}

async function watch(worker: Worker, settings: BenchSettings): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const hasBar = !settings.isJson && Deno.stderr.isTerminal();
  using _ = onSignals(() => resolve(ToolExit.Failed));
  worker.onmessage = ({ data }: MessageEvent<FromBench>) => {
    if (data.kind === "progress") {
      if (hasBar) writeText("stderr", progressLine(data.progress));
      return;
    }
    if (hasBar) writeText("stderr", "\r\x1b[K");
    if (data.kind === "failure") {
      writeText("stderr", `${data.message}\n`);
      return resolve(data.exitCode);
    }
    print(data.result, settings);
    resolve(data.result.lostConnections > 0 ? ToolExit.Failed : ToolExit.Success);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    writeText("stderr", `Error: ${event.message}\n`);
    resolve(ToolExit.Failed);
  };
  worker.postMessage(settings);
  return await promise;
}

function print(result: BenchResult, settings: BenchSettings): void {
  const { publishers, subscribers, qos, payloadBytes, rate } = settings;
  writeText(
    "stdout",
    settings.isJson
      ? `${JSON.stringify({ publishers, subscribers, qos, payloadBytes, rate, ...result })}\n`
      : resultTable(result, subscribers),
  );
}
