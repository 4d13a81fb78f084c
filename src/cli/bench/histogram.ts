// Latencies, counted: whole microseconds in buckets that are exact below 256 and never wider than a 128th of their
// value above, so percentiles of any number of values cost one array.

const LINEAR = 256;
const STEPS = 128;
const MAXIMUM = 0x7fff_ffff;

export class Histogram {
  readonly #counts = new Uint32Array(STEPS * 26);
  #total = 0;
  #sum = 0;
  #maximum = 0;

  get total(): number {
    return this.#total;
  }

  /** @param micros is rounded; less than 0 is 0. */
  add(micros: number): void {
    const value = Math.min(Math.max(0, Math.round(micros)), MAXIMUM);
    this.#counts[bucketOf(value)]!++;
    this.#total++;
    this.#sum += value;
    if (value > this.#maximum) this.#maximum = value;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = this.#sum = this.#maximum = 0;
  }

  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total;
  }

  get maximum(): number {
    return this.#maximum;
  }

  /** What `share` (from 0 to 1) of the values are not above; 0 if there are none. */
  percentile(share: number): number {
    const wanted = Math.ceil(share * this.#total);
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= wanted && seen > 0) return Math.min(highestIn(bucket), this.#maximum);
    }
    return this.#maximum;
  }
}

function bucketOf(value: number): number {
  if (value < LINEAR) return value;
  const shift = 24 - Math.clz32(value); // leaves 128 to 255
  return shift * STEPS + (value >> shift);
}

function highestIn(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return ((bucket - shift * STEPS + 1) << shift) - 1;
}
