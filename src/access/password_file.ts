// The password file, as Mosquitto has it: one `user:hash` a line. What it takes and what it says are
// Mosquitto's (2.1), with the place and the remedy behind: there a first wrong line ends the start, here all
// of them are told at once. Text in, entries out: who reads the file and who checks passwords is in
// src/server.
//
// - A `#` in the first column makes a comment; a line without a colon is skipped.
// - Blanks around the user name and around the hash do not count, so neither does a carriage return.
// - What follows a second colon is skipped.

import { Buffer } from "node:buffer";
import { parsePasswordHash, type PasswordHash, PasswordHashError } from "./password_hash.ts";

export interface PasswordEntry {
  readonly userName: string;
  readonly hash: PasswordHash;
  /** Counted from 1. */
  readonly line: number;
}

export interface PasswordFileProblem {
  /** Mosquitto does not start with an error; it does not see what a warning is about. */
  readonly severity: "error" | "warning";
  /** Counted from 1. */
  readonly line: number;
  /** The whole sentence, with path and line in it; it holds no password and no hash. */
  readonly text: string;
}

export interface PasswordFile {
  /** The lines that are right, each user name once. */
  readonly entries: readonly PasswordEntry[];
  /** In the order of their lines. */
  readonly problems: readonly PasswordFileProblem[];
}

const BLANKS = " \t\n\v\f\r";

/** What a user name or a password may have, in bytes: MQTT has two bytes for the length. */
export const MAXIMUM_CREDENTIAL_BYTES = 65_535;

/**
 * Reads the text of a password file.
 * @param path the file's name as the operator wrote it, for the problems.
 */
export function parsePasswordFile(text: string, path: string): PasswordFile {
  const parser = new Parser(path);
  const lines = withoutByteOrderMark(text).split("\n");
  lines.forEach((line, index) => parser.read(line, index + 1));
  return { entries: [...parser.entries.values()], problems: parser.problems };
}

class Parser {
  readonly entries = new Map<string, PasswordEntry>();
  readonly problems: PasswordFileProblem[] = [];
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(text: string, line: number): void {
    if (text.startsWith("#") || trimBlanks(text) === "") return;
    const fields = splitLine(text);
    if (fields === undefined) {
      return this.#report(
        "warning",
        line,
        "Skipped line",
        "it has no colon, so it counts as a comment: write user:hash, or # in front",
      );
    }
    const { userName, secret } = fields;
    if (userName === "") {
      return this.#error(line, "Empty username", "write the user name in front of the colon");
    }
    if (Buffer.byteLength(userName) > MAXIMUM_CREDENTIAL_BYTES) {
      return this.#error(
        line,
        "Invalid line",
        `username too long: "${userName.slice(0, 20)}…" has ${
          Buffer.byteLength(userName)
        } bytes, ` +
          `${MAXIMUM_CREDENTIAL_BYTES} are allowed`,
      );
    }
    const first = this.entries.get(userName);
    if (first !== undefined) {
      return this.#error(
        line,
        `Duplicate user '${userName}'`,
        `it stands in line ${first.line} already: take out one of the two`,
      );
    }
    this.#readSecret(userName, secret, line);
  }

  #readSecret(userName: string, secret: string, line: number): void {
    const anew = `set it anew with: midge passwd ${argument(this.#path)} ${argument(userName)}`;
    if (secret === "") {
      const why = `there is no hash behind "${userName}:"`;
      return this.#error(line, "Invalid line", `${why}; ${anew}`);
    }
    try {
      this.entries.set(userName, { userName, hash: parsePasswordHash(secret), line });
    } catch (error) {
      if (!(error instanceof PasswordHashError)) throw error;
      const remedy = error.isPlainText
        ? ` (user "${userName}"); hash all of them with: midge passwd -U ${argument(this.#path)}`
        : ` (user "${userName}"); ${anew}`;
      this.#error(line, "Unable to decode line", error.message + remedy);
    }
  }

  #error(line: number, what: string, why: string): void {
    this.#report("error", line, what, why);
  }

  /** Mosquitto's words first: scripts look for them. */
  #report(severity: "error" | "warning", line: number, what: string, why: string): void {
    const text = `${what} in password file ${this.#path}:${line}: ${why}.`;
    this.problems.push({ severity, line, text });
  }
}

/**
 * User name and hash of a line.
 * @returns undefined if it has no colon.
 */
export function splitLine(
  line: string,
): { readonly userName: string; readonly secret: string } | undefined {
  const match = /^([^:]*):+([^:]*)/.exec(line);
  if (match === null) return undefined;
  return { userName: trimBlanks(match[1]!), secret: trimBlanks(match[2]!) };
}

/** Takes off what C calls space, at both ends. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.includes(text[start]!)) start++;
  while (end > start && BLANKS.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** Editors on Windows write one. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** As a shell takes it. */
function argument(text: string): string {
  return /^[\w@.+/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
