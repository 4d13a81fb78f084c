// Ctrl+C and SIGTERM for a tool that goes on until then.

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** Calls `onSignal` for each, until it is disposed of. */
export function onSignals(onSignal: () => void): Disposable {
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  return {
    [Symbol.dispose](): void {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
    },
  };
}
