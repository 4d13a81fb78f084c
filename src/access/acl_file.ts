// The text of an ACL file (mosquitto.conf(5), acl_file), read as Mosquitto reads it:
//
//   # a comment, if "#" is the very first character
//   topic [read|write|readwrite|deny] FILTER      before the first `user`: clients without a user name
//   user NAME                                     the rest of the line; may come again
//   topic …                                       that user
//   pattern [read|write|readwrite|deny] FILTER    everybody, wherever it stands; %c client id, %u user name
//
// Words are separated by spaces, not tabs; blanks before the first word and at the end do not count. What
// Mosquitto refuses is an error; what it takes in a sense that hardly was meant is a warning.

import { countTopicLevels } from "../topic/topic_name.ts";
import { AclFileError, type OperatorError } from "./acl_errors.ts";
import { hasPlaceholder } from "./acl_pattern.ts";
import type { AclAccess, AclRule } from "./acl_rule.ts";
import { AclRules, type AclRulesOptions } from "./acl_rules.ts";

const ACCESSES: readonly string[] = ["read", "write", "readwrite", "deny"] satisfies AclAccess[];
const KEYWORDS = ["topic", "pattern", "user"];
/** Mosquitto's TOPIC_HIERARCHY_LIMIT is 200 separators. */
const MAX_LEVELS = 201;

export interface ParsedAclFile {
  readonly rules: AclRules;
  /** What is read as it stands, but hardly was meant so. */
  readonly warnings: readonly OperatorError[];
}

/**
 * Reads `text`, the content of the file `path`.
 *
 * @throws {AclFileError} with every mistake.
 */
export function parseAclFile(
  text: string,
  path: string,
  options: AclRulesOptions = {},
): ParsedAclFile {
  const parser = new AclParser(path);
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const [i, line] of lines.entries()) parser.readLine(i + 1, trimEnd(line));
  if (parser.errors.length > 0) throw new AclFileError(parser.errors);
  return { rules: new AclRules(path, parser.rules, options), warnings: parser.warnings };
}

class AclParser {
  readonly rules: AclRule[] = [];
  readonly errors: OperatorError[] = [];
  readonly warnings: OperatorError[] = [];
  readonly #path: string;
  #userName: string | undefined = undefined;
  #line = 0;

  constructor(path: string) {
    this.#path = path;
  }

