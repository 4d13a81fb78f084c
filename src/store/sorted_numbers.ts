// SortedNumbers: a set of many numbers in eight bytes each, quick to ask when the questions come almost in order, as those
// after the message of each delivery do.

export class SortedNumbers {
  readonly #numbers: Float64Array;
  #length = 0;
  /** Where the last number was found. */
  #at = 0;

  /** Room for `capacity` numbers. */
  constructor(capacity: number) {
    this.#numbers = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a number; after the last, call {@link sort} unless they came in order. */
  add(number: number): void {
    this.#numbers[this.#length++] = number;
  }

  sort(): void {
    this.#numbers.subarray(0, this.#length).sort();
  }

  has(number: number): boolean {
    const numbers = this.#numbers;
    for (let at = this.#at; at < Math.min(this.#at + 2, this.#length); at++) {
      if (numbers[at] !== number) continue;
      this.#at = at;
      return true;
    }
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (numbers[middle]! < number) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
    return low < this.#length && numbers[low] === number;
  }
}
