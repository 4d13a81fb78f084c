// LogSinks: where log lines go: standard output, standard error, files that are opened again on a reload so
// that logrotate can move them, syslog, and topics of the broker itself. None of them can harm the broker:
// what can't be written is lost, and said once.

import type { LogLevel } from "../broker/ports.ts";
import { writeText } from "./console.ts";
import { LogFile } from "./log_file.ts";
import { SyslogSocket } from "./syslog.ts";
import type { SyslogFacility } from "./syslog_line.ts";

/** One place for log lines; "topic" is `$SYS/broker/log/…`. */
export type LogDestination = "stdout" | "stderr" | "syslog" | "topic" | { readonly file: string };

export interface LogDestinations {
  /** None: there is no log. */
  readonly destinations: readonly LogDestination[];
  /** For the destination syslog; default "daemon". */
  readonly syslogFacility?: SyslogFacility;
}

/** One line without its line end. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** What takes the lines of a log. */
export interface LogSink {
  /** Whether anything of it needs the lines one by one. */
  readonly takesLines: boolean;
  /** @throws {Error} if a file can't be opened: everything stays as it was. */
  configure(destinations: LogDestinations): void;
  /** @param lines those of `text` that go to syslog and to topics; empty unless {@link takesLines}. */
  write(text: string, lines: readonly LogLine[]): void;
  /** Resolves when what was written is on its way, or can't be. */
  close(): Promise<void>;
}

/** Files that are streams, as container images like to write them; Deno opens none of them as a file. */
const STREAMS: ReadonlyMap<string, "stdout" | "stderr"> = new Map([
  ["/dev/stdout", "stdout"],
  ["/dev/fd/1", "stdout"],
  ["/proc/self/fd/1", "stdout"],
  ["/dev/stderr", "stderr"],
  ["/dev/fd/2", "stderr"],
  ["/proc/self/fd/2", "stderr"],
]);

export class LogSinks implements LogSink {
  #streams: ("stdout" | "stderr")[] = [];
  #files: LogFile[] = [];
  #syslog: SyslogSocket | undefined = undefined;
  #usesTopics = false;
  #publish: ((lines: readonly LogLine[]) => void) | undefined = undefined;

  get takesLines(): boolean {
    return this.#syslog !== undefined || this.#usesTopics;
  }

  /** Where lines for the destination "topic" go: to a broker, once there is one. */
  publishTo(publish: (lines: readonly LogLine[]) => void): void {
    this.#publish = publish;
  }

  configure({ destinations: asked, syslogFacility = "daemon" }: LogDestinations): void {
    const destinations = asked.map((to) =>
      typeof to === "object" ? STREAMS.get(to.file) ?? to : to
    );
    const paths = new Set(destinations.flatMap((to) => typeof to === "object" ? [to.file] : []));
    const files = openAll([...paths]);
    for (const file of this.#files) file.close();
    this.#files = files;
    this.#streams = (["stdout", "stderr"] as const).filter((name) => destinations.includes(name));
    this.#usesTopics = destinations.includes("topic");
    const before = this.#syslog;
    this.#syslog = destinations.includes("syslog")
      ? before?.facility === syslogFacility ? before : new SyslogSocket(syslogFacility)
      : undefined;
    if (before !== this.#syslog) before?.close();
  }

  write(text: string, lines: readonly LogLine[]): void {
    for (const stream of this.#streams) writeText(stream, text);
    for (const file of this.#files) file.write(text);
    if (lines.length === 0) return;
    this.#syslog?.write(lines);
    if (this.#usesTopics) this.#publish?.(lines);
  }

  async close(): Promise<void> {
    for (const file of this.#files) file.close();
    this.#files = [];
    await this.#syslog?.close();
    this.#syslog = undefined;
  }
}

/** All or none. */
function openAll(paths: readonly string[]): LogFile[] {
  const opened: LogFile[] = [];
  try {
    for (const path of paths) opened.push(new LogFile(path));
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
  return opened;
}
