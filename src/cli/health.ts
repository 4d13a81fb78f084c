// `midge health`: asks a running broker for a sign of life, for HEALTHCHECK and the like. It says the first words
// of each listener's protocol; whoever answers them, and be it with a refusal or an orderly end, is alive: a
// process that hangs does neither, though the system goes on accepting connections for it.

import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Command } from "commander";
import { ConfigError, formatProblem } from "../config/config_error.ts";
import { readConfig } from "../config/read_config.ts";
import type { Config } from "../config/schema.ts";
import { encodePacket } from "../packet/encode.ts";
import { PacketType } from "../packet/packet_type.ts";
import { findAddresses } from "../server/listener_addresses.ts";
import { type ListenAddress, showListenAddress } from "../transport/address.ts";
import type { Session } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";
import { addPort } from "./options.ts";

const DEFAULT_SECONDS = 5;
const CONNACK = PacketType.Connack << 4;

/** A listener, as one who comes to it has to know it. */
export interface HealthTarget {
  readonly address: ListenAddress;
  readonly protocol: "mqtt" | "websockets";
  readonly tls: boolean;
}

interface HealthOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly timeout?: string;
}

export function defineHealth(command: Command, session: Session): void {
  command.description(
    "Asks a running broker for a sign of life: each listener of CONFIG, or one. Ends with 0 if all of them\n" +
      "answer, be it with a refusal, else with 1. Certificates are not checked, and no password is sent.",
  ).usage("[-c CONFIG | --host HOST -p PORT] [--timeout SECONDS]")
    .option("-c, --config <CONFIG>", "the configuration of the broker: all its listeners are asked")
    .option("--host <HOST>", "without -c: where the broker is (default: 127.0.0.1)")
    .option("-p, --port <PORT>", "without -c: TCP port (default: 1883)")
    .option("--timeout <SECONDS>", `how long it may take to answer (default: ${DEFAULT_SECONDS})`)
    .action(async (options: HealthOptions) => {
      session.exitCode = await checkHealth(options, session);
    });
}

async function checkHealth(options: HealthOptions, session: Session): Promise<number> {
  let targets: readonly HealthTarget[];
  let timeoutMs: number;
  try {
    timeoutMs = readTimeoutMs(options.timeout);
    targets = await findTargets(options);
  } catch (error) {
    const problems = error instanceof ConfigError
      ? error.problems.map(formatProblem)
      : [`${(error as Error).message} Try midge health --help.`];
    for (const problem of problems) session.printError(`Error: ${problem}\n`);
    return ExitCode.BadConfiguration;
  }
  const answers = await Promise.allSettled(targets.map((each) => askForLife(each, timeoutMs)));
  let exitCode: number = ExitCode.Success;
  for (const [i, answer] of answers.entries()) {
    const where = showListenAddress(targets[i]!.address);
    if (answer.status === "fulfilled") session.print(`${where} ${answer.value}.\n`);
    else {
      session.printError(`Error: ${where} ${(answer.reason as Error).message}.\n`);
      exitCode = ExitCode.StartFailed;
    }
  }
  return exitCode;
}

function readTimeoutMs(text: string = `${DEFAULT_SECONDS}`): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds > 0 && seconds <= 3_600) return seconds * 1_000;
  throw new Error(`Invalid timeout (${text}). Write seconds, up to 3600.`);
}

async function findTargets({ config, host, port }: HealthOptions): Promise<HealthTarget[]> {
  if (config !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new Error("-c says where: leave the rest out.");
    }
    return await targetsOf((await readConfig(config)).config);
  }
  const ports: number[] = [];
  addPort(ports, port ?? "1883");
  const address = { hostname: host ?? "127.0.0.1", port: ports[0]! };
  return [{ address, protocol: "mqtt", tls: false }];
}

/** Every listener of `config`, by an address of its own on this machine. */
export async function targetsOf(config: Config): Promise<HealthTarget[]> {
  const targets = await Promise.all(
    config.listeners.map(async (listener): Promise<HealthTarget[]> => {
      const addresses = listener.kind === "unix"
        ? [{ path: listener.path }]
        : (await findAddresses({ ...config, listeners: [listener] })).flat();
      const { protocol, tls } = listener;
      return addresses.map((address) => ({
        address: reachable(address),
        protocol,
        tls: tls !== null,
      }));
    }),
  );
  return targets.flat();
}

/** Nobody connects to "everywhere". */
function reachable(address: ListenAddress): ListenAddress {
  if ("path" in address) return address;
  const { hostname, port, isIPv6Only = false } = address;
  if (hostname !== "0.0.0.0" && hostname !== "::") return address;
  return { hostname: isIPv6Only ? "::1" : "127.0.0.1", port };
}

/** Resolves with what the listener did, in words; rejects with what it did not. */
export function askForLife(
  { address, protocol, tls }: HealthTarget,
  timeoutMs: number,
): Promise<string> {
  const where = "path" in address
    ? { path: address.path }
    : { host: address.hostname, port: address.port };
  const words = protocol === "mqtt" ? connectBytes() : new TextEncoder().encode(HTTP_REQUEST);
  const socket: Socket = tls
    ? connectTls({ ...where, rejectUnauthorized: false })
    : connectTcp(where);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let isConnected = false;
  const timer = setTimeout(
    () => reject(new Error(`does not answer within ${timeoutMs / 1_000} s`)),
    timeoutMs,
  );
  socket.once("connect", () => isConnected = true);
  socket.once(tls ? "secureConnect" : "connect", () => void socket.write(words));
  socket.once("data", (bytes: Uint8Array) => resolve(describeAnswer(bytes)));
  socket.once("close", () => resolve("closes the connection: it is alive"));
  socket.on("error", (error) => {
    if (isConnected) resolve(`refuses the connection (${error.message}): it is alive`);
    else reject(new Error(`can't be reached: ${error.message}`));
  });
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

/** A CONNECT that every broker answers; nothing of it is kept. */
function connectBytes(): Uint8Array {
  return encodePacket({
    type: PacketType.Connect,
    version: 4,
    isBridge: false,
    cleanStart: true,
    keepAlive: 60,
    clientId: `midge-health-${crypto.randomUUID().slice(0, 8)}`,
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: {},
  }, 4);
}

const HTTP_REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

function describeAnswer(bytes: Uint8Array): string {
  if (bytes[0] !== CONNACK) return "answers";
  const code = bytes[3] ?? 0;
  return code === 0 ? "answers, and lets me in" : `answers CONNACK ${code}: it is alive`;
}
