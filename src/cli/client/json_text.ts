// JSON as mosquitto_sub writes it (with cJSON): the form of its numbers, strings and, with --pretty, of its lines.
// A payload that is JSON is read into the same values and written again, so keys keep their order and may repeat.

import type { ByteText } from "./byte_text.ts";

export type Json =
  | { readonly is: "scalar"; readonly text: ByteText }
  | { readonly is: "array"; readonly items: readonly Json[] }
  | { readonly is: "object"; readonly entries: readonly (readonly [ByteText, Json])[] };

export const jsonNull: Json = { is: "scalar", text: "null" };

export function jsonString(text: ByteText): Json {
  return { is: "scalar", text: quote(text) };
}

/** Fifteen digits, or seventeen where fifteen would say another number. */
export function jsonNumber(value: number): Json {
  if (!Number.isFinite(value)) return jsonNull;
  if (Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff) {
    return { is: "scalar", text: String(value + 0) };
  }
  const short = general(value, 15);
  return { is: "scalar", text: Number(short) === value ? short : general(value, 17) };
}

/** printf's %.*g. */
function general(value: number, digits: number): string {
  const [mantissa, exponentText] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digits) {
    return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
  }
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${withoutZeros(mantissa!)}e${exponent < 0 ? "-" : "+"}${size}`;
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(text: ByteText): ByteText {
  const escaped = text.replaceAll(
    // deno-lint-ignore no-control-regex
    /["\\\x00-\x1f]/g,
    (char) => SHORT_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** Writes `json` in one line, or as cJSON prints it for people. */
export function writeJson(json: Json, isPretty: boolean, depth: number = 0): ByteText {
  if (json.is === "scalar") return json.text;
  if (json.is === "array") {
    const items = json.items.map((item) => writeJson(item, isPretty, depth + 1));
    return `[${items.join(isPretty ? ", " : ",")}]`;
  }
  if (!isPretty) {
    return `{${json.entries.map(([key, value]) => `${quote(key)}:${writeJson(value, false)}`)}}`;
  }
  const inner = "\t".repeat(depth + 1);
  const lines = json.entries.map(([key, value]) =>
    `${inner}${quote(key)}:\t${writeJson(value, true, depth + 1)}`
  );
  const body = lines.length === 0 ? "" : `${lines.join(",\n")}\n`;
  return `{\n${body}${"\t".repeat(depth)}}`;
}

/** How deep arrays and objects may lie in each other, as in cJSON. */
const MAXIMUM_DEPTH = 1_000;

/** Reads the JSON that `text` (UTF-8, as bytes) is; undefined: it is none. */
export function readJson(text: ByteText): Json | undefined {
  const tokens = text.match(
    // deno-lint-ignore no-control-regex
    /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]|[^\s]/g,
  ) ?? [];
  const reader = new TokenReader(tokens);
  try {
    const value = reader.value(0);
    return reader.isAtEnd ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class TokenReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  value(depth: number): Json {
    if (depth > MAXIMUM_DEPTH) throw new SyntaxError("too deep");
    const token = this.#next();
    if (token === "{") return { is: "object", entries: this.#entries(depth + 1) };
    if (token === "[") return { is: "array", items: this.#items(depth + 1) };
    if (/^(true|false|null)$/.test(token)) return { is: "scalar", text: token };
    if (token.length > 1 && token.startsWith('"')) return jsonString(unquote(token));
    if (/^-?\d/.test(token)) return jsonNumber(Number(token));
    throw new SyntaxError(token);
  }

  #entries(depth: number): (readonly [ByteText, Json])[] {
    const entries: (readonly [ByteText, Json])[] = [];
    if (this.#tokens[this.#at] === "}") {
      this.#at++;
      return entries;
    }
    do {
      const key = this.#next();
      if (key.length < 2 || !key.startsWith('"') || this.#next() !== ":") {
        throw new SyntaxError(key);
      }
      entries.push([unquote(key), this.value(depth)]);
    } while (this.#continues("}"));
    return entries;
  }

  #items(depth: number): Json[] {
    const items: Json[] = [];
    if (this.#tokens[this.#at] === "]") {
      this.#at++;
      return items;
    }
    do items.push(this.value(depth)); while (this.#continues("]"));
    return items;
  }

  #continues(end: string): boolean {
    const token = this.#next();
    if (token !== "," && token !== end) throw new SyntaxError(token);
    return token === ",";
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("ends too early");
    return token;
  }
}

/** The bytes that a string token stands for: \u escapes become UTF-8. */
function unquote(token: string): ByteText {
  return token.slice(1, -1).replaceAll(/(?:\\u[\da-fA-F]{4})+|\\./g, (escape) => {
    if (escape[1] !== "u") return JSON.parse(`"${escape}"`);
    return unescape(encodeURIComponent(wellFormed(JSON.parse(`"${escape}"`))));
  });
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}
