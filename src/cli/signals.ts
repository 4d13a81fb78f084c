// Signals: what they make a running broker do, as with Mosquitto.
//
//   SIGINT, SIGTERM  end       SIGUSR1  save now
//   SIGHUP           reload    SIGUSR2  log the Sessions
//
// Windows has none of these but SIGINT, and SIGBREAK.

import process from "node:process";
import type { Log } from "../broker/ports.ts";
import { ExitCode } from "./exit_code.ts";
import { Reloads } from "./reloads.ts";

/** When the debugger that SIGUSR1 opens is looked for, in milliseconds after the signal. */
const DEBUGGER_LOOKS_MS = [0, 5, 10, 20, 40, 80, 120, 160, 200, 300, 400, 600, 1_000, 3_000];

/** What the signals are for. */
export interface Signalled {
  readonly log: Log;
  /** Takes up a changed configuration. @returns an exit code if the broker has to end for it. */
  reload(): Promise<number | undefined>;
  /** Stores what waits, as far as it is to be stored. @returns in words what was stored since the start. */
  save(): string;
  /** Logs the Sessions. */
  logSessions(): Promise<void>;
}

/**
 * Listens to the signals from the start of the process on: a SIGHUP that comes while the broker is being
 * started waits until it runs, and a signal to end ends the process.
 */
export class Signals {
  readonly #ended = Promise.withResolvers<number>();
  #running: Signalled | undefined = undefined;
  #isReloadWanted = false;
  readonly #reloads = new Reloads(async () => {
    const exitCode = await this.#running!.reload();
    if (exitCode !== undefined) this.#ended.resolve(exitCode);
  });

  constructor() {
    const isWindows = Deno.build.os === "windows";
    for (const signal of ["SIGINT", isWindows ? "SIGBREAK" : "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => this.end(signal));
    }
    if (isWindows) return;
    Deno.addSignalListener("SIGHUP", () => this.requestReload());
    Deno.addSignalListener("SIGUSR1", () => {
      const log = this.#running?.log;
      log?.write("notice", `SIGUSR1: ${this.#running?.save()}`);
      shutDebugger(log);
    });
    Deno.addSignalListener("SIGUSR2", () => void this.#running?.logSessions());
  }

  /** Resolves with the exit code when `running` is to end. */
  until(running: Signalled): Promise<number> {
    this.#running = running;
    if (this.#isReloadWanted) this.#reloads.request();
    return this.#ended.promise;
  }

  /** As a SIGHUP does. */
  requestReload(): void {
    if (this.#running === undefined) this.#isReloadWanted = true;
    else this.#reloads.request();
  }

  /** @param why for the log. */
  end(why: string): void {
    if (this.#running === undefined) Deno.exit(ExitCode.Success); // nothing has been served yet
    this.#running.log.write("notice", `${why}: midge stops.`);
    this.#ended.resolve(ExitCode.Success);
  }
}

/**
 * Deno opens V8's debugger on port 9229 of 127.0.0.1 on SIGUSR1, and has no option against it: whoever may
 * open a local port could run code in here. So it is shut as soon as it is there.
 */
function shutDebugger(log: Log | undefined): void {
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") {
    const why = "Deno was started without --allow-sys";
    log?.write("warning", `The debugger that SIGUSR1 opens on 127.0.0.1:9229 stays open: ${why}.`);
    return;
  }
  const inspector = process.getBuiltinModule("node:inspector");
  for (const afterMs of DEBUGGER_LOOKS_MS) {
    Deno.unrefTimer(setTimeout(() => {
      if (inspector.url() !== undefined) inspector.close();
    }, afterMs));
  }
}
