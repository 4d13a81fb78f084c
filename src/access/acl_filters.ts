// Topic Filters as sets of Topic Names: whether one lies within others, and what two have in common. Filters
// come as their levels. A Topic Name is a Topic Filter too, so covers() is also the plain matcher.
//
// Two filters have nothing in common, or what they have in common is again one filter:
//
//   a/#   and  +/b/+  :  a/b/+           a/+  and  b/#  :  nothing
//   a/#   and  a      :  a               #    and  $SYS/#  :  nothing [MQTT-4.7.2-1]

export type FilterLevels = readonly string[];

/** True if `wide` matches every Topic Name that `narrow` matches; exact, but for a `narrow` with "#". */
export function covers(wide: FilterLevels, narrow: FilterLevels): boolean {
  if (isReserved(narrow) && !isReserved(wide)) return false;
  for (let i = 0;; i++) {
    const level = wide[i];
    if (level === "#") return true; // the parent level too
    if (level === undefined || i >= narrow.length) return i >= wide.length && i >= narrow.length;
    if (narrow[i] === "#" || (level !== "+" && level !== narrow[i])) return false;
  }
}

/** True if every Topic Name that `narrow` matches is matched by one of `wides`; exact. */
export function areCovering(wides: readonly FilterLevels[], narrow: FilterLevels): boolean {
  if (wides.some((wide) => covers(wide, narrow))) return true;
  if (narrow.at(-1) !== "#" || !wides.some(({ length }) => length > narrow.length)) return false;
  // "a/#" is "a" and "a/+/#". No further case: a level that matches anything matches names which no
  // literal of `wides` matches, so one filter alone has to match them.
  const parent = narrow.slice(0, -1);
  return (parent.length === 0 || areCovering(wides, parent)) &&
    areCovering(wides, [...parent, "+", "#"]);
}

/** What both match, or undefined if that is nothing. */
export function intersection(a: FilterLevels, b: FilterLevels): FilterLevels | undefined {
  if (isReserved(a) !== isReserved(b)) return undefined; // a leading wildcard matches no "$"
  const common: string[] = [];
  for (let i = 0;; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === "#") return [...common, ...b.slice(i)];
    if (y === "#") return [...common, ...a.slice(i)];
    if (x === undefined || y === undefined) return x === y ? common : undefined;
    if (x !== y && x !== "+" && y !== "+") return undefined;
    common.push(x === "+" ? y : x);
  }
}

function isReserved(levels: FilterLevels): boolean {
  return levels[0]!.startsWith("$");
}
