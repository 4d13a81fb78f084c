// Reloads: one at a time, whoever asks and however often. Who asks while one is under way gets another one
// after it, since the files may have changed behind the first one's back; more are one.

export class Reloads {
  readonly #reload: () => Promise<void>;
  #isUnderWay = false;
  #isWanted = false;

  /** @param reload must not reject. */
  constructor(reload: () => Promise<void>) {
    this.#reload = reload;
  }

  /** Asks for a reload that begins after now. */
  request(): void {
    this.#isWanted = true;
    if (!this.#isUnderWay) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#reload();
    }
    this.#isUnderWay = false;
  }
}
