// LoadAverage: how much per minute, averaged over one, five and fifteen minutes, as Mosquitto's
// `$SYS/broker/load/…` has it: an exponential average over the rates between two looks at a counter.

const WINDOWS_SECONDS = [60, 300, 900] as const;

export class LoadAverage {
  #lastCount = 0;
  readonly #averages: [number, number, number] = [0, 0, 0];

  /**
   * Takes a look at the counter.
   * @param elapsedSeconds since the last look; above 0.
   * @returns the averages over 1, 5 and 15 minutes, per minute.
   */
  update(count: number, elapsedSeconds: number): readonly [number, number, number] {
    const perMinute = (count - this.#lastCount) * 60 / elapsedSeconds;
    this.#lastCount = count;
    WINDOWS_SECONDS.forEach((window, i) => {
      const decay = Math.exp(-elapsedSeconds / window);
      this.#averages[i] = perMinute + decay * (this.#averages[i]! - perMinute);
    });
    return this.#averages;
  }
}
