/**
 * The brokers of the comparison: how each is started, and which version it is.
 *
 * All run with what they need to deliver everything at their best: no persistence, no log, no
 * limit on queues and windows, Nagle's algorithm off. Mosquitto's configuration comes through a
 * here-document, so nothing is written to disk.
 */

import type { Transport } from "./transport.ts";

export type BrokerName = "midge" | "mosquitto" | "aedes";

/** What midge keeps; the others keep nothing. Undefined: as `deno task start` without a configuration. */
export type Durability = "none" | "process" | "power";

export interface Broker {
  readonly name: BrokerName;
  /** A line of shell, to be run in the repository's root, after `exec`. */
  readonly commandOf: (
    port: number,
    transport: Transport,
    folder: string,
    durability: Durability | undefined,
  ) => string;
  /** The version, or undefined if the broker is not here. */
  readonly readVersion: () => Promise<string | undefined>;
}

const REPOSITORY = new URL("../../", import.meta.url);
export const REPOSITORY_PATH: string = decodeURIComponent(REPOSITORY.pathname);

const deno = shellQuote(Deno.execPath());

function mosquittoConfig(port: number, transport: Transport, tlsFolder: string): string {
  return [
    ...transport === "tls" ? ["user root"] : [], // the key is for nobody else
    `listener ${port} 127.0.0.1`,
    ...transportConfig(transport, tlsFolder),
    "allow_anonymous true",
    "persistence false",
    "log_type none",
    "set_tcp_nodelay true",
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "max_connections -1",
  ].join("\n");
}

/** What `transport` adds to a listener. */
function transportConfig(transport: Transport, tlsFolder: string): string[] {
  switch (transport) {
    case "tcp":
      return [];
    case "websocket":
      return ["protocol websockets"];
    case "tls":
      return [`certfile ${tlsFolder}/server.crt`, `keyfile ${tlsFolder}/server.key`];
  }
}

function midgeConfig(port: number, transport: Transport, tlsFolder: string): string {
  return [
    "user root",
    `listener ${port} 127.0.0.1`,
    ...transportConfig(transport, tlsFolder),
    "allow_anonymous true",
  ].join("\n");
}

/** Windows and queues without limits, as Mosquitto has them here. @returns the path of the configuration. */
function writeDurableConfig(port: number, folder: string, durability: Durability): string {
  const path = `${folder}/midge-${port}.yaml`;
  Deno.writeTextFileSync(
    path,
    `user: root
listeners: [{ port: ${port}, hostnames: [127.0.0.1], allowAnonymous: true }]
limits: { maximumInflightMessages: 65535, maximumQueuedMessages: unlimited, maximumQueuedBytes: unlimited }
persistence: { durability: ${durability}, directory: ${folder}/store-${port} }
logging: { destinations: [] }
`,
  );
  return path;
}

export const BROKERS: Readonly<Record<BrokerName, Broker>> = {
  midge: {
    name: "midge",
    commandOf: (port, transport, tlsFolder, durability) =>
      durability !== undefined
        ? `${startCommand()} -q -c ${shellQuote(writeDurableConfig(port, tlsFolder, durability))}`
        : transport === "tcp"
        ? `${startCommand()} -p ${port}`
        : `${startCommand()} -q -c /dev/fd/3 3<<'END'\n${
          midgeConfig(port, transport, tlsFolder)
        }\nEND`,
    readVersion: async () => {
      if (!await fileExists(new URL("main.ts", REPOSITORY))) return undefined;
      return (await readDenoJson()).version;
    },
  },
  mosquitto: {
    name: "mosquitto",
    commandOf: (port, transport, tlsFolder) =>
      `mosquitto -c /dev/fd/3 3<<'END'\n${mosquittoConfig(port, transport, tlsFolder)}\nEND`,
    readVersion: async () => {
      const help = await readOutput("mosquitto", ["-h"]);
      return /mosquitto version (\S+)/.exec(help ?? "")?.[1];
    },
  },
  aedes: {
    name: "aedes",
    commandOf: (port) =>
      `${deno} run --no-lock --allow-net --allow-env tests/bench/aedes_broker.ts ${port}`,
    readVersion: async () => (await readDenoJson()).imports["aedes"]?.split("@").at(-1),
  },
};

/** What `deno task start` runs, without the task in between. */
function startCommand(): string {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", REPOSITORY)));
  return (tasks.start.command as string).replace(/^deno\b/, deno);
}

async function readDenoJson(): Promise<{ version: string; imports: Record<string, string> }> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", REPOSITORY)));
}

async function fileExists(url: URL): Promise<boolean> {
  try {
    return (await Deno.stat(url)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What a command prints, or undefined if there is no such command. */
export async function readOutput(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(command, { args, stdin: "null", stderr: "null" })
      .output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
