// What `midge passwd` does to the text of a password file. Comments, other users and their order stay; where
// Mosquitto's tool gives up at a line that it can't read, this one leaves the line as it is.

import { splitLine, trimBlanks, withoutByteOrderMark } from "../access/password_file.ts";
import { parsePasswordHash, PasswordHashError } from "../access/password_hash.ts";

/** A line of a plain text file that can't be hashed. */
export class CorruptLineError extends Error {
  override readonly name = "CorruptLineError";
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Gives `userName` the hash `encoded`: in the line that it has, or in a new one at the end. */
export function setPassword(
  text: string,
  userName: string,
  encoded: string,
): { readonly text: string; readonly isNew: boolean } {
  let isNew = true;
  const lines = linesOf(text).flatMap((line) => {
    if (userNameOf(line) !== userName) return [line];
    if (!isNew) return []; // a second line for the same user: with the old password it would be an error
    isNew = false;
    return [`${userName}:${encoded}${endOf(line)}`];
  });
  if (!isNew) return { text: lines.join(""), isNew };
  const end = lines.some((line) => line.endsWith("\r\n")) ? "\r\n" : "\n";
  const last = lines.at(-1);
  if (last !== undefined && endOf(last) === "") lines.push(end);
  return { text: `${lines.join("")}${userName}:${encoded}${end}`, isNew };
}

/** Takes `userName` out. */
export function removeUser(
  text: string,
  userName: string,
): { readonly text: string; readonly wasFound: boolean } {
  const lines = linesOf(text);
  const kept = lines.filter((line) => userNameOf(line) !== userName);
  return { text: kept.join(""), wasFound: kept.length < lines.length };
}

/**
 * Hashes the passwords that are plain text. What is a hash already stays: Mosquitto's tool would hash it
 * again and lock everybody out.
 *
 * @throws {CorruptLineError} at a line that is neither.
 */
export async function hashPlainText(
  text: string,
  hash: (password: string) => Promise<string>,
): Promise<{ readonly text: string; readonly hashed: number; readonly kept: number }> {
  const lines = linesOf(text);
  let kept = 0;
  let hashed = 0;
  for (const [index, line] of lines.entries()) {
    const found = plainTextIn(line, index + 1);
    if (found === "comment") continue;
    if (found === "hashed") {
      kept++;
      continue;
    }
    lines[index] = `${found.userName}:${await hash(found.password)}${endOf(line)}`;
    hashed++;
  }
  return { text: lines.join(""), hashed, kept };
}

/** How many users have a line. */
export function countUsers(text: string): number {
  return linesOf(text).filter((line) => userNameOf(line) !== undefined).length;
}

function plainTextIn(
  line: string,
  number: number,
): "comment" | "hashed" | { readonly userName: string; readonly password: string } {
  if (isComment(line)) return "comment";
  const fields = splitLine(line);
  if (fields === undefined || fields.userName === "") {
    throw new CorruptLineError(number, "write user:password, or # in front of a comment");
  }
  const { userName, secret } = fields;
  // A password may hold colons; Mosquitto would cut it off there.
  const password = trimBlanks(line.slice(line.indexOf(":")).replace(/^:+/, ""));
  if (password === "") throw new CorruptLineError(number, `"${userName}" has no password`);
  try {
    parsePasswordHash(secret);
    return "hashed";
  } catch (error) {
    if (!(error instanceof PasswordHashError)) throw error;
    if (error.isPlainText) return { userName, password };
    throw new CorruptLineError(
      number,
      `the password of "${userName}" seems hashed, but ${error.message}`,
    );
  }
}

/** Lines with their ends, so that put together they are the text again. */
function linesOf(text: string): string[] {
  return withoutByteOrderMark(text).split(/(?<=\n)/).filter((line) => line !== "");
}

function isComment(line: string): boolean {
  return line.startsWith("#") || trimBlanks(line) === "";
}

function userNameOf(line: string): string | undefined {
  return isComment(line) ? undefined : splitLine(line)?.userName;
}

function endOf(line: string): string {
  return /\r?\n$/.exec(line)?.[0] ?? "";
}