  readLine(number: number, line: string): void {
    this.#line = number;
    if (line === "" || line.startsWith("#")) return;
    if (line.includes("\0")) {
      return this.#fail(
        "Invalid line in acl_file: it holds a NUL character: save the file as UTF-8",
      );
    }
    const [keyword, rest] = splitWord(line);
    if (rest.includes("\uFFFD")) this.#warn(`"${rest}" is not all UTF-8: save the file as UTF-8`);
    switch (keyword) {
      case "topic":
      case "pattern":
        return this.#readRule(keyword, rest, line);
      case "user":
        return this.#readUser(rest);
      default:
        return this.#fail(`Invalid line in acl_file: ${unknownKeyword(keyword)}`);
    }
  }

  #readUser(rest: string): void {
    if (rest === "") return this.#fail("Missing username in acl_file: write user NAME");
    this.#userName = trim(rest);
  }

  #readRule(kind: AclRule["kind"], rest: string, line: string): void {
    const [word, behind] = splitWord(rest);
    if (word === "") {
      return this.#fail(`Empty topic in acl_file: write ${kind} readwrite FILTER`);
    }
    const [access, filter] = behind === "" ? ["readwrite", word] : [word, trim(behind)];
    if (!isAccess(access)) {
      return this.#fail(
        `Invalid topic access type "${
          short(access)
        }" in acl_file: write read, write, readwrite or deny` +
          ` (if "${short(rest)}" is a filter with a space: ${kind} readwrite ${short(rest)})`,
      );
    }
    const mistake = mistakeIn(filter);
    if (mistake !== undefined) {
      return this.#fail(`Invalid ACL topic "${short(filter)}" in acl_file: ${mistake}`);
    }
    const userName = kind === "topic" ? this.#userName : undefined;
    this.rules.push({
      line: this.#line,
      text: trim(line),
      kind,
      access,
      filter,
      userName,
    });
    this.#warnOf(kind, filter, behind === "");
  }

  /** Warns of what Mosquitto takes in a sense that hardly was meant. */
  #warnOf(kind: AclRule["kind"], filter: string, isBare: boolean): void {
    if (isBare && ACCESSES.includes(filter)) {
      this.#warn(
        `"${filter}" is taken for the filter, read and write: write ${kind} ${filter} FILTER`,
      );
    }
    if (/[\t\v\f\r]/.test(filter)) {
      this.#warn(`A tab is part of the filter ${JSON.stringify(filter)}: separate words by spaces`);
    }
    if (kind === "topic" && hasPlaceholder(filter)) {
      this.#warn(`"${filter}": %c and %u stand for themselves in a topic: write pattern for topic`);
    }
    if (kind === "pattern") this.#warnOfPattern(filter);
  }

  #warnOfPattern(filter: string): void {
    if (!hasPlaceholder(filter)) {
      this.#warn(
        `ACL pattern '${filter}' does not contain '%c' or '%u': it is the same for everybody`,
      );
    }
    const part = filter.split("/").find((level) => level.length > 2 && hasPlaceholder(level));
    if (part === undefined) return;
    this.#warn(
      `"${part}" is more than %c or %u alone: filled in, as by Mosquitto 2.0; Mosquitto 2.1 would not`,
    );
  }

  #fail(message: string): void {
    this.errors.push({ path: this.#path, line: this.#line, message });
  }

  #warn(message: string): void {
    this.warnings.push({ path: this.#path, line: this.#line, message });
  }
}

function unknownKeyword(word: string): string {
  if (word === "#") return `"#" begins a comment only as the first character of the line`;
  const instead = "write topic, pattern or user, and a space";
  const [start] = trim(word).split("\t");
  if (word.includes("\t") && KEYWORDS.includes(start!)) {
    return `${JSON.stringify(word)} holds a tab: ${instead}`;
  }
  const meant = KEYWORDS.find((each) => each === word.toLowerCase().replace(/[:=s]+$/, ""));
  return `"${short(word)}" is unknown: ${meant === undefined ? instead : `did you mean ${meant}?`}`;
}

/** What is wrong with a Topic Filter, if anything. */
function mistakeIn(filter: string): string | undefined {
  const levels = filter.split("/");
  if (levels.slice(0, -1).some((level) => level.includes("#"))) {
    return `"#" may only be the last level, as in a/#`;
  }
  const mixed = levels.find((level) => level.length > 1 && /[+#]/.test(level));
  if (mixed !== undefined) {
    return `"${
      short(mixed)
    }" mixes a wildcard with text: a wildcard is a level of its own, as in a/+/b or a/#`;
  }
  if (countTopicLevels(filter) > MAX_LEVELS) return `write at most ${MAX_LEVELS} levels`;
  return filter.length > 65_535 ? "write at most 65535 bytes" : undefined;
}

function isAccess(word: string): word is AclAccess {
  return ACCESSES.includes(word);
}

/** A value as it is quoted: nobody reads more of it. */
function short(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}

/** The first word, and what follows it without the spaces in between; both may be empty. */
function splitWord(text: string): [word: string, rest: string] {
  const [, word, rest] = /^ *([^ ]*) *([^]*)$/.exec(text)!;
  return [word!, rest!];
}

/** Blanks as C's isspace() knows them; a no-break space is none. */
function trim(text: string): string {
  return trimEnd(text).replace(/^[ \t\v\f\r\n]+/, "");
}

function trimEnd(text: string): string {
  return text.replace(/[ \t\v\f\r\n]+$/, "");
}
