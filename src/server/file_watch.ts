// FileWatch: asks for a reload when a file has changed that the configuration was read from.
//
//   an event in a folder --> after a moment, look at the files --> changed, and as a moment ago? --> onChange
//
// Folders are watched, not files: editors replace files by renaming, and a watch on a file dies with it. What
// the events say does not matter, only how the files look then; so thousands of events cost no more than a
// few looks a second, and whatever else happens in the folder changes nothing. File systems that tell of
// nothing (NFS) are looked at now and then anyway.

import { dirname } from "node:path";
import type { Log } from "../broker/ports.ts";
import { type Looks, MISSING, type RecordingIO } from "./recording_io.ts";

/** How long files must look the same until they count as written. */
const SETTLE_MS = 300;
/** How long a file may be missing, or not settle, until that is what there is to read. */
const PATIENCE_MS = 5_000;
/** How often files are looked at without an event. */
const POLL_MS = 60_000;
/** The same where there are no events. */
const POLL_WITHOUT_EVENTS_MS = 5_000;

export class FileWatch implements Disposable {
  readonly #io: RecordingIO;
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #settleMs: number;
  #watcher: Deno.FsWatcher | undefined = undefined;
  #watched = "";
  #settling: ReturnType<typeof setTimeout> | undefined = undefined;
  #polling: ReturnType<typeof setInterval> | undefined = undefined;
  #isOn = false;
  #isDisposed = false;
  #warning = "";
  #isAsking = false;
  #isEventful = false;
  /** The last look, if it was of changed files, and when the first such look was. */
  #last: { readonly looks: Looks; readonly sinceMs: number } | undefined = undefined;

  /**
   * @param onChange is called once, until {@link update}.
   * @param settleMs how long files must look the same until they count as written.
   */
  constructor(io: RecordingIO, log: Log, onChange: () => void, settleMs: number = SETTLE_MS) {
    this.#settleMs = settleMs;
    this.#io = io;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** To be called when all has been read: watches what `io` has seen, or nothing. */
  update(isOn: boolean): void {
    this.#isAsking = false;
    this.#last = undefined;
    this.#isOn = isOn && !this.#isDisposed;
    if (!this.#isOn) return this.#stop();
    const folders = this.#foldersToWatch();
    const watched = folders.join("\n");
    if (watched !== this.#watched || this.#watcher === undefined || !this.#isEventful) {
      this.#watch(folders);
      this.#watched = watched;
    }
    this.#lookSoon(); // it may have changed since
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#isOn = false;
    this.#stop();
  }

  #stop(): void {
    this.#watched = "";
    clearTimeout(this.#settling);
    clearInterval(this.#polling);
    this.#settling = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Where the files are, and where links lead to. */
  #foldersToWatch(): string[] {
    const folders = new Set(this.#io.folders);
    for (const path of this.#io.seen.keys()) {
      folders.add(dirname(path));
      try {
        folders.add(dirname(Deno.realPathSync(path)));
      } catch {
        // not there: its folder will tell when it comes
      }
    }
    return [...folders].sort();
  }

  #watch(folders: readonly string[]): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearInterval(this.#polling);
    let pollMs = POLL_MS;
    try {
      this.#watcher = Deno.watchFs([...folders], { recursive: false });
      void this.#listen(this.#watcher);
    } catch (error) {
      pollMs = POLL_WITHOUT_EVENTS_MS;
      const why = error instanceof Error ? error.message : String(error);
      this.#warn(
        `The files of the configuration can't be watched (${why}): they are looked at every ` +
          `${POLL_WITHOUT_EVENTS_MS / 1_000} s instead.`,
      );
    }
    this.#polling = setInterval(() => {
      this.#isEventful = false; // if it finds something, the watch has missed it
      this.#lookSoon();
    }, pollMs);
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        if (kind === "access" || watcher !== this.#watcher) continue;
        this.#isEventful = true;
        this.#lookSoon();
      }
    } catch (error) {
      if (watcher !== this.#watcher) return; // closed
      this.#watcher = undefined;
      this.#warn(`Watching the files of the configuration ended: ${error}.`);
    }
  }

  /** Once. */
  #warn(text: string): void {
    if (text === this.#warning) return;
    this.#warning = text;
    this.#log.write("warning", text);
  }

  #lookSoon(): void {
    if (!this.#isOn || this.#isAsking) return;
    this.#settling ??= setTimeout(() => void this.#look(), this.#settleMs);
  }

  async #look(): Promise<void> {
    const looks = await this.#io.look();
    this.#settling = undefined;
    if (!this.#isOn || this.#isAsking) return;
    const changed = [...looks].filter(([path, look]) => this.#io.seen.get(path) !== look);
    if (changed.length === 0) return void (this.#last = undefined);
    const before = this.#last;
    const nowMs = performance.now();
    this.#last = { looks, sinceMs: before?.sinceMs ?? nowMs };
    const isSettled = before !== undefined && isSame(before.looks, looks) &&
      changed.every(([, look]) => look !== MISSING);
    if (!isSettled && nowMs - this.#last.sinceMs < PATIENCE_MS) return this.#lookSoon();
    this.#isAsking = true;
    this.#log.write("notice", `${changed.map(([path]) => path).join(", ")} changed.`);
    this.#onChange();
  }
}

function isSame(a: Looks, b: Looks): boolean {
  return a.size === b.size && [...a].every(([path, look]) => b.get(path) === look);
}
