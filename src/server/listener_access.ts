// ListenerAccess: who may come in by one address, and do what: the Authenticator and the Authorizer of its
// policy. They stay the same objects for as long as the address is listened on; a reload changes what is
// behind them, for connections that are open as well.

import type { AclRules } from "../access/acl_rules.ts";
import {
  ALLOW_EVERYBODY,
  type AuthenticationExchange,
  type AuthenticationOutcome,
  type Authenticator,
  type Credentials,
} from "../access/authenticator.ts";
import { ALLOW_EVERYTHING, type Authorizer, type ClientIdentity } from "../access/authorizer.ts";
import type { Log } from "../broker/ports.ts";
import type { Listener } from "../config/schema.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { AccessContents } from "./access_files.ts";
import { PasswordAuthenticator } from "./password_authenticator.ts";
import type { PasswordGuessLimit } from "./password_guess_limit.ts";

const BUSY: AuthenticationOutcome = { accepted: false, reasonCode: ReasonCode.ServerBusy };

/** Lets nobody in: there is nothing to check a password with, and anonymous Clients are not allowed. */
const REFUSE_EVERYBODY: Authenticator = {
  authenticate: (_credentials, done) =>
    done({ accepted: false, reasonCode: ReasonCode.NotAuthorized }),
  beginExchange: () => undefined,
};

/** What all addresses share. */
export interface AccessTools {
  readonly guessLimit: PasswordGuessLimit;
  readonly log: Log;
}

export class ListenerAccess implements Authenticator, Disposable {
  readonly rules: ReplaceableRules = new ReplaceableRules();
  readonly #tools: AccessTools;
  #behind: Authenticator = REFUSE_EVERYBODY;
  #passwords: PasswordAuthenticator | undefined = undefined;

  constructor(tools: AccessTools) {
    this.#tools = tools;
  }

  /**
   * From now on `listener` and the files that it names hold, for those as well whose password is being
   * checked.
   */
  configure(listener: Listener, contents: AccessContents): void {
    const { passwordFile, allowAnonymous, aclFile } = listener;
    this.rules.configure(aclFile, contents);
    if (passwordFile === null) {
      this.#passwords?.[Symbol.dispose]();
      this.#passwords = undefined;
      this.#behind = allowAnonymous ? ALLOW_EVERYBODY : REFUSE_EVERYBODY;
      return;
    }
    const entries = contents.passwords.get(passwordFile)!;
    if (this.#passwords !== undefined) {
      return void this.#passwords.replace({ entries, allowAnonymous });
    }
    this.#behind = this.#passwords = new PasswordAuthenticator({
      entries,
      allowAnonymous,
      ...this.#tools,
    });
  }

  authenticate(credentials: Credentials, done: (outcome: AuthenticationOutcome) => void): void {
    const behind = this.#behind;
    behind.authenticate(credentials, (outcome) => done(behind === this.#behind ? outcome : BUSY));
  }

  beginExchange(method: string, credentials: Credentials): AuthenticationExchange | undefined {
    return this.#behind.beginExchange(method, credentials);
  }

  [Symbol.dispose](): void {
    this.#passwords?.[Symbol.dispose]();
  }
}

/** Rules that a reload replaces. */
export class ReplaceableRules implements Authorizer {
  #rules: Authorizer = ALLOW_EVERYTHING;
  #path: string | null = null;

  /** @param path the ACL file; null: everything is allowed. */
  configure(path: string | null, { rules }: Pick<AccessContents, "rules">): void {
    this.#path = path;
    this.#rules = path === null ? ALLOW_EVERYTHING : rules.get(path)!;
  }

  /** What `rules` say now about the same file; if they say nothing, everything stays. */
  update({ rules }: { readonly rules: ReadonlyMap<string, AclRules> }): void {
    const next = this.#path === null ? undefined : rules.get(this.#path);
    if (next !== undefined) this.#rules = next;
  }

  mayPublish(client: ClientIdentity, name: TopicName): boolean {
    return this.#rules.mayPublish(client, name);
  }

  mayReceive(client: ClientIdentity, name: TopicName): boolean {
    return this.#rules.mayReceive(client, name);
  }

  maySubscribe(client: ClientIdentity, filter: TopicFilter): boolean {
    return this.#rules.maySubscribe(client, filter);
  }

  explainDenial(client: ClientIdentity, access: "read" | "write", name: TopicName): string {
    return this.#rules.explainDenial?.(client, access, name) ?? "";
  }
}

/**
 * Rules of addresses that are no longer listened on. Sessions that wait for their Clients, and retained
 * messages, still go by them: they follow their file, and are gone with the last of those.
 */
export class LeftRules {
  #rules: WeakRef<ReplaceableRules>[] = [];

  add(rules: ReplaceableRules): void {
    this.#rules.push(new WeakRef(rules));
  }

  update(contents: Pick<AccessContents, "rules">): void {
    this.#rules = this.#rules.filter((each) => each.deref() !== undefined);
    for (const each of this.#rules) each.deref()?.update(contents);
  }
}
