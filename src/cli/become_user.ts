// Gives up root, as Mosquitto 2 does: right after the configuration is read, before any other file or port is
// opened. So everything that midge reads, writes and listens on is what its user may, on a reload as at the start.

import process from "node:process";
import type { LogLevel } from "../broker/ports.ts";

/** Mosquitto's default; for this one alone there is another to fall back on. */
const DEFAULT_USER = "mosquitto";
const FALLBACK_USER = "nobody";
const MAXIMUM_ID = 0x7fff_ffff;

export interface Note {
  readonly level: LogLevel;
  readonly text: string;
}

/** Who to become; `undefined`: stay. */
export interface Plan {
  readonly name: string;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface Surroundings {
  /** Text of /etc/passwd. */
  readonly passwd: () => string;
  readonly environment: (name: string) => string | undefined;
}

/** Why privileges can't be given up; then nothing may be served. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/**
 * Becomes `user` for good if this process is root's; others stay what they are.
 *
 * @param user of the configuration; `null`: none is asked for.
 * @returns whether it is another user now, and what the operator should know.
 * @throws {UserError} if the user does not exist.
 */
export function becomeUser(
  user: string | null,
): { readonly hasChanged: boolean; readonly notes: readonly Note[] } {
  const notes: Note[] = [];
  if (Deno.build.os === "windows") return { hasChanged: false, notes };
  const isRoot = isRunByRoot();
  if (isRoot === undefined && user !== null) {
    notes.push(
      warning(`midge may not see who runs it (--allow-sys): '${user}' of 'user' is not used.`),
    );
  }
  if (!isRoot) return { hasChanged: false, notes };
  const plan = planUser(user, SURROUNDINGS, notes);
  if (plan !== undefined) {
    if (plan.gid !== undefined) process.setgid!(plan.gid); // before the right to do it is gone
    if (plan.uid !== undefined) process.setuid!(plan.uid);
    notes.push({ level: "notice", text: `Running as ${plan.name}.` }, ...remainingGroups());
  }
  if (process.geteuid!() === 0 || process.getegid!() === 0) {
    notes.push(warning("midge should not be run as root: name another 'user'."));
  }
  return { hasChanged: plan !== undefined, notes };
}

/** What a check of the configuration can say before it comes to that. @throws {UserError} */
export function checkUser(user: string | null): void {
  if (Deno.build.os !== "windows" && isRunByRoot()) planUser(user, SURROUNDINGS, []);
}

/**
 * Who a process of root's is to become. PUID and PGID, the customs of container images, come before `user`.
 *
 * @param notes where what is worth saying is added.
 * @throws {UserError}
 */
export function planUser(
  user: string | null,
  { passwd, environment }: Surroundings,
  notes: Note[],
): Plan | undefined {
  const uid = readId("PUID", environment("PUID"));
  const gid = readId("PGID", environment("PGID"));
  if (uid !== undefined || gid !== undefined) {
    return { name: `${uid ?? "root"}:${gid ?? "root"} of PUID and PGID`, uid, gid };
  }
  if (user === null || user === "root") return undefined;
  const users = passwd();
  const found = findUser(users, user);
  if (found !== undefined) return found;
  const missing = `Unable to drop privileges to '${user}' because this user does not exist.`;
  if (user !== DEFAULT_USER) throw new UserError(`${missing} Add it, or name another 'user'.`);
  notes.push(warning(`${missing} Trying '${FALLBACK_USER}' instead.`));
  const fallback = findUser(users, FALLBACK_USER);
  if (fallback !== undefined) return fallback;
  throw new UserError(`Unable to drop privileges to '${FALLBACK_USER}'. Name a 'user' there is.`);
}

/** Whether this process may do everything; `undefined` where it may not be told. */
function isRunByRoot(): boolean | undefined {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "uid" });
  return state === "granted" ? Deno.uid() === 0 : undefined;
}

const SURROUNDINGS: Surroundings = {
  passwd: () => Deno.readTextFileSync("/etc/passwd"),
  environment: (name) => {
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    return state === "granted" ? Deno.env.get(name) : undefined;
  },
};

/** `name:password:uid:gid:…` */
function findUser(passwd: string, name: string): Plan | undefined {
  for (const line of passwd.split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? "")) {
      return { name: `user '${name}'`, uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

/** As Mosquitto: 0 is as good as not given. */
function readId(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UserError(`${name} not a valid ID '${text}'.`);
  const id = Number(text);
  if (id > MAXIMUM_ID) throw new UserError(`${name} must not be more than ${MAXIMUM_ID}.`);
  return id === 0 ? undefined : id;
}

/** The runtime can't leave the groups that root had besides its own (setgroups). */
function remainingGroups(): Note[] {
  const own = process.getgid!();
  const others = process.getgroups!().map(Number).filter((group) => group !== own);
  if (others.length === 0) return [];
  return [warning(
    `midge still belongs to the groups ${
      others.join(", ")
    } of who started it, and may read what they may. ` +
      "Start it as its user instead: systemd's User=, or setpriv --init-groups.",
  )];
}

function warning(text: string): Note {
  return { level: "warning", text };
}
