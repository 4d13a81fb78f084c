// DropLog: says that messages for a Client are dropped, or retained ones of it refused, once for each Client, reason and period, so that
// a flood of messages is no flood of lines.

import type { DropReason } from "../session/session_ports.ts";
import type { Log } from "./ports.ts";
import type { RetainedLimit } from "./retained_store.ts";

const PERIOD_MS = 60_000;
/** Lines of a period; beyond them the counter in $SYS has to do. */
const MAX_LINES = 1_000;

export class DropLog {
  readonly #log: Log;
  readonly #said = new Set<string>();
  #periodEndsMs = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  note(clientId: string, reason: DropReason, nowMs: number): void {
    if (!this.#isNew(`${reason}\n${clientId}`, nowMs)) return;
    this.#log.write(
      "notice",
      `Outgoing messages are being dropped for client ${clientId}: ${reason}.`,
    );
  }

  /** Retained messages that a Client publishes are refused. */
  noteRefused(clientId: string, limit: RetainedLimit, nowMs: number): void {
    if (!this.#isNew(`refused ${limit}\n${clientId}`, nowMs)) return;
    this.#log.write(
      "notice",
      `Retained messages of client ${clientId} are being refused: ${limit} reached.`,
    );
  }

  #isNew(key: string, nowMs: number): boolean {
    if (nowMs >= this.#periodEndsMs) {
      this.#said.clear();
      this.#periodEndsMs = nowMs + PERIOD_MS;
    }
    if (this.#said.size >= MAX_LINES || this.#said.has(key)) return false;
    this.#said.add(key);
    return true;
  }
}
