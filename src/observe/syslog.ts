// SyslogSocket: datagrams to the system's log over its local socket. They are sent one after the other and
// never waited for by the broker: a system log that takes none of them costs lines, not time, and what can't
// be sent is said once on standard error.

import { writeText } from "./console.ts";
import { DatagramSender } from "./datagram_sender.ts";
import type { LogLine } from "./log_sinks.ts";
import { type SyslogFacility, syslogLine } from "./syslog_line.ts";

/** Lines that wait to be sent at most. */
const MAX_WAITING = 2_000;
/** How long the end of the process waits for them. */
const CLOSE_TIMEOUT_MS = 500;

export class SyslogSocket {
  readonly facility: SyslogFacility;
  readonly #path: string;
  readonly #tag = `midge[${Deno.pid}]`;
  #sender: DatagramSender | undefined = undefined;
  #waiting: string[] = [];
  #sending: Promise<void> | undefined = undefined;
  /** Lines that were lost and not told of yet. */
  lostLines = 0;
  #isFailing = false;
  #isClosed = false;

  /** @param path the socket of the system's log. @throws {Error} if there can be none on this system. */
  constructor(facility: SyslogFacility, path: string = systemPath()) {
    this.facility = facility;
    this.#path = path;
    if (!DatagramSender.isSupported) {
      throw new Error(
        "log_dest syslog needs Unix datagram sockets, which this system, or a Deno without " +
          "--unstable-net, does not have",
      );
    }
  }

  write(lines: readonly LogLine[]): void {
    const now = new Date();
    for (const { level, text } of lines) {
      if (this.#waiting.length >= MAX_WAITING) this.lostLines++;
      else this.#waiting.push(syslogLine(this.facility, level, this.#tag, text, now));
    }
    this.#sending ??= this.#send();
  }

  /** Resolves when what waits is sent, or lost. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  /** Resolves when what waits is sent, or soon after. */
  async close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined = undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([this.#sending, timeout]);
    clearTimeout(timer);
    this.#isClosed = true;
    this.#sender?.[Symbol.dispose]();
    this.#sender = undefined;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const lines = this.#waiting;
      this.#waiting = [];
      await this.#sendAll(lines);
    }
    this.#sending = undefined;
  }

  async #sendAll(lines: readonly string[]): Promise<void> {
    let sent = 0;
    try {
      const sender = this.#sender ??= new DatagramSender("log");
      for (; sent < lines.length; sent++) await this.#deliver(sender, lines[sent]!);
    } catch (error) {
      this.lostLines += lines.length - sent;
      if (!this.#isClosed) this.#fail(error);
    }
  }

  async #deliver(sender: DatagramSender, line: string): Promise<void> {
    await sender.send(line, this.#path);
    this.#isFailing = false;
    const lost = this.lostLines;
    if (lost === 0) return;
    this.lostLines = 0;
    const text = `Warning: ${lost} log lines could not be sent here.`;
    await sender.send(
      syslogLine(this.facility, "warning", this.#tag, text, new Date()),
      this.#path,
    );
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = error instanceof Error ? error.message : String(error);
    writeText(
      "stderr",
      `Error: Unable to write to syslog ${this.#path}: ${why}. Lines are lost.\n`,
    );
  }
}

function systemPath(): string {
  return Deno.build.os === "darwin" ? "/var/run/syslog" : "/dev/log";
}
