// CertificateWatch: when the certificates of the listeners end. $SYS says the date, and the log warns from
// thirty days before: once, and in the last seven days every day.

import type { Log } from "../broker/ports.ts";
import type { Config } from "../config/schema.ts";
import { listenerKey, type TlsContents } from "./tls_files.ts";
import { describeDates } from "./tls_pem.ts";

const DAY_MS = 86_400_000;
/** Days before its end from which a certificate is spoken of daily. */
const DAILY_DAYS = 7;

export class CertificateWatch implements Disposable {
  readonly #log: Log;
  readonly #timer: ReturnType<typeof setInterval>;
  #certificates: readonly TlsContents[] = [];
  /** Paths of those that were spoken of. */
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
    this.#timer = setInterval(() => this.look(Date.now()), DAY_MS);
    Deno.unrefTimer(this.#timer);
  }

  /**
   * From now on these are watched. What there is to say of them now, whoever has read them has said.
   * @returns the dates for $SYS, by names such as `listener/8883/certificate/expires`.
   */
  watch(
    { listeners }: Pick<Config, "listeners">,
    tls: ReadonlyMap<string, TlsContents>,
    nowMs: number,
  ): ReadonlyMap<string, string> {
    this.#certificates = [...tls.values()];
    this.#told.clear();
    for (const { chain, certificatePath } of this.#certificates) {
      if (describeDates(chain, certificatePath, nowMs).length > 0) this.#told.add(certificatePath);
    }
    return new Map(listeners.flatMap((listener) => {
      const contents = tls.get(listenerKey(listener));
      if (contents === undefined) return [];
      const place = listener.kind === "tcp" ? String(listener.port) : "unix";
      const date = new Date(contents.expiresMs).toISOString();
      return [[`listener/${place}/certificate/expires`, date] as const];
    }));
  }

  /** Says what there is to say; called daily. */
  look(nowMs: number): void {
    const isTold = new Set(this.#told);
    for (const { chain, certificatePath, expiresMs } of this.#certificates) {
      const isDaily = expiresMs - nowMs < DAILY_DAYS * DAY_MS;
      if (isTold.has(certificatePath) && !isDaily) continue;
      for (const text of describeDates(chain, certificatePath, nowMs)) {
        this.#told.add(certificatePath);
        this.#log.write("warning", text);
      }
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
