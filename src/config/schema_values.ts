// The values that the schema is made of: durations and sizes with units, counts, lists. Inside, durations
// are numbers whose key names the unit; in YAML the key has none and the value has it: `drain: 1s`.

import { z } from "zod";

/** A count or size without an end. `unlimited` in YAML. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|min|h|d|w|y)$/;
const DURATION_WORDS = "a duration such as 500ms, 30s, 5min, 12h, 14d, 2w or 1y";

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_024 ** 2,
  GiB: 1_024 ** 3,
};
const SIZE = /^(\d+(?:\.\d+)?)(B|kB|MB|GB|KiB|MiB|GiB)$/;
const SIZE_WORDS = "a number of bytes, or a size such as 64KiB, 2MiB or 2MB";

export interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A duration with its unit, or 0; becomes milliseconds. */
export function milliseconds(range: Range = {}): DurationSchema {
  return duration(1, range);
}

/** A duration with its unit, or 0; becomes seconds, which is what the specification counts in. */
export function seconds(range: Range = {}): DurationSchema {
  return duration(1_000, range);
}

type DurationSchema = z.ZodType<number, 0 | string>;

function duration(msPerUnit: number, { minimum = 0, maximum = UNLIMITED }: Range): DurationSchema {
  const error = ({ input }: { readonly input?: unknown }) => {
    const isMinuteOrMonth = /^\d+m$/.test(String(input));
    return `expected ${DURATION_WORDS}${
      isMinuteOrMonth ? "; minutes are min, a month is 30d" : ""
    }`;
  };
  const written = z.union([z.literal(0, { error }), z.string().regex(DURATION, { error })], {
    error,
  });
  return written.transform((value, context) => {
    const ms = value === 0 ? 0 : toNumber(value, DURATION, MS_PER_UNIT);
    const inRange = ms >= minimum * msPerUnit && ms <= maximum * msPerUnit;
    if (inRange && Number.isInteger(ms / msPerUnit)) return ms / msPerUnit;
    context.addIssue(
      inRange
        ? `expected a whole number of ${msPerUnit === 1 ? "milliseconds" : "seconds"}`
        : `expected ${showRange(minimum, maximum, (n) => showDuration(n * msPerUnit))}`,
    );
    return z.NEVER;
  });
}

export interface BytesOptions extends Range {
  /** The number that means `unlimited`; default {@link UNLIMITED}. */
  readonly unlimitedAs?: number;
}

/** Bytes: a number, a size with its unit, or `unlimited` if there is no maximum. */
export function bytes(range: BytesOptions = {}): z.ZodType<number, number | string> {
  const { minimum = 0, maximum = UNLIMITED } = range;
  const mayBeUnlimited = maximum === UNLIMITED;
  const words = mayBeUnlimited ? `${SIZE_WORDS}, or unlimited` : SIZE_WORDS;
  const error = () => `expected ${words}${showLimits(range)}`;
  const written = z.union(
    [
      z.int({ error }).min(minimum, { error }).max(maximum, { error }),
      z.string().regex(SIZE, { error }),
      ...mayBeUnlimited ? [z.literal("unlimited", { error })] : [],
    ],
    { error },
  );
  return written.transform((value, context) => {
    if (value === "unlimited") return range.unlimitedAs ?? UNLIMITED;
    const size = typeof value === "number" ? value : toNumber(value, SIZE, BYTES_PER_UNIT);
    if (Number.isInteger(size) && size >= minimum && size <= maximum) return size;
    context.addIssue(error());
    return z.NEVER;
  });
}

/** A count that has an end. */
export function count(minimum: number, maximum: number): z.ZodType<number, number> {
  const error = () => `expected a whole number ${showRange(minimum, maximum)}`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
}

/** A count, or `unlimited`. */
export function countOrUnlimited(minimum = 0): z.ZodType<number, number | "unlimited"> {
  const error = () => `expected a whole number from ${minimum}, or unlimited`;
  const written = z.union([z.int({ error }).min(minimum, { error }), z.literal("unlimited")], {
    error,
  });
  return written.transform((value) => value === "unlimited" ? UNLIMITED : value);
}

/** A text that says something. */
export function text(): z.ZodString {
  return z.string().min(1, { error: () => "expected a text that is not empty" });
}

/** What {@link milliseconds} reads, for printing. */
export function showDuration(ms: number): string {
  const unit = ["h", "min", "s", "ms"].find((name) => ms % MS_PER_UNIT[name]! === 0) ?? "ms";
  return `${ms / MS_PER_UNIT[unit]!}${unit}`;
}

function toNumber(written: string, form: RegExp, units: Readonly<Record<string, number>>): number {
  const [, number, unit] = form.exec(written)!;
  return round(Number(number) * units[unit!]!);
}

/** 0.1 * 3 is not quite 0.3: what is a whole number but for that is one. */
function round(value: number): number {
  return Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : value;
}

function showLimits({ minimum = 0, maximum = UNLIMITED }: Range): string {
  if (minimum === 0 && maximum === UNLIMITED) return "";
  return `; ${showRange(minimum, maximum)}`;
}

function showRange(
  minimum: number,
  maximum: number,
  show: (value: number) => string = String,
): string {
  if (maximum === UNLIMITED) return `at least ${show(minimum)}`;
  return `from ${show(minimum)} to ${show(maximum)}`;
}
