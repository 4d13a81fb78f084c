// SyslogSocket: datagrams to the system's log over its local socket. They are sent one after the other and
// never waited for by the broker: a system log that takes none of them costs lines, not time, and what can't
// be sent is said once on standard error. Deno calls its datagram sockets unstable, so it has to be allowed
// (`--unstable-net`, or "unstable" in deno.json).

import { writeText } from "./console.ts";
import type { LogLine } from "./log_sinks.ts";
import { type SyslogFacility, syslogLine } from "./syslog_line.ts";

/** Lines that wait to be sent at most. */
const MAX_WAITING = 2_000;
/** How long the end of the process waits for them. */
const CLOSE_TIMEOUT_MS = 500;

const encoder = new TextEncoder();

/** What this needs of `Deno.DatagramConn`, whose type is there only with the flag. */
interface DatagramSocket {
  send(bytes: Uint8Array, to: { transport: "unixpacket"; path: string }): Promise<number>;
  close(): void;
}
type ListenDatagram = (at: { transport: "unixpacket"; path: string }) => DatagramSocket;

export class SyslogSocket {
  readonly facility: SyslogFacility;
  readonly #path: string;
  readonly #tag = `midge[${Deno.pid}]`;
  #socket: DatagramSocket | undefined = undefined;
  /** Where our own end is bound, if that is a file. */
  #boundFile: string | undefined = undefined;
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
    if (listenDatagram() === undefined) {
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
    this.#socket?.close();
    this.#socket = undefined;
    if (this.#boundFile === undefined) return;
    try {
      Deno.removeSync(this.#boundFile);
    } catch {
      // Somebody else has tidied up.
    }
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
      this.#socket ??= this.#open();
      for (; sent < lines.length; sent++) await this.#deliver(lines[sent]!);
    } catch (error) {
      this.lostLines += lines.length - sent;
      if (!this.#isClosed) this.#fail(error);
    }
  }

  async #deliver(line: string): Promise<void> {
    const to = { transport: "unixpacket", path: this.#path } as const;
    await this.#socket!.send(encoder.encode(line), to);
    this.#isFailing = false;
    const lost = this.lostLines;
    if (lost === 0) return;
    this.lostLines = 0;
    const text = `Warning: ${lost} log lines could not be sent here.`;
    const about = syslogLine(this.facility, "warning", this.#tag, text, new Date());
    await this.#socket!.send(encoder.encode(about), to);
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

  /** Our own end has to have an address: in Linux one that is no file, as far as this Deno knows of such. */
  #open(): DatagramSocket {
    const listen = listenDatagram()!;
    const name = `midge-log-${crypto.randomUUID()}`;
    try {
      if (Deno.build.os === "linux") return listen({ transport: "unixpacket", path: `\0${name}` });
    } catch {
      // a file, then
    }
    const path = `${Deno.env.get("TMPDIR") ?? "/tmp"}/${name}`;
    const socket = listen({ transport: "unixpacket", path });
    this.#boundFile = path;
    return socket;
  }
}

function listenDatagram(): ListenDatagram | undefined {
  if (Deno.build.os === "windows") return undefined;
  return (Deno as unknown as { listenDatagram?: ListenDatagram }).listenDatagram;
}

function systemPath(): string {
  return Deno.build.os === "darwin" ? "/var/run/syslog" : "/dev/log";
}
