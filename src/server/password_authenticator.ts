// PasswordAuthenticator: user names and passwords of a password file. It answers at once where it can, and
// hashes off the event loop where it must:
//
//   no user name -> anonymous        the same password a short while ago -> VerifiedCache
//   otherwise -> PasswordQueue -> hash -> compare in constant time -> right, or PasswordGuessLimit
//
// Clients that come with the same user name and password at once, as fleets do, are checked by one hash.
// Wrong passwords, unknown users and anonymous clients are refused as Mosquitto does it, all alike: 0x87,
// which is 5 in MQTT 3.

import type { AuthenticationOutcome, Authenticator, Credentials } from "../access/authenticator.ts";
import type { PasswordEntry } from "../access/password_file.ts";
import type { Log } from "../broker/ports.ts";
import { NO_LOG } from "../observe/line_log.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { Accounts } from "./password_accounts.ts";
import { Argon2Workers } from "./password_argon2.ts";
import { VerifiedCache, type VerifiedKey } from "./password_cache.ts";
import type { PasswordGuessLimit } from "./password_guess_limit.ts";
import { computeHash, isSameHash } from "./password_hashing.ts";
import { PasswordQueue } from "./password_queue.ts";

export interface PasswordAuthenticatorOptions {
  readonly entries: Iterable<PasswordEntry>;
  /** Whether clients without a user name are let in; default false. */
  readonly allowAnonymous?: boolean;
  /** Slows down who guesses; default: nobody. Its owner disposes of it. */
  readonly guessLimit?: PasswordGuessLimit;
  /** Passwords that are hashed at once; default: one less than there are processors, at least 1. */
  readonly maximumConcurrency?: number;
  /** Clients that wait for that; default 1,000. More are refused as "server busy". */
  readonly maximumWaiting?: number;
  /** How long they wait at most before they are refused as "server busy"; default 20,000. */
  readonly maximumWaitMs?: number;
  /** How long after its last use a right password is known without hashing; default 600,000. */
  readonly rememberMs?: number;
  /** How many right passwords are known so; default 10,000; 0: none. */
  readonly maximumRemembered?: number;
  /** Where it says that a hash could not be computed; default: nowhere. */
  readonly log?: Log;
}

/** How CONNECTs with a user name were answered, since the start. */
export interface PasswordCounts {
  accepted: number;
  refused: number;
  /** Turned away without a look at the password. */
  busy: number;
  /** Of {@link accepted}: without hashing. */
  remembered: number;
}

type Done = (outcome: AuthenticationOutcome) => void;
type Verdict = "right" | "wrong" | "busy" | "failed";

/** A Client that waits for the verdict on its password. */
interface Applicant {
  readonly remoteAddress: string;
  readonly userName: string;
  readonly done: Done;
}

const FAILURE_LOG_PERIOD_MS = 60_000;

const ACCEPTED: AuthenticationOutcome = { accepted: true };
const REFUSED: AuthenticationOutcome = { accepted: false, reasonCode: ReasonCode.NotAuthorized };
const BUSY: AuthenticationOutcome = { accepted: false, reasonCode: ReasonCode.ServerBusy };
const FAILED: AuthenticationOutcome = { accepted: false, reasonCode: ReasonCode.ServerUnavailable };

export class PasswordAuthenticator implements Authenticator, Disposable {
  readonly counts: Readonly<PasswordCounts>;
  readonly #counts: PasswordCounts = { accepted: 0, refused: 0, busy: 0, remembered: 0 };
  #accounts: Accounts;
  #allowAnonymous: boolean;
  #isDisposed = false;
  #failureToldMs = -Infinity;
  readonly #guessLimit: PasswordGuessLimit | undefined;
  readonly #log: Log;
  readonly #verified: VerifiedCache;
  readonly #queue: PasswordQueue;
  readonly #argon2 = new Argon2Workers();
  /** Who waits for which password, those whose hash is being computed included. */
  readonly #pending = new Map<VerifiedKey, Applicant[]>();

