// What the command line says of ports, beside a configuration: Mosquitto's -p, and --ephemeral.

import type { ConfigNote } from "../config/config_error.ts";
import type { Config, PersistenceConfig } from "../config/schema.ts";
import { STORE_FILE } from "../config/schema_sections.ts";

/** Ports of -p; or what a test wants: ports that happen to be free, and nothing kept. */
export type CommandLinePorts = readonly number[] | "ephemeral";

/**
 * `config` with the ports of the command line, as Mosquitto has it: they are for a configuration that has no
 * listener of its own, so that -p never opens to others what the file did not. A configuration of ours with
 * one listener for this machine only is as good as none. A port that stays unused is told of.
 */
export function withPorts(
  config: Config,
  ports: CommandLinePorts,
  path: string,
): { readonly config: Config; readonly notes: readonly ConfigNote[] } {
  const [listener, ...others] = config.listeners;
  if (ports === "ephemeral") return { config: ephemeral(config), notes: [] };
  if (ports.length === 0) return { config, notes: [] };
  if (config.localOnly && listener?.kind === "tcp" && others.length === 0) {
    const listeners = ports.map((port) => ({ ...listener, port }));
    const persistence = storeOf(config.persistence, ports[0]!);
    return { config: { ...config, listeners, persistence }, notes: [] };
  }
  const own = config.listeners.map((each) => each.kind === "tcp" ? each.port : undefined);
  const notes = ports.filter((port) => !own.includes(port)).map((port): ConfigNote => ({
    path,
    line: 0,
    level: "warning",
    message: `-p ${port} is not used, because the configuration has listeners of its own; ` +
      `Mosquitto passes over it as well. Add 'listener ${port}' instead.`,
  }));
  return { config, notes };
}

function ephemeral(config: Config): Config {
  return {
    ...config,
    listeners: config.listeners.map((each) => each.kind === "tcp" ? { ...each, port: 0 } : each),
    persistence: { ...config.persistence, durability: "none" },
    pidFile: null,
  };
}

/**
 * Brokers that differ in their -p have a store each, unless the configuration names one; a broker on a port
 * that happens to be free is not met again, and keeps nothing.
 */
function storeOf(persistence: PersistenceConfig, port: number): PersistenceConfig {
  if (persistence.file !== STORE_FILE) return persistence;
  if (port === 0) return { ...persistence, durability: "none" };
  return { ...persistence, file: STORE_FILE.replace(".", `-${port}.`) };
}
