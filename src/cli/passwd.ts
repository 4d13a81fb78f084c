// `midge passwd`: makes and changes password files, with the options, the words and the exit codes of
// mosquitto_passwd. It differs where that loses something: files are replaced in one step, comments and
// lines that it can't read stay, and hashes are not hashed again.

import { Buffer } from "node:buffer";
import { MAXIMUM_CREDENTIAL_BYTES, trimBlanks } from "../access/password_file.ts";
import type { PasswordScheme } from "../access/password_hash.ts";
import { writeText } from "../observe/console.ts";
import {
  CorruptLineError,
  countUsers,
  hashPlainText,
  removeUser,
  setPassword,
} from "./passwd_edit.ts";
import { hashPassword } from "./passwd_hash.ts";
import { type PasswdOptions, PasswdUsageError, readPasswdOptions } from "./passwd_options.ts";
import { CancelledError, SecretPrompt } from "./passwd_prompt.ts";
import { replaceFile } from "./passwd_write.ts";

/** mosquitto_passwd's exit codes. */
const ExitCode = { Success: 0, Failure: 1, PasswordsDiffer: 2 } as const;

/** What ends the command; the message is for the user. */
class PasswdError extends Error {
  override readonly name = "PasswdError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.Failure) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** How the command talks to its user. */
export interface PasswdTerminal {
  readonly prompt: SecretPrompt;
  readonly write: (stream: "stdout" | "stderr", text: string) => void;
}

/**
 * Runs `midge passwd` with `args`; resolves with the exit code.
 * @param terminal default: standard input, output and error.
 */
export async function passwd(
  args: readonly string[],
  terminal: PasswdTerminal = { prompt: new SecretPrompt(), write: writeText },
): Promise<number> {
  try {
    const options = readPasswdOptions(args);
    if (options === "help") return await printHelp(terminal);
    await run(options, terminal);
    return ExitCode.Success;
  } catch (error) {
    if (error instanceof PasswdError) {
      terminal.write("stderr", `${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof PasswdUsageError) {
      terminal.write("stderr", `Error: ${error.message} Try midge passwd --help.\n`);
      return ExitCode.Failure;
    }
    if (error instanceof CancelledError) return ExitCode.Failure;
    throw error;
  }
}

async function printHelp({ write }: PasswdTerminal): Promise<number> {
  const { consoleSession, runProgram } = await import("./program.ts");
  const print = (text: string) => write("stdout", text);
  return await runProgram(["passwd", "--help"], { ...consoleSession(), print });
}

async function run(options: PasswdOptions, terminal: PasswdTerminal): Promise<void> {
  switch (options.action) {
    case "delete":
      return deleteUser(options.file, checkedUserName(options.userName), terminal);
    case "update-file":
      return await updateFile(options, terminal);
    case "set":
      return await setUser(options, terminal);
  }
}

function deleteUser(file: string, userName: string, terminal: PasswdTerminal): void {
  const { text, wasFound } = removeUser(readFile(file), userName);
  if (!wasFound) throw new PasswdError(`Warning: User ${userName} not found in password file.`);
  writeFile(file, text, terminal);
}

async function updateFile(
  options: PasswdOptions & { action: "update-file" },
  terminal: PasswdTerminal,
): Promise<void> {
  const { file, scheme, iterations } = options;
  const before = readFile(file);
  try {
    const { text, hashed, kept } = await hashPlainText(
      before,
      (password) => hash(scheme, Buffer.from(password), iterations),
    );
    if (hashed > 0) writeFile(file, text, terminal);
    const stayed = kept === 0 ? "" : `; ${kept} had hashes already, which stay`;
    terminal.write("stdout", `Hashed the passwords of ${hashed} users${stayed}\n`);
  } catch (error) {
    if (!(error instanceof CorruptLineError)) throw error;
    const { line, message } = error;
    throw new PasswdError(
      `Error: Corrupt password file at line ${line}. ${file}:${line}: ${message}.`,
    );
  }
}

async function setUser(
  options: PasswdOptions & { action: "set" },
  terminal: PasswdTerminal,
): Promise<void> {
  const { file, scheme, iterations, isNewFile } = options;
  const userName = checkedUserName(options.userName);
  const isToStdout = isNewFile && file === "-";
  const before = isNewFile ? "" : readFile(file);
  const password = options.password === undefined
    ? await askTwice(terminal.prompt)
    : Buffer.from(options.password);
  if (password.length > MAXIMUM_CREDENTIAL_BYTES) {
    throw new PasswdError("Error: Password must be less than 65536 characters long.");
  }
  const encoded = await hash(scheme, password, iterations);
  const { text, isNew } = setPassword(before, userName, encoded);
  if (isToStdout) return terminal.write("stdout", text);
  if (isNewFile) warnOfLoss(file, terminal);
  writeFile(file, text, terminal);
  terminal.write("stdout", `${isNew ? "Adding" : "Updating"} password for user ${userName}\n`);
}

async function askTwice(prompt: SecretPrompt): Promise<Uint8Array> {
  const password = await prompt.ask("Password: ");
  if (password.length === 0) throw new PasswdError("Error: Empty password.");
  const again = await prompt.ask("Reenter password: ");
  if (Buffer.compare(password, again) === 0) return password;
  throw new PasswdError("Error: Passwords do not match.", ExitCode.PasswordsDiffer);
}

async function hash(
  scheme: PasswordScheme,
  password: Uint8Array,
  iterations: number,
): Promise<string> {
  if (scheme === "argon2id" && password.length === 0) {
    throw new PasswdError("Error: Empty password: argon2id takes none.");
  }
  return await hashPassword(scheme, password, iterations);
}

/** A name that is found again when the file is read. */
function checkedUserName(userName: string): string {
  const wrong = (why: string) => new PasswdError(`Error: Username must ${why}.`);
  if (userName === "") throw wrong("not be empty");
  if (Buffer.byteLength(userName) > MAXIMUM_CREDENTIAL_BYTES) {
    throw wrong("be less than 65536 characters long");
  }
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(userName)) throw wrong("not contain control characters");
  if (userName.includes(":")) throw wrong("not contain the ':' character");
  if (userName.startsWith("#")) throw wrong("not begin with '#', which makes a comment");
  if (trimBlanks(userName) !== userName) throw wrong("not begin or end with a blank");
  return userName;
}

function readFile(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(file);
  } catch (error) {
    const remedy = error instanceof Deno.errors.NotFound ? " Make it with -c." : "";
    throw new PasswdError(
      `Error: Unable to open password file ${file}. ${reason(error)}.${remedy}`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PasswdError(`Error: Unable to read password file ${file}. It is not UTF-8.`);
  }
}

function writeFile(file: string, text: string, terminal: PasswdTerminal): void {
  try {
    for (const warning of replaceFile(file, text)) {
      terminal.write("stderr", `Warning: ${warning}\n`);
    }
  } catch (error) {
    throw new PasswdError(`Error: Unable to open file ${file} for writing. ${reason(error)}.`);
  }
}

/** mosquitto_passwd -c overwrites, and so must we; but not without a word. */
function warnOfLoss(file: string, terminal: PasswdTerminal): void {
  let users: number;
  try {
    users = countUsers(Deno.readTextFileSync(file));
  } catch {
    return; // there is none, or it will be seen when it is written
  }
  if (users === 0) return;
  terminal.write("stderr", `Warning: ${file} was there already; its ${users} users are gone.\n`);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "No such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "Permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "Is a directory";
  return error instanceof Error ? error.message : String(error);
}
