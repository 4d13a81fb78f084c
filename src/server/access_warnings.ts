// What of the access settings of a configuration works as it is written and hardly was meant so: `midge check`
// says it, and so does the log at the start and on a reload. Nothing of it keeps a broker from starting.

import { findHopelessRules, type WhoConnects } from "../access/acl_hopeless.ts";
import type { AclRules } from "../access/acl_rules.ts";
import type { PasswordEntry } from "../access/password_file.ts";
import type { ConfigIO } from "../config/config_io.ts";
import { type Config, isLoopback, type Listener } from "../config/schema.ts";
import type { AccessContents } from "./access_files.ts";

/** Lines about one file; the rest is a number. */
const MAX_LINES = 20;
/** User names in a line. */
const MAX_NAMES = 5;

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** Sentences for the operator, about files in the order they are named. */
export async function findAccessWarnings(
  config: Config,
  contents: Pick<AccessContents, "passwords" | "rules">,
  io: ConfigIO,
): Promise<string[]> {
  const files = await Promise.all(secretFilesOf(config).map((path) => warningOfMode(path, io)));
  return [
    ...config.listeners.flatMap((listener) => warningsOfListener(listener)),
    ...files.flat(),
    ...[...contents.passwords].flatMap(([path, entries]) => warningsOfPasswords(path, entries)),
    ...[...contents.rules].flatMap(([path, rules]) =>
      warningsOfRules(path, rules, whoConnects(config, contents, path))
    ),
  ];
}

function warningsOfListener(listener: Listener): string[] {
  const { allowAnonymous, passwordFile, mountPoint } = listener;
  const where = listener.kind === "unix" ? listener.path : `port ${listener.port}`;
  const warnings: string[] = [];
  if (allowAnonymous && isOpen(listener)) {
    warnings.push(
      `Listener on ${where}: Clients may connect from other machines without a user name ` +
        "(allow_anonymous true).",
    );
  }
  if (!allowAnonymous && passwordFile === null && !namesUsers(listener)) {
    warnings.push(
      `Listener on ${where}: nobody can connect, because allow_anonymous is false and there is ` +
        "no password_file.",
    );
  }
  if (mountPoint !== "" && !mountPoint.endsWith("/")) {
    warnings.push(
      `Listener on ${where}: mount_point '${mountPoint}' does not end with "/", so "x/y" becomes ` +
        `"${mountPoint}x/y", and Topic Filters that begin with # or + match nothing.`,
    );
  }
  return warnings;
}

/** True if Clients may come from other machines, and need no certificate. */
function isOpen(listener: Listener): boolean {
  if (listener.kind === "unix" || listener.tls?.requireCertificate === true) return false;
  return listener.hostnames.length === 0 || !listener.hostnames.every(isLoopback);
}

/** True if Clients have their user names from their certificates. */
function namesUsers({ tls }: Listener): boolean {
  return tls !== null && tls.userNameFrom !== "connect";
}

function secretFilesOf({ listeners }: Config): string[] {
  const paths = listeners.flatMap(({ passwordFile, aclFile, tls }) => [
    passwordFile,
    aclFile,
    tls?.keyFile,
  ]);
  return [...new Set(paths.filter((path) => path !== null && path !== undefined))];
}

/** As Mosquitto, which only ever warns of it too. */
async function warningOfMode(path: string, io: ConfigIO): Promise<string[]> {
  const mode = await io.fileMode?.(path);
  if (mode === undefined || (mode & (OTHERS_READ | OTHERS_WRITE)) === 0) return [];
  const what = (mode & OTHERS_WRITE) !== 0 ? "writable" : "readable";
  return [
    `File ${path} has world ${what} permissions. To fix this, use \`chmod o-rwx ${path}\`.`,
  ];
}

function warningsOfPasswords(path: string, entries: readonly PasswordEntry[]): string[] {
  const weak = entries.filter(({ hash }) => hash.scheme === "sha512");
  if (weak.length === 0) return [];
  const [first] = weak;
  const others = weak.slice(0, MAX_NAMES).map(({ userName }) => `'${userName}'`).join(", ");
  const more = weak.length > MAX_NAMES ? ` and ${weak.length - MAX_NAMES} more` : "";
  return [
    `${path}:${first!.line}: $6$ hashes are fast to guess; set new passwords with midge passwd ` +
    `for ${others}${more}.`,
  ];
}

/** Who can be logged in with where the ACL file `path` holds. */
function whoConnects(
  { listeners }: Config,
  { passwords }: Pick<AccessContents, "passwords">,
  path: string,
): WhoConnects {
  const asking = listeners.filter(({ aclFile }) => aclFile === path);
  const allowAnonymous = asking.some((listener) => listener.allowAnonymous);
  const takesAnyName = asking.some((listener) =>
    namesUsers(listener) || (listener.passwordFile === null && listener.allowAnonymous)
  );
  if (takesAnyName) return { allowAnonymous };
  const files = new Set(asking.map(({ passwordFile }) => passwordFile));
  const userNames = new Set<string>();
  for (const file of files) {
    for (const { userName } of passwords.get(file ?? "") ?? []) userNames.add(userName);
  }
  return { allowAnonymous, userNames };
}

function warningsOfRules(path: string, rules: AclRules, who: WhoConnects): string[] {
  const told = new Set<string>();
  const hopeless = findHopelessRules(rules, who).filter(({ rule, reason }) => {
    const isNew = !told.has(`${rule.userName}\n${reason}`); // an unknown user is told of once
    told.add(`${rule.userName}\n${reason}`);
    return isNew;
  });
  const lines = hopeless.slice(0, MAX_LINES).map(({ rule, reason }) =>
    `${path}:${rule.line}: "${rule.text}" can never match: ${reason}.`
  );
  if (hopeless.length > MAX_LINES) {
    lines.push(`${path}: ${hopeless.length - MAX_LINES} more rules can never match.`);
  }
  return lines;
}
