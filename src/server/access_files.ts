// AccessFiles: the password and ACL files that a configuration names, as what the listeners ask. The files
// are read and checked before anything takes effect; a reload replaces what they say in one step.

import { AclFileError, formatOperatorError } from "../access/acl_errors.ts";
import { parseAclFile } from "../access/acl_file.ts";
import type { AclRules } from "../access/acl_rules.ts";
import { ALLOW_EVERYBODY, type Authenticator } from "../access/authenticator.ts";
import { ALLOW_EVERYTHING, type Authorizer, type ClientIdentity } from "../access/authorizer.ts";
import { parsePasswordFile, type PasswordEntry } from "../access/password_file.ts";
import type { Log } from "../broker/ports.ts";
import type { ConfigIO } from "../config/config_io.ts";
import type { Config, Listener } from "../config/schema.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { AccessReview } from "./access_review.ts";
import { PasswordAuthenticator } from "./password_authenticator.ts";
import { PasswordGuessLimit } from "./password_guess_limit.ts";

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

function pathsOf(config: Config, key: "passwordFile" | "aclFile"): Set<string> {
  return new Set(config.listeners.map((listener) => listener[key]).filter((path) => path !== null));
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

/** Lets nobody in: there is nothing to check a password with, and anonymous Clients are not allowed. */
const REFUSE_EVERYBODY: Authenticator = {
  authenticate: (_credentials, done) =>
    done({ accepted: false, reasonCode: ReasonCode.NotAuthorized }),
  beginExchange: () => undefined,
};

/** Rules that a reload replaces. */
class ReplaceableRules implements Authorizer {
  rules: AclRules;

  constructor(rules: AclRules) {
    this.rules = rules;
  }

  mayPublish(client: ClientIdentity, name: TopicName): boolean {
    return this.rules.mayPublish(client, name);
  }

  mayReceive(client: ClientIdentity, name: TopicName): boolean {
    return this.rules.mayReceive(client, name);
  }

  maySubscribe(client: ClientIdentity, filter: TopicFilter): boolean {
    return this.rules.maySubscribe(client, filter);
  }

  explainDenial(client: ClientIdentity, access: "read" | "write", name: TopicName): string {
    return this.rules.explainDenial(client, access, name);
  }
}

export class AccessFiles implements Disposable {
  readonly #log: Log;
  readonly #guessLimit: PasswordGuessLimit | undefined;
  readonly #authenticators = new Map<string, PasswordAuthenticator[]>();
  readonly #authorizers = new Map<string, ReplaceableRules>();
  #contents: AccessContents;

  constructor(config: Config, contents: AccessContents, log: Log) {
    this.#log = log;
    this.#contents = contents;
    const { enabled, ...guessing } = config.access.guessing;
    this.#guessLimit = enabled ? new PasswordGuessLimit({ ...guessing, log }) : undefined;
  }

  authenticatorFor({ passwordFile, allowAnonymous }: Listener): Authenticator {
    if (passwordFile === null) return allowAnonymous ? ALLOW_EVERYBODY : REFUSE_EVERYBODY;
    const authenticator = new PasswordAuthenticator({
      entries: this.#contents.passwords.get(passwordFile)!,
      allowAnonymous,
      log: this.#log,
      ...this.#guessLimit && { guessLimit: this.#guessLimit },
    });
    this.#authenticators.set(passwordFile, [
      ...this.#authenticators.get(passwordFile) ?? [],
      authenticator,
    ]);
    return authenticator;
  }

  authorizerFor({ aclFile }: Listener): Authorizer {
    if (aclFile === null) return ALLOW_EVERYTHING;
    let authorizer = this.#authorizers.get(aclFile);
    if (authorizer === undefined) {
      authorizer = new ReplaceableRules(this.#contents.rules.get(aclFile)!);
      this.#authorizers.set(aclFile, authorizer);
    }
    return authorizer;
  }

  /**
   * From now on `contents` holds, as far as it is about files that are in use.
   * @returns what tells the Clients that may stay from those that may not.
   */
  replace(contents: AccessContents): AccessReview {
    const review = new AccessReview(this.#contents, contents);
    this.#contents = contents;
    for (const [path, authenticators] of this.#authenticators) {
      const entries = contents.passwords.get(path);
      if (entries === undefined) continue;
      for (const authenticator of authenticators) authenticator.replace({ entries });
    }
    for (const [path, authorizer] of this.#authorizers) {
      authorizer.rules = contents.rules.get(path) ?? authorizer.rules;
    }
    return review;
  }

  [Symbol.dispose](): void {
    for (const authenticator of [...this.#authenticators.values()].flat()) {
      authenticator[Symbol.dispose]();
    }
    this.#guessLimit?.[Symbol.dispose]();
  }
}
