// OneOrMany: a set that costs nothing while it holds one value, as nearly all nodes of a tree with a
// hundred thousand Topic Filters do. `T` itself must not be a Set.

export type OneOrMany<T extends object> = T | Set<T> | undefined;

/** `values` with `value` in it; insertion order is kept. */
export function withValue<T extends object>(values: OneOrMany<T>, value: T): OneOrMany<T> {
  if (values === undefined || values === value) return value;
  if (values instanceof Set) return values.add(value);
  return new Set([values, value]);
}

/** `values` without `value`. */
export function withoutValue<T extends object>(values: OneOrMany<T>, value: T): OneOrMany<T> {
  if (values === value) return undefined;
  if (values instanceof Set) {
    values.delete(value);
    return values.size === 0 ? undefined : values;
  }
  return values;
}

/** Calls `visit` with each value in insertion order. */
export function visitValues<T extends object>(
  values: OneOrMany<T>,
  visit: (value: T) => void,
): void {
  if (values === undefined) return;
  if (values instanceof Set) { for (const value of values) visit(value); }
  else visit(values);
}
