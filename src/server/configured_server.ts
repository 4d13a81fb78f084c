// ConfiguredServer: a Server as a configuration says it, and how it takes up a changed one.
//
//   files -> readConfig -> Config -> AccessFiles, listeners -> Server
//                reload: all of it is read and checked first; then passwords and rules are replaced, and
//                what can't change while the broker runs is said to need a restart

import { join } from "node:path";
import type { Log, LogLevel } from "../broker/ports.ts";
import {
  ConfigError,
  type ConfigNote,
  formatLocation,
  formatNote,
  formatProblemAsMosquitto,
} from "../config/config_error.ts";
import { type ConfigChange, findChanges } from "../config/config_changes.ts";
import type { ConfigIO, ReadResult } from "../config/config_io.ts";
import { readConfig } from "../config/read_config.ts";
import type { Config } from "../config/schema.ts";
import type { ListenAddress } from "../transport/address.ts";
import {
  type AccessContents,
  AccessFilesError,
  bridgeAclFile,
  readAccessFiles,
} from "./access_files.ts";
import { AccessReview } from "./access_review.ts";
import { findAccessWarnings } from "./access_warnings.ts";
import type { BridgeTls } from "../bridge/settings.ts";
import { readBridgeTls } from "./bridge_tls_files.ts";
import { findBridgeLoops } from "./bridge_loops.ts";
import { bridgePlans } from "./configured_bridges.ts";
import { ReplaceableRules } from "./listener_access.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { type CommandLinePorts, withPorts } from "./command_line_ports.ts";
import { findAddresses } from "./listener_addresses.ts";
import { ConfiguredListeners, type ListenerPlan } from "./configured_listeners.ts";
import { findUnreadableFolders } from "./listener_layers.ts";
import type { ListenerChange } from "./listener_set.ts";
import { PasswordGuessLimit, type PasswordGuessLimitOptions } from "./password_guess_limit.ts";
import type { Persistence, PersistenceOptions } from "./persistence.ts";
import { type BrokerSettings, Server } from "./server.ts";
import { readTlsFiles, type TlsContents, TlsFilesError } from "./tls_files.ts";

/** A configuration with everything that it names, read and checked; nothing has taken effect. */
export interface LoadedConfiguration {
  readonly config: Config;
  readonly contents: AccessContents;
  /** Certificates and keys of the TLS listeners. */
  readonly tls: ReadonlyMap<string, TlsContents>;
  /** Certificates and keys of the bridges. */
  readonly bridgeTls: ReadonlyMap<string, BridgeTls>;
  /** Sentences that the operator should read. */
  readonly notes: readonly { readonly level: LogLevel; readonly text: string }[];
  /** Where the values stand. */
  readonly find: ReadResult["find"];
}

/** Every mistake of a configuration and the files it names, a sentence each. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly string[];
  readonly about: ConfigurationPart;

  constructor(problems: readonly string[], about: ConfigurationPart) {
    super(problems.join("\n"));
    this.problems = problems;
    this.about = about;
  }
}

/**
 * What is wrong: a password or ACL file, the configuration itself, or nothing but certificates and keys. Of
 * several, the first: what Mosquitto does depends on it.
 */
export type ConfigurationPart = "access files" | "configuration" | "certificates";

/**
 * Reads the configuration file `path` and the files that it names.
 * @param ports those of the command line: see {@link withPorts}.
 * @param beforeAccessFiles what is to be done when the configuration is known, and before any other file is
 * read; gives notes.
 * @throws {ConfigurationError}
 */
