// The arguments of `midge passwd`, as mosquitto_passwd takes them: options first, each by itself; from the
// first other argument on nothing is an option any more, so that a password may begin with a dash.

import type { PasswordScheme } from "../access/password_hash.ts";
import { DEFAULT_ITERATIONS } from "./passwd_hash.ts";

interface Hashing {
  readonly scheme: PasswordScheme;
  /** Of sha512-pbkdf2. */
  readonly iterations: number;
}

export type PasswdOptions =
  | { readonly action: "delete"; readonly file: string; readonly userName: string }
  | ({ readonly action: "update-file"; readonly file: string } & Hashing)
  | (
    & {
      readonly action: "set";
      readonly file: string;
      readonly userName: string;
      /** Undefined: to be asked for. */
      readonly password: string | undefined;
      readonly isNewFile: boolean;
    }
    & Hashing
  );

/** The message is a sentence for the user. */
export class PasswdUsageError extends Error {
  override readonly name = "PasswdUsageError";
}

const SCHEMES: readonly string[] = [
  "sha512",
  "sha512-pbkdf2",
  "argon2id",
] satisfies PasswordScheme[];

const TOGETHER: readonly (readonly [Flag, Flag])[] = [
  ["-c", "-D"],
  ["-c", "-U"],
  ["-D", "-U"],
  ["-b", "-D"],
  ["-b", "-U"],
];

type Flag = "-b" | "-c" | "-D" | "-U";
const FLAGS: readonly string[] = ["-b", "-c", "-D", "-U"] satisfies Flag[];

/** @throws {PasswdUsageError} */
export function readPasswdOptions(args: readonly string[]): PasswdOptions | "help" {
  const flags = new Set<string>();
  let scheme: PasswordScheme = "sha512-pbkdf2";
  let iterations = DEFAULT_ITERATIONS;
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "-h" || arg === "--help") return "help";
    if (arg === "-H") scheme = readScheme(args[++at]);
    else if (arg === "-I") iterations = readIterations(args[++at]);
    else if (FLAGS.includes(arg)) flags.add(arg);
    else if (arg === "--") {
      at++;
      break;
    } else if (arg.startsWith("-") && arg !== "-") {
      throw new PasswdUsageError(`Unknown option '${arg}'.`);
    } else break;
  }
  for (const [one, other] of TOGETHER) {
    if (flags.has(one) && flags.has(other)) {
      throw new PasswdUsageError(`${one} and ${other} cannot be used together.`);
    }
  }
  const rest = args.slice(at);
  if (flags.has("-U")) {
    const [file] = expect(rest, ["password file"]);
    return { action: "update-file", file: file!, scheme, iterations };
  }
  if (flags.has("-D")) {
    const [file, userName] = expect(rest, ["password file", "username"]);
    return { action: "delete", file: file!, userName: userName! };
  }
  const names = ["password file", "username", ...flags.has("-b") ? ["password"] : []];
  const [file, userName, password] = expect(rest, names);
  const isNewFile = flags.has("-c");
  return {
    action: "set",
    file: file!,
    userName: userName!,
    password,
    isNewFile,
    scheme,
    iterations,
  };
}

function readScheme(text: string | undefined): PasswordScheme {
  if (text === undefined) {
    throw new PasswdUsageError("-H argument given but not enough other arguments.");
  }
  if (SCHEMES.includes(text)) return text as PasswordScheme;
  throw new PasswdUsageError(`Unknown hash type '${text}': write ${SCHEMES.join(", ")}.`);
}

function readIterations(text: string | undefined): number {
  if (text === undefined) {
    throw new PasswdUsageError("-I argument given but not enough other arguments.");
  }
  const iterations = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (iterations >= 1 && iterations <= 0x7fff_ffff) return iterations;
  throw new PasswdUsageError(`Number of iterations must be > 0 (${text}).`);
}

function expect(args: readonly string[], names: readonly string[]): readonly string[] {
  if (args.length < names.length) {
    const missing = names.slice(args.length).join(" and ");
    throw new PasswdUsageError(`The ${missing} is missing.`);
  }
  if (args.length === names.length) return args;
  // What is too much may be a password: it is not shown.
  const last = names.at(-1)!;
  const remedy = last === "username" ? "; -b takes a password from the command line" : "";
  throw new PasswdUsageError(`There is more behind the ${last}: options stand first${remedy}.`);
}
