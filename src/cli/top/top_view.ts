// What `midge top` shows: lines of text made of a report, for a screen of a given size, or one line where there is
// no screen.

import type { CounterName, SysReport } from "./sys_model.ts";

const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A screen's lines, at most as many and as wide as it is. */
export function screenLines(report: SysReport, where: string, size: Size): string[] {
  const { gauges, totals, rates } = report;
  const flow = (label: string, received: CounterName, sent: CounterName, inBytes = false) => {
    const show = inBytes ? bytes : count;
    return [
      label.padEnd(12),
      `${show(rates[received])}/s`.padStart(14),
      `${show(rates[sent])}/s`.padStart(14),
      show(totals[received]).padStart(14),
      show(totals[sent]).padStart(14),
    ].join("");
  };
  const lines = [
    `${BOLD}${printable(report.version ?? "?")}${PLAIN} at ${where}, up ${
      uptime(report.uptimeSeconds)
    }`,
    "",
    `${DIM}${"".padEnd(12)}${"in".padStart(14)}${"out".padStart(14)}${"in, all".padStart(14)}${
      "out, all".padStart(14)
    }${PLAIN}`,
    flow("PUBLISH", "publishReceived", "publishSent"),
    flow("packets", "messagesReceived", "messagesSent"),
    flow("bytes", "bytesReceived", "bytesSent", true),
    "",
    field("clients", gauges.clientsConnected, count) +
    `, ${count(gauges.clientsDisconnected)} away, ${count(gauges.clientsMaximum)} at most`,
    field("subscribed", gauges.subscriptions, count),
    field("retained", gauges.retained, count),
    field("stored", gauges.stored, count) + `, ${bytes(gauges.storedBytes)}`,
    field("dropped", totals.publishDropped, count) + `, ${count(rates.publishDropped)}/s`,
    field("heap", gauges.heapBytes, bytes) + `, ${bytes(gauges.heapMaximumBytes)} at most`,
    "",
    `${DIM}q or Ctrl+C: end. The broker speaks every sys_interval.${PLAIN}`,
  ];
  return lines.slice(0, size.rows).map((line) => cut(line, size.columns));
}

const COLUMNS = "   in/s   out/s    in B/s   out B/s clients    subs retained dropped      heap";

/** The names above {@link plainLine}'s figures. */
export function plainHeader(): string {
  return COLUMNS;
}

export function plainLine({ gauges, totals, rates }: SysReport): string {
  return [
    count(rates.publishReceived).padStart(7),
    count(rates.publishSent).padStart(7),
    bytes(rates.bytesReceived).padStart(9),
    bytes(rates.bytesSent).padStart(9),
    count(gauges.clientsConnected).padStart(7),
    count(gauges.subscriptions).padStart(7),
    count(gauges.retained).padStart(8),
    count(totals.publishDropped).padStart(7),
    bytes(gauges.heapBytes).padStart(9),
  ].join(" ");
}

/** One object in one line, with the time. */
export function jsonLine(report: SysReport, time: Date): string {
  return JSON.stringify({ time: time.toISOString(), ...report });
}

function field(
  label: string,
  value: number | null,
  show: (value: number | null) => string,
): string {
  return label.padEnd(12) + show(value).padStart(14);
}

function count(value: number | null): string {
  if (value === null) return "-";
  if (value >= 1e9) return `${(value / 1e6).toFixed(0)}M`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

function bytes(value: number | null): string {
  if (value === null) return "-";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1_024 && unit < units.length - 1; unit++) value /= 1_024;
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function uptime(seconds: number | null): string {
  if (seconds === null) return "-";
  const days = Math.floor(seconds / 86_400);
  const clock = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  return days === 0 ? clock : `${days} d ${clock}`;
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
// deno-lint-ignore no-control-regex
const PIECES = /\x1b\[\dm|./gsu;

/** The broker's own words may hold anything. */
function printable(text: string): string {
  return text.replaceAll(CONTROLS, "?");
}

/** The first `columns` characters that can be seen, and all that can't. */
function cut(line: string, columns: number): string {
  let left = columns;
  return line.replaceAll(PIECES, (piece) => piece[0] === "\x1b" || left-- > 0 ? piece : "");
}
