// Signals: what they make a running broker do, as with Mosquitto.
//
//   SIGINT, SIGTERM  end       SIGUSR1  save now: there is nothing to save, see below
//   SIGHUP           reload    SIGUSR2  log the Sessions
//
// Windows has none of these but SIGINT, and SIGBREAK.

import process from "node:process";
import type { Log } from "../broker/ports.ts";
import { ExitCode } from "./exit_code.ts";

/** When the debugger that SIGUSR1 opens is looked for, in milliseconds after the signal. */
const DEBUGGER_LOOKS_MS = [0, 5, 10, 20, 40, 80, 120, 160, 200, 300, 400, 600, 1_000, 3_000];

/** What the signals are for. */
export interface Signalled {
  readonly log: Log;
  /** Takes up a changed configuration. @returns an exit code if the broker has to end for it. */
  reload(): Promise<number | undefined>;
  /** Logs the Sessions. */
  logSessions(): Promise<void>;
}

/** Resolves with the exit code when the broker is to end. */
export function untilSignal(running: Signalled): Promise<number> {
  const { log } = running;
  return new Promise((resolve) => {
    const end = (signal: Deno.Signal) => {
      log.write("notice", `${signal}: midge stops.`);
      resolve(ExitCode.Success);
    };
    Deno.addSignalListener("SIGINT", () => end("SIGINT"));
    if (Deno.build.os === "windows") {
      return Deno.addSignalListener("SIGBREAK", () => end("SIGBREAK"));
    }
    Deno.addSignalListener("SIGTERM", () => end("SIGTERM"));
    Deno.addSignalListener("SIGHUP", () => {
      running.reload().then((exitCode) => {
        if (exitCode !== undefined) resolve(exitCode);
      });
    });
    Deno.addSignalListener("SIGUSR1", () => {
      log.write("notice", "SIGUSR1: there is nothing to save, changes are written as they come.");
      shutDebugger(log);
    });
    Deno.addSignalListener("SIGUSR2", () => void running.logSessions());
  });
}

/**
 * Deno opens V8's debugger on port 9229 of 127.0.0.1 on SIGUSR1, and has no option against it: whoever may
 * open a local port could run code in here. So it is shut as soon as it is there.
 */
function shutDebugger(log: Log): void {
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") {
    const why = "Deno was started without --allow-sys";
    log.write("warning", `The debugger that SIGUSR1 opens on 127.0.0.1:9229 stays open: ${why}.`);
    return;
  }
  const inspector = process.getBuiltinModule("node:inspector");
  for (const afterMs of DEBUGGER_LOOKS_MS) {
    Deno.unrefTimer(setTimeout(() => {
      if (inspector.url() !== undefined) inspector.close();
    }, afterMs));
  }
}