export async function loadConfiguration(
  path: string,
  io: ConfigIO,
  ports: CommandLinePorts = [],
  beforeAccessFiles: (config: Config) => Promise<LoadedConfiguration["notes"]> = () =>
    Promise.resolve([]),
): Promise<LoadedConfiguration> {
  try {
    const written = await readConfig(path, io);
    const { config, notes: ofPorts } = withPorts(written.config, ports, path);
    const ofStart = await beforeAccessFiles(config);
    const { contents, tls, bridges } = await readFiles(config, io);
    const warnings = [...contents.warnings, ...await findAccessWarnings(config, contents, io)];
    return {
      config,
      find: written.find,
      contents,
      tls,
      bridgeTls: bridges.tls,
      notes: [
        ...[...written.notes, ...ofPorts].map((note) => ({
          level: levelOf(note),
          text: formatNote(note),
        })),
        ...ofStart,
        ...[
          ...warnings,
          ...[...tls.values()].flatMap((each) => each.warnings),
          ...bridges.warnings,
          ...findBridgeLoops(config).map(({ bridge, text }) => {
            const location = written.find(["bridges", bridge])?.location;
            return location === undefined ? text : `${formatLocation(location)}: ${text}`;
          }),
        ].map((text) => ({ level: "warning" as const, text })),
      ],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigurationError(error.problems.map(formatProblemAsMosquitto), "configuration");
  }
}

/** The files that a configuration names. @throws {ConfigurationError} with what is wrong in all of them. */
async function readFiles(
  config: Config,
  io: ConfigIO,
): Promise<
  Pick<LoadedConfiguration, "contents" | "tls"> & {
    readonly bridges: Awaited<ReturnType<typeof readBridgeTls>>;
  }
> {
  const problems: string[] = [];
  const parts: ConfigurationPart[] = [];
  const note = (part: ConfigurationPart, found: readonly string[]) => {
    problems.push(...found.map((problem) => `Error: ${problem}`));
    parts.push(part);
  };
  const contents = await readAccessFiles(config, io).catch((error) => {
    if (!(error instanceof AccessFilesError)) throw error;
    note("access files", error.problems);
  });
  const folders = await findUnreadableFolders(config, io);
  if (folders.length > 0) note("configuration", folders);
  const wrongCertificates = (error: unknown) => {
    if (!(error instanceof TlsFilesError)) throw error;
    note("certificates", error.problems);
  };
  const tls = await readTlsFiles(config, io).catch(wrongCertificates);
  const bridges = await readBridgeTls(config, io).catch(wrongCertificates);
  const [part] = parts;
  if (part === undefined) return { contents: contents!, tls: tls!, bridges: bridges! };
  throw new ConfigurationError(problems, part);
}

/** From the section on logging to what makes it hold; either may throw. */
export type PrepareLog = (logging: Config["logging"]) => Promise<() => void>;

export class ConfiguredServer implements AsyncDisposable {
  readonly server: Server;
  readonly #path: string;
  readonly #ports: CommandLinePorts;
  readonly #io: ConfigIO;
  readonly #log: Log;
  readonly #guessLimit: PasswordGuessLimit;
  readonly #listeners: ConfiguredListeners;
  readonly #certificates: CertificateWatch;
  /** For bridges that have a user name. */
  readonly #bridgeRules = new ReplaceableRules();
  #loaded: LoadedConfiguration;
  #isStopping = false;

  private constructor(
    path: string,
    loaded: LoadedConfiguration,
    addresses: readonly (readonly ListenAddress[])[],
    io: ConfigIO,
    log: Log,
    ports: CommandLinePorts,
    persistence: Persistence | undefined,
  ) {
    const { config } = loaded;
    this.#path = path;
    this.#ports = ports;
    this.#io = io;
    this.#log = log;
    this.#loaded = loaded;
    this.#guessLimit = new PasswordGuessLimit({ ...guessingOf(config), log });
    this.#listeners = new ConfiguredListeners({ guessLimit: this.#guessLimit, log });
    const plan = this.#listeners.plan(config, addresses, loaded);
    const options = { log, ...settingsOf(config), listeners: plan.listeners };
    this.server = Server.start(options, persistence);
    plan.commit();
    this.#certificates = new CertificateWatch(log);
    this.#watchCertificates();
  }

  /**
   * Starts a broker as `loaded` says. It serves when this resolves.
   *
   * @param path where `loaded` came from, with `ports`: a reload reads it again.
   * @throws {Deno.errors.AddrInUse | Deno.errors.PermissionDenied | Error} as `Server.start`; if several
   * addresses can't be had, an AggregateError of them.
   */
  static async start(
    path: string,
    loaded: LoadedConfiguration,
    io: ConfigIO,
    log: Log,
    ports: CommandLinePorts = [],
  ): Promise<ConfiguredServer> {
    const addresses = await findAddresses(loaded.config);
    if (loaded.config.bridges.length > 0) await Server.loadBridges();
    const wanted = persistenceOf(loaded.config);
    const persistence = wanted && await Server.openPersistence(wanted, log);
    try {
      const configured = new ConfiguredServer(
        path,
        loaded,
        addresses,
        io,
        log,
        ports,
        persistence,
      );
      await configured.#configureBridges();
      return configured;
    } catch (error) {
      await persistence?.close();
      throw error;
    }
  }

  /**
   * Reads the configuration again. If anything in it is wrong, or an address can't be had, everything stays
   * as it is; else all of it holds, as far as it can while the broker runs. Clients that could not log in
   * again as they did are disconnected with 0x87, those of listeners that are gone with 0x98.
   *
   * @param prepareLog makes what takes up the section on logging, and may throw: nothing has changed then.
   * @throws {ConfigurationError | Error}
   */
  async reload(prepareLog?: PrepareLog): Promise<void> {
    this.#log.write("notice", "Reloading config.");
    const loaded = await loadConfiguration(this.#path, this.#io, this.#ports);
    if (this.#isStopping) return;
    for (const { level, text } of loaded.notes) this.#log.write(level, text);
    const addresses = await findAddresses(loaded.config, this.server.addresses);
    const configureLog = await prepareLog?.(loaded.config.logging);
    const plan = this.#listeners.plan(loaded.config, addresses, loaded);
    const change = await this.#prepare(plan);
    try {
      if (this.#isStopping) return change.rollback();
      configureLog?.();
    } catch (error) {
      change.rollback();
      plan.rollback();
      throw error;
    }
    const changes = findChanges(this.#loaded, loaded);
    this.#apply(loaded, plan, change);
    await this.#configureBridges();
    for (const each of changes) this.#log.write(...lineOf(each));
    this.#log.write("notice", "The configuration is that of the files now.");
  }

  /** In one go: nobody sees half of it. */
  #apply(loaded: LoadedConfiguration, plan: ListenerPlan, change: ListenerChange): void {
    const before = this.#loaded;
    const { config, contents } = loaded;
    this.#loaded = loaded;
    this.#guessLimit.configure(guessingOf(config));
    const replacement = plan.commit();
    change.commit();
    this.server.configure(settingsOf(config));
    this.server.replacePolicies((policy) => replacement.policyFor(policy));
    this.server.endConnections((policy) => replacement.isEnded(policy));
    const review = new AccessReview(before.contents, contents);
    this.server.reviewClients((client, policy) => {
      const listeners = replacement.listenersOf(policy);
      return listeners === undefined || review.mayStay(client, listeners.was, listeners.is);
    });
    this.#bridgeRules.configure(bridgeAclFile(config), contents);
    this.server.accessRulesChanged();
    this.#watchCertificates();
  }

  /** Bridges that are the same as before are not touched. */
  async #configureBridges(): Promise<void> {
    const { config, contents, bridgeTls } = this.#loaded;
    this.#bridgeRules.configure(bridgeAclFile(config), contents);
    await this.server.configureBridges(bridgePlans(config, bridgeTls, this.#bridgeRules));
  }

  #watchCertificates(): void {
    const { config, tls } = this.#loaded;
    this.server.setSysFacts(this.#certificates.watch(config, tls, Date.now()));
  }

  async #prepare(plan: ListenerPlan): Promise<ListenerChange> {
    try {
      return await this.server.prepareListeners(plan.listeners);
    } catch (error) {
      plan.rollback();
      throw error;
    }
  }

  /** What holds now. */
  get config(): Config {
    return this.#loaded.config;
  }

  /** Stops the broker, as {@link Server.stop}. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.server.stop();
    this.#certificates[Symbol.dispose]();
    this.#listeners[Symbol.dispose]();
    this.#guessLimit[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Undefined: nothing is to outlive the process. */
function persistenceOf({ persistence }: Config): PersistenceOptions | undefined {
  const { durability, directory, file, flushIntervalMs } = persistence;
  if (durability === "none") return undefined;
  return { durability, path: join(directory, file), flushIntervalMs };
}

function lineOf({ name, details, takesEffect }: ConfigChange): [LogLevel, string] {
  switch (takesEffect) {
    case "at once":
      return ["notice", `${name}: applied (${details}).`];
    case "for new connections":
      return ["notice", `${name}: applied to new connections (${details}).`];
    case "after a restart":
      return ["warning", `${name}: needs a restart (${details}).`];
  }
}

function settingsOf(config: Config): BrokerSettings {
  return {
    limits: config.limits,
    sysIntervalMs: config.sysIntervalMs,
    checksRetainedOwners: config.access.checkRetainSource,
  };
}

function guessingOf({ access }: Config): PasswordGuessLimitOptions {
  const { enabled, ...guessing } = access.guessing;
  return enabled ? guessing : { ...guessing, freeFailures: Infinity };
}

function levelOf({ level }: ConfigNote): LogLevel {
  return level === "information" ? "info" : level;
}
