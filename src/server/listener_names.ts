// What listeners are known by in the store, so that Sessions and retained messages find their access rules again
// after a restart.

import type { Listener } from "../config/schema.ts";

/**
 * A name for each of `listeners`: its port, as Mosquitto's database has it, or the path of its socket. Where that
 * is not enough, with its hostnames; and where they have these in common too, as free ports do, with its position.
 */
export function listenerNames(listeners: readonly Listener[]): string[] {
  const short = listeners.map((listener) =>
    "path" in listener ? listener.path : `${listener.port}`
  );
  const long = listeners.map((listener, i) =>
    "path" in listener || isAlone(short, i)
      ? short[i]!
      : [short[i]!, ...listener.hostnames].join(" ")
  );
  return long.map((name, i) => isAlone(long, i) ? name : `${name} #${i + 1}`);
}

function isAlone(names: readonly string[], position: number): boolean {
  return names.every((name, i) => i === position || name !== names[position]);
}
