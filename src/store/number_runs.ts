/**
 * Calls `each` with the first and the last of every run of consecutive numbers among `numbers`, which get sorted.
 * What ends together was mostly made together: a thousand rows are a few ranges.
 */
export function eachRun(numbers: number[], each: (first: number, last: number) => void): void {
  if (numbers.length === 0) return;
  const sorted = Float64Array.from(numbers).sort();
  let first = sorted[0]!;
  let last = first;
  for (const number of sorted) {
    if (number > last + 1) {
      each(first, last);
      first = number;
    }
    last = number;
  }
  each(first, last);
}
