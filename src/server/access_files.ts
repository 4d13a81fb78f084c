// The password and ACL files that a configuration names, read and checked before anything takes effect.

import { AclFileError, formatOperatorError } from "../access/acl_errors.ts";
import { parseAclFile } from "../access/acl_file.ts";
import type { AclRules } from "../access/acl_rules.ts";
import { parsePasswordFile, type PasswordEntry } from "../access/password_file.ts";
import type { ConfigIO } from "../config/config_io.ts";
import type { Config } from "../config/schema.ts";

/** What the files say. */
export interface AccessContents {
  readonly passwords: ReadonlyMap<string, readonly PasswordEntry[]>;
  readonly rules: ReadonlyMap<string, AclRules>;
  /** Sentences that the operator should read. */
  readonly warnings: readonly string[];
}

/** Every mistake in the files, a sentence each. */
export class AccessFilesError extends Error {
  override readonly name = "AccessFilesError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Reads the files that `config` names.
 * @throws {AccessFilesError} with every file that can't be read and every line that is wrong.
 */
export async function readAccessFiles(config: Config, io: ConfigIO): Promise<AccessContents> {
  const passwords = new Map<string, readonly PasswordEntry[]>();
  const rules = new Map<string, AclRules>();
  const warnings: string[] = [];
  const problems: string[] = [];
  const { refuseHopelessSubscriptions } = config.access;
  for (const path of pathsOf(config, "passwordFile")) {
    const text = await read(path, io, problems);
    if (text === undefined) continue;
    const file = parsePasswordFile(text, path);
    for (const { severity, text } of file.problems) {
      (severity === "error" ? problems : warnings).push(text);
    }
    passwords.set(path, file.entries);
  }
  for (const path of pathsOf(config, "aclFile")) {
    const text = await read(path, io, problems);
    if (text === undefined) continue;
    try {
      const file = parseAclFile(text, path, { refuseHopelessSubscriptions });
      warnings.push(...file.warnings.map(formatOperatorError));
      rules.set(path, file.rules);
    } catch (error) {
      if (!(error instanceof AclFileError)) throw error;
      problems.push(...error.errors.map(formatOperatorError));
    }
  }
  if (problems.length > 0) throw new AccessFilesError(problems);
  return { passwords, rules, warnings };
}

/** The ACL file that holds for bridges with a user name. */
export function bridgeAclFile({ access, listeners }: Config): string | null {
  return access.aclFile ?? listeners[0]?.aclFile ?? null;
}

function pathsOf(config: Config, key: "passwordFile" | "aclFile"): Set<string> {
  const paths = config.listeners.map((listener) => listener[key]);
  if (key === "aclFile" && config.bridges.length > 0) paths.push(bridgeAclFile(config));
  return new Set(paths.filter((path) => path !== null));
}

async function read(path: string, io: ConfigIO, problems: string[]): Promise<string | undefined> {
  try {
    return await io.readTextFile(path);
  } catch (error) {
    problems.push(
      `${path}: Unable to open the file: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}
