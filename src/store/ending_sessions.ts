// EndingSessions: whose Sessions have ended without that being stored yet. Their Clients must not be told before it
// is: a broker that starts again would go on with the old Session.

import type { Change } from "./unit.ts";

export class EndingSessions {
  /** How many each Client Identifier has. */
  readonly #counts = new Map<string, number>();

  has(clientId: string): boolean {
    return this.#counts.has(clientId);
  }

  add(clientId: string): void {
    this.#counts.set(clientId, (this.#counts.get(clientId) ?? 0) + 1);
  }

  /** `changes` are stored. */
  stored(changes: readonly Change[] | undefined): void {
    if (changes === undefined || this.#counts.size === 0) return;
    for (const change of changes) {
      if (change.kind !== "session ended") continue;
      const left = this.#counts.get(change.clientId)! - 1;
      if (left === 0) this.#counts.delete(change.clientId);
      else this.#counts.set(change.clientId, left);
    }
  }
}
