// From `drain: 1s` to `drainMs: 1000` and back: keys get their unit when a section is read.

type WithUnit<T, K extends keyof T & string, Unit extends string> =
  & Omit<T, K>
  & { [P in K as `${P}${Unit}`]: T[P] };

/** A transformation that adds the unit to the names of `keys`. */
export function addUnit<const Unit extends "Ms" | "Seconds", K extends string>(
  unit: Unit,
  ...keys: readonly K[]
): <T extends Readonly<Record<K, number>>>(section: T) => WithUnit<T, K, Unit> {
  return <T extends Readonly<Record<K, number>>>(section: T) =>
    Object.fromEntries(
      Object.entries(section).map((
        [key, value],
      ) => [(keys as readonly string[]).includes(key) ? `${key}${unit}` : key, value]),
    ) as WithUnit<T, K, Unit>;
}
