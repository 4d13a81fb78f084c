// SortedNumbers: many numbers in eight bytes each, in order, quick to find when they are asked for almost in order, as the
// message of each delivery is.

const FIRST_CAPACITY = 1_024;

export class SortedNumbers {
  #numbers = new Float64Array(FIRST_CAPACITY);
  #length = 0;
  /** Where the last number was found. */
  #at = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a number, which is above all others. */
  add(number: number): void {
    if (this.#length === this.#numbers.length) {
      const more = new Float64Array(this.#length * 2);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[this.#length++] = number;
  }

  /** The number in place `index`. */
  at(index: number): number {
    return this.#numbers[index]!;
  }

  /** How many are below `number`, which must be among them; -1: it is not. */
  indexOf(number: number): number {
    const numbers = this.#numbers;
    for (let at = this.#at; at < Math.min(this.#at + 2, this.#length); at++) {
      if (numbers[at] === number) return this.#at = at;
    }
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (numbers[middle]! < number) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
    return low < this.#length && numbers[low] === number ? low : -1;
  }
}
