// The kinds of values that options of mosquitto.conf have, read as Mosquitto reads them: words end at a
// space, numbers may be hexadecimal or octal, texts go to the end of the line. Errors are in Mosquitto's
// words.

/** What is wrong with a value. */
export class ValueError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export interface ValueType<T> {
  /** What is allowed, for the table in the documentation. */
  readonly allowed: string;
  /** Whether a second one is an error; else it replaces the first. */
  readonly isText: boolean;
  /**
   * @param rest What follows the option's name, without the blanks at both ends.
   * @throws {ValueError}
   */
  read(rest: string, option: string): T;
}

const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

export const boolean: ValueType<boolean> = {
  allowed: "true or false",
  isText: false,
  read(rest, option) {
    const word = firstWord(rest, option);
    if (word === "true" || word === "1") return true;
    if (word === "false" || word === "0") return false;
    throw new ValueError(`Invalid '${option}' value (${word}).`, "Allowed: true, false, 1 or 0.");
  },
};

/** The rest of the line. */
export const text: ValueType<string> = {
  allowed: "a text",
  isText: true,
  read(rest, option) {
    if (rest === "") throw emptyValue(option);
    if (/\p{Cc}|\uFFFD/u.test(rest)) {
      throw new ValueError("Malformed UTF-8 in configuration.", "Write the value in UTF-8.");
    }
    return rest;
  },
};

/** A text of limited length. */
export function textUpTo(length: number, message: string): ValueType<string> {
  return {
    allowed: `a text of at most ${length} bytes`,
    isText: true,
    read(rest, option) {
      const value = text.read(rest, option);
      if (new TextEncoder().encode(value).length <= length) return value;
      throw new ValueError(message);
    },
  };
}

export interface IntegerOptions {
  readonly minimum?: number;
  readonly maximum?: number;
  /** Mosquitto's words for what is out of range; default: `Invalid 'X' value (V).`. */
  readonly message?: string;
  /** What the number means to us. */
  readonly as?: (value: number) => unknown;
}

export function integer(options: IntegerOptions = {}): ValueType<unknown> {
  const { minimum = INT_MIN, maximum = INT_MAX, message, as = (value) => value } = options;
  const from = minimum === INT_MIN ? "" : ` from ${minimum}`;
  const to = maximum === INT_MAX ? "" : from === "" ? ` up to ${maximum}` : ` to ${maximum}`;
  const allowed = `a whole number${from}${to}`;
  return {
    allowed,
    isText: false,
    read(rest, option) {
      const value = readInteger(rest, option, Math.max(maximum, INT_MAX));
      if (value >= minimum && value <= maximum) return as(value);
      throw new ValueError(
        message ?? `Invalid '${option}' value (${value}).`,
        `Allowed: ${allowed}.`,
      );
    },
  };
}

/** One of some words; what they mean to us. */
export function oneOf<T>(
  words: Readonly<Record<string, T>>,
  invalid: (word: string, option: string) => string = (word, option) =>
    `Invalid '${option}' value (${word}).`,
): ValueType<T> {
  const allowed = Object.keys(words).join(", ");
  return {
    allowed,
    isText: false,
    read(rest, option) {
      const word = firstWord(rest, option);
      if (Object.hasOwn(words, word)) return words[word]!;
      throw new ValueError(invalid(word, option), `Allowed: ${allowed}.`);
    },
  };
}

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  s: 1,
  h: 3_600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
};

/** `14d`: seconds, hours, days, weeks, months, years. Becomes a duration of ours. */
export const expiration: ValueType<string> = {
  allowed: "a number and one of s h d w m y, such as 14d (m: months)",
  isText: false,
  read(rest, option) {
    const word = firstWord(rest, option);
    const [, number, unit] = /^\+?(\d+)([shdwmy])$/.exec(word) ?? [];
    const seconds = Number(number) * (SECONDS_PER_UNIT[unit!] ?? NaN);
    if (seconds > 0) return `${seconds}s`;
    throw new ValueError(
      `Invalid '${option}' duration in configuration.`,
      `Allowed: ${expiration.allowed}.`,
    );
  },
};

/** `3, 4, 5`; as Mosquitto, which takes no notice of other words, but they are told of. */
export const protocolVersions: ValueType<number[]> = {
  allowed: "some of 3 (MQTT 3.1), 4 (MQTT 3.1.1) and 5 (MQTT 5.0), separated by commas",
  isText: false,
  read(rest, option) {
    const words = rest.split(/[,\s]+/).filter((word) => word !== "");
    if (words.length === 0) throw emptyValue(option);
    const unknown = words.filter((word) => !/^[345]$/.test(word));
    if (unknown.length > 0) {
      throw new ValueError(
        `Invalid '${option}' value (${unknown.join(" ")}).`,
        `Allowed: ${protocolVersions.allowed}.`,
      );
    }
    return [3, 4, 5].filter((version) => words.includes(String(version)));
  },
};

/** @throws {ValueError} if there is no word. */
export function firstWord(rest: string, option: string): string {
  const [word = ""] = rest.split(" ");
  if (word === "") throw emptyValue(option);
  return word;
}

/** What follows the first word. */
export function afterFirstWord(rest: string): string {
  const end = rest.indexOf(" ");
  return end < 0 ? "" : rest.slice(end).trim();
}

export function emptyValue(option: string): ValueError {
  return new ValueError(`Empty '${option}' value in configuration.`);
}

/**
 * As strtol with base 0.
 * @param maximum more than an `int` has for what Mosquitto reads into a `ssize_t`.
 */
export function readInteger(rest: string, option: string, maximum: number = INT_MAX): number {
  const word = firstWord(rest, option);
  const [, sign, digits] = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(word) ?? [];
  if (digits === undefined) {
    throw new ValueError(`'${option}' value not a number.`, `It is "${word}".`);
  }
  const base = /^0[xX]/.test(digits) ? 16 : digits.length > 1 && digits.startsWith("0") ? 8 : 10;
  const value = (sign === "-" ? -1 : 1) * Number.parseInt(digits, base);
  if (value >= INT_MIN && value <= maximum) return value;
  throw new ValueError(`'${option}' value out of range.`, `It is ${word}.`);
}
