// PasswordGuessLimit: who guesses passwords gets slower and slower answers.
//
// An address may be wrong a few times; from then on the answer to each further failure is held back,
// twice as long as the one before, up to a maximum. A right password is answered at once, so others behind
// the same address hardly notice. So that many connections at once do not help, an address has only a few
// answers held back at a time: beyond that its passwords are not even looked at, until one is due.
// IPv6 hosts have a whole /64 each and count by that. An address that was not wrong for a while starts anew;
// a right password does not wipe out the wrong ones, or a guesser with an account of his own would be
// free. The table is bounded; the address that was quiet for longest goes first.

import type { Log } from "../broker/ports.ts";

export interface PasswordGuessLimitOptions {
  /** Failures in a row that are answered at once; default 5. */
  readonly freeFailures?: number;
  /** How long the first answer after those is held back; each further one takes twice as long. Default 1,000. */
  readonly firstDelayMs?: number;
  /** How long an answer is held back at most; default 15,000. Clients give up after 30 s or so. */
  readonly maximumDelayMs?: number;
  /** An address without a failure for so long starts anew; default 600,000. */
  readonly forgetAfterMs?: number;
  /** Answers to one address that are held back at a time; default 20. */
  readonly maximumHeldPerAddress?: number;
  /** Answers that are held back at a time, to all addresses; default 1,000. More are answered at once. */
  readonly maximumHeld?: number;
  /** Addresses that are remembered; default 10,000. */
  readonly maximumAddresses?: number;
  /** Each address is logged once in so long; default 60,000. */
  readonly logPeriodMs?: number;
  /** Whether this machine's own addresses and Unix sockets are slowed too; default false. */
  readonly includeLoopback?: boolean;
  /** Default: no log. */
  readonly log?: Log;
  /** Milliseconds that never run backwards; default `performance.now`. */
  readonly clock?: () => number;
}

const DEFAULTS = {
  freeFailures: 5,
  firstDelayMs: 1_000,
  maximumDelayMs: 15_000,
  forgetAfterMs: 600_000,
  maximumHeldPerAddress: 20,
  maximumHeld: 1_000,
  maximumAddresses: 10_000,
  logPeriodMs: 60_000,
  includeLoopback: false,
};

/** What is known about an address that was wrong. */
interface Suspect {
  failures: number;
  lastFailureMs: number;
  /** When the answers that are held back are due. */
  heldUntilMs: number[];
  unlogged: number;
  loggedMs: number;
}

export class PasswordGuessLimit implements Disposable {
  #options: typeof DEFAULTS = DEFAULTS;
  readonly #log: Log | undefined;
  readonly #clock: () => number;
  /** The one whose last failure is longest ago comes first. */
  readonly #suspects = new Map<string, Suspect>();
  readonly #held = new Map<ReturnType<typeof setTimeout>, () => void>();

  constructor(options: PasswordGuessLimitOptions = {}) {
    this.#log = options.log;
    this.#clock = options.clock ?? (() => performance.now());
    this.configure(options);
  }

  /** What holds for failures from now on; what is left out has its default. */
  configure({ log: _, clock: __, ...options }: PasswordGuessLimitOptions): void {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#suspects.size;
  }

  /** Answers that are held back. */
  get held(): number {
    return this.#held.size;
  }

  /** Whether a password from `remoteAddress` may be looked at now. */
  mayTry(remoteAddress: string): boolean {
    if (this.#suspects.size === 0) return true;
    const suspect = this.#suspects.get(addressOf(remoteAddress).key);
    if (suspect === undefined) return true;
    const nowMs = this.#clock();
    suspect.heldUntilMs = suspect.heldUntilMs.filter((dueMs) => dueMs > nowMs);
    return suspect.heldUntilMs.length < this.#options.maximumHeldPerAddress;
  }

  /** Takes note of a wrong password from `remoteAddress`, and calls `answer` at once or later. */
  failed(remoteAddress: string, userName: string, answer: () => void): void {
    const { key, isLocal } = addressOf(remoteAddress);
    if (isLocal && !this.#options.includeLoopback) return answer();
    const nowMs = this.#clock();
    const suspect = this.#count(key, nowMs);
    const delayMs = this.#delayAfter(suspect.failures);
    if (delayMs === 0) return answer();
    suspect.heldUntilMs.push(nowMs + delayMs);
    this.#tell(key, suspect, userName, delayMs, nowMs);
    if (this.#held.size >= this.#options.maximumHeld) return answer();
    const timer = setTimeout(() => {
      this.#held.delete(timer);
      answer();
    }, delayMs);
    this.#held.set(timer, answer);
  }

  /** Gives all answers that are held back now, and forgets everything. */
  [Symbol.dispose](): void {
    const held = [...this.#held];
    this.#held.clear();
    this.#suspects.clear();
    for (const [timer, answer] of held) {
      clearTimeout(timer);
      answer();
    }
  }

  #count(key: string, nowMs: number): Suspect {
    const known = this.#suspects.get(key);
    this.#suspects.delete(key); // and to the end
    const isFresh = known === undefined ||
      nowMs - known.lastFailureMs > this.#options.forgetAfterMs;
    const suspect = isFresh
      ? { failures: 0, lastFailureMs: 0, heldUntilMs: [], unlogged: 0, loggedMs: -Infinity }
      : known;
    suspect.failures++;
    suspect.unlogged++;
    suspect.lastFailureMs = nowMs;
    this.#suspects.set(key, suspect);
    for (const [oldest, { lastFailureMs }] of this.#suspects) {
      const isOld = nowMs - lastFailureMs > this.#options.forgetAfterMs;
      if (!isOld && this.#suspects.size <= this.#options.maximumAddresses) break;
      this.#suspects.delete(oldest);
    }
    return suspect;
  }

  #delayAfter(failures: number): number {
    const { freeFailures, firstDelayMs, maximumDelayMs } = this.#options;
    const beyond = failures - freeFailures;
    if (beyond <= 0) return 0;
    return Math.min(maximumDelayMs, firstDelayMs * 2 ** (beyond - 1));
  }

  #tell(key: string, suspect: Suspect, userName: string, delayMs: number, nowMs: number): void {
    if (nowMs - suspect.loggedMs < this.#options.logPeriodMs) return;
    this.#log?.write(
      "warning",
      `${suspect.unlogged} wrong passwords from ${key}, the last for user ` +
        `'${userName.slice(0, 64)}': the next refusals to this address take ${delayMs / 1_000} s ` +
        "and more.",
    );
    suspect.loggedMs = nowMs;
    suspect.unlogged = 0;
  }
}

/**
 * What counts as one address, of an address with its port: IPv4 as it is, IPv6 without its last 64 bits.
 * What is neither (a Unix socket) is of this machine.
 */
export function addressOf(
  remoteAddress: string,
): { readonly key: string; readonly isLocal: boolean } {
  const host = /^\[(.*)\](?::\d+)?$/.exec(remoteAddress)?.[1] ??
    /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(remoteAddress)?.[1];
  if (host === undefined) return { key: remoteAddress, isLocal: true };
  const ipv4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (ipv4 !== undefined) return { key: ipv4, isLocal: ipv4.startsWith("127.") };
  if (host === "::1") return { key: host, isLocal: true };
  return { key: `${network(host)}::/64`, isLocal: false };
}

/** The first four groups of an IPv6 address, written out. */
function network(host: string): string {
  const [head = "", tail] = host.toLowerCase().split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? 0 : tail.split(":").length;
    while (groups.length + last < 8) groups.push("0");
  }
  return groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":");
}
