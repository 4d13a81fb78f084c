/**
 * Stands where no value of a union is left, so that the compiler finds the one that was forgotten.
 * @throws {Error} always.
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
