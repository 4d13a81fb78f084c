// ServiceManager: what systemd is told of a service of Type=notify, by the protocol of sd_notify(3):
//
//   READY=1        it serves                     RELOADING=1 … READY=1   a reload, from its beginning to its end
//   STATUS=…       for `systemctl status`        STOPPING=1              it ends in order
//   WATCHDOG=1     the event loop turns; without it for WatchdogSec= systemd kills and restarts the process
//
// Datagrams go out one after the other and are never waited for by the broker. What can't be told is said once
// on standard error: systemd will then say by itself what it has missed.

import { writeText } from "./console.ts";
import { DatagramSender } from "./datagram_sender.ts";

/** How long the end of the process waits for what is to be told. */
const CLOSE_TIMEOUT_MS = 500;
/** How often the status is asked for where there is no watchdog. */
const STATUS_INTERVAL_MS = 10_000;
/** While systemd takes nothing, no more than so many datagrams wait; a WATCHDOG=1 more says nothing. */
const MAX_WAITING = 16;

export interface ServiceManagerOptions {
  /** Path of systemd's socket; `@` stands for the NUL of an abstract one. */
  readonly socket: string;
  /** WatchdogSec=, in milliseconds; undefined: nobody watches. */
  readonly watchdogMs?: number | undefined;
}

export class ServiceManager {
  readonly #path: string;
  readonly #sender = new DatagramSender("notify");
  readonly #watchdogMs: number | undefined;
  readonly #waiting: string[] = [];
  #sending: Promise<void> | undefined = undefined;
  #timer: ReturnType<typeof setInterval> | undefined = undefined;
  #status = "";
  #isFailing = false;
  #isClosed = false;

  /** @throws {Error} if there are no such sockets. */
  constructor({ socket, watchdogMs }: ServiceManagerOptions) {
    this.#path = socket.replace(/^@/, "\0");
    this.#watchdogMs = watchdogMs;
  }

  /** The service is there. @param status asked for now and from time to time: a line for `systemctl status`. */
  ready(status: () => string): void {
    this.#tell("READY=1", ...this.#changed(status()));
    if (this.#timer !== undefined) return;
    // Half of the time, as sd_watchdog_enabled(3) advises: one tick may be late.
    const intervalMs = this.#watchdogMs === undefined ? STATUS_INTERVAL_MS : this.#watchdogMs / 2;
    const watches = this.#watchdogMs !== undefined;
    this.#timer = setInterval(() => {
      const lines = [...watches ? ["WATCHDOG=1"] : [], ...this.#changed(status())];
      if (lines.length > 0) this.#tell(...lines);
    }, intervalMs);
    Deno.unrefTimer(this.#timer);
  }

  /** To be followed by {@link ready}, however the reload ends. */
  reloading(): void {
    this.#status = "Reloading the configuration.";
    this.#tell("RELOADING=1", `STATUS=${this.#status}`);
  }

  stopping(): void {
    this.#tell("STOPPING=1", "STATUS=Stopping.");
  }

  /** Resolves when everything is told, or soon after. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    let timer: ReturnType<typeof setTimeout> | undefined = undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([this.#sending, timeout]);
    clearTimeout(timer);
    this.#isClosed = true;
    this.#sender[Symbol.dispose]();
  }

  #changed(status: string): string[] {
    if (status === this.#status) return [];
    this.#status = status;
    return [`STATUS=${status}`];
  }

  #tell(...lines: readonly string[]): void {
    if (this.#isClosed || this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(lines.join("\n"));
    this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    for (;;) {
      const text = this.#waiting.shift();
      if (text === undefined) break;
      try {
        await this.#sender.send(text, this.#path);
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isClosed) this.#fail(error);
      }
    }
    this.#sending = undefined;
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = error instanceof Error ? error.message : String(error);
    writeText("stderr", `Error: Unable to tell ${this.#path} (NOTIFY_SOCKET): ${why}.\n`);
  }
}

/**
 * Who started this process, by the environment that systemd gives; undefined: nobody who wants to be told.
 * @param variable gives a variable of the environment, or undefined.
 * @param pid of this process: a watchdog may be meant for another one.
 */
export function findServiceManager(
  variable: (name: string) => string | undefined,
  pid: number,
): ServiceManagerOptions | undefined {
  const socket = variable("NOTIFY_SOCKET");
  // sd_notify(3): other forms, as vsock:…, are for virtual machines.
  if (socket === undefined || !/^[/@]./.test(socket)) return undefined;
  const usec = Number(variable("WATCHDOG_USEC"));
  const watchdogPid = variable("WATCHDOG_PID");
  const isWatched = usec >= 1_000 && (watchdogPid === undefined || Number(watchdogPid) === pid);
  return { socket, watchdogMs: isWatched ? usec / 1_000 : undefined };
}