  constructor(options: PasswordAuthenticatorOptions) {
    this.counts = this.#counts;
    this.#accounts = new Accounts(options.entries);
    this.#allowAnonymous = options.allowAnonymous ?? false;
    this.#guessLimit = options.guessLimit;
    this.#log = options.log ?? NO_LOG;
    this.#verified = new VerifiedCache({
      keepMs: options.rememberMs ?? 600_000,
      maximumEntries: options.maximumRemembered ?? 10_000,
    });
    this.#queue = new PasswordQueue({
      maximumConcurrency: options.maximumConcurrency ??
        Math.max(1, navigator.hardwareConcurrency - 1),
      maximumWaiting: options.maximumWaiting ?? 1_000,
      maximumWaitMs: options.maximumWaitMs ?? 20_000,
    });
  }

  /** There is no enhanced authentication by passwords. */
  beginExchange(): undefined {
    return undefined;
  }

  authenticate(credentials: Credentials, done: Done): void {
    const { userName, password, remoteAddress } = credentials;
    // An empty User Name is none, as with Mosquitto; some clients send one where none was entered.
    if (userName === undefined || userName === "") {
      return done(this.#allowAnonymous ? ACCEPTED : REFUSED);
    }
    const applicant = { remoteAddress, userName, done };
    // An empty password is none, as with Mosquitto: it opens no account, not even one whose hash is of it.
    if (password === undefined || password.length === 0) return this.#answer(applicant, "wrong");
    const key = this.#verified.keyOf(userName, password);
    if (this.#verified.has(key, performance.now())) {
      this.#counts.remembered++;
      return this.#answer(applicant, "right");
    }
    if (!this.#mayTry(applicant)) return this.#answer(applicant, "busy");
    const others = this.#pending.get(key);
    if (others !== undefined) return void others.push(applicant);
    this.#check(key, applicant, password);
  }

  /**
   * From now on these entries hold, for those as well whose password is being hashed.
   * @returns the users whose password has changed or who are gone.
   */
  replace(
    next: { readonly entries: Iterable<PasswordEntry>; readonly allowAnonymous?: boolean },
  ): ReadonlySet<string> {
    const accounts = new Accounts(next.entries);
    const withdrawn = this.#accounts.withdrawnIn(accounts);
    this.#accounts = accounts;
    this.#allowAnonymous = next.allowAnonymous ?? this.#allowAnonymous;
    this.#verified.clear();
    return withdrawn;
  }

  /** Refuses everybody who waits and ends the Workers. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#queue.clear();
    this.#argon2[Symbol.dispose]();
    this.#verified.clear();
  }

  #check(key: VerifiedKey, first: Applicant, password: Uint8Array): void {
    const applicants = [first];
    this.#pending.set(key, applicants);
    const answerAll = (verdict: Verdict): void => {
      this.#pending.delete(key);
      for (const applicant of applicants) this.#answer(applicant, verdict);
    };
    this.#queue.add({
      run: async () => {
        // It may have waited while others from there were found wrong.
        if (!applicants.some((each) => this.#mayTry(each))) return answerAll("busy");
        answerAll(await this.#judge(key, first.userName, password));
      },
      turnAway: () => answerAll("busy"),
    }, performance.now());
  }

  async #judge(key: VerifiedKey, userName: string, password: Uint8Array): Promise<Verdict> {
    try {
      for (;;) {
        const accounts = this.#accounts;
        const account = accounts.find(userName);
        if (account === undefined) return "wrong";
        const { hash, isKnown } = account;
        const computed = await computeHash(
          hash,
          password,
          (request) => this.#argon2.compute(request),
        );
        if (accounts !== this.#accounts) continue; // replaced meanwhile
        if (!isSameHash(computed, hash.hash) || !isKnown) return "wrong";
        this.#verified.add(key, performance.now());
        return "right";
      }
    } catch (error) {
      if (this.#isDisposed) return "busy";
      this.#tellFailure(userName, error);
      return "failed";
    }
  }

  /** Once in a while: whatever is wrong, every client of that kind runs into it. */
  #tellFailure(userName: string, error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#failureToldMs < FAILURE_LOG_PERIOD_MS) return;
    this.#failureToldMs = nowMs;
    const why = error instanceof Error ? error.message : String(error);
    this.#log.write("error", `The password of user '${userName}' can't be checked: ${why}`);
  }

  #mayTry({ remoteAddress }: Applicant): boolean {
    return this.#guessLimit === undefined || this.#guessLimit.mayTry(remoteAddress);
  }

  #answer({ remoteAddress, userName, done }: Applicant, verdict: Verdict): void {
    switch (verdict) {
      case "right":
        this.#counts.accepted++;
        return done(ACCEPTED);
      case "wrong":
        this.#counts.refused++;
        if (this.#guessLimit === undefined) return done(REFUSED);
        return this.#guessLimit.failed(remoteAddress, userName, () => done(REFUSED));
      case "busy":
        this.#counts.busy++;
        return done(BUSY);
      case "failed":
        return done(FAILED);
    }
  }
}
