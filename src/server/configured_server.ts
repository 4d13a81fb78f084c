// ConfiguredServer: a Server as a configuration says it, and how it takes up a changed one.
//
//   files -> readConfig -> Config -> AccessFiles, listeners -> Server
//                reload: all of it is read and checked first; then passwords and rules are replaced, and
//                what can't change while the broker runs is said to need a restart

import { DEFAULT_POLICY, type ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log, LogLevel } from "../broker/ports.ts";
import {
  ConfigError,
  type ConfigNote,
  formatNote,
  formatProblemAsMosquitto,
} from "../config/config_error.ts";
import type { ConfigIO } from "../config/config_io.ts";
import { readConfig } from "../config/read_config.ts";
import { type Config, limitsOf, type Listener } from "../config/schema.ts";
import type { ListenAddress } from "../transport/address.ts";
import type { ListenerOptions } from "../transport/listener.ts";
import {
  type AccessContents,
  AccessFiles,
  AccessFilesError,
  readAccessFiles,
} from "./access_files.ts";
import { findAccessWarnings } from "./access_warnings.ts";
import { withPorts } from "./command_line_ports.ts";
import { findAddresses } from "./listener_addresses.ts";
import { findUnreadableFolders, ListenerLayers } from "./listener_layers.ts";
import { Server } from "./server.ts";
import { readTlsFiles, type TlsContents, TlsFilesError } from "./tls_files.ts";

/** A configuration with everything that it names, read and checked; nothing has taken effect. */
export interface LoadedConfiguration {
  readonly config: Config;
  readonly contents: AccessContents;
  /** Certificates and keys of the TLS listeners. */
  readonly tls: ReadonlyMap<string, TlsContents>;
  /** Sentences that the operator should read. */
  readonly notes: readonly { readonly level: LogLevel; readonly text: string }[];
}

/** Every mistake of a configuration and the files it names, a sentence each. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly string[];
  /** Whether it is a password or ACL file that is wrong, not the configuration itself. */
  readonly isAboutAccessFiles: boolean;

  constructor(problems: readonly string[], isAboutAccessFiles: boolean) {
    super(problems.join("\n"));
    this.problems = problems;
    this.isAboutAccessFiles = isAboutAccessFiles;
  }
}

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
  ports: readonly number[] = [],
  beforeAccessFiles: (config: Config) => Promise<LoadedConfiguration["notes"]> = () =>
    Promise.resolve([]),
): Promise<LoadedConfiguration> {
  try {
    const written = await readConfig(path, io);
    const { config, notes: ofPorts } = withPorts(written.config, ports, path);
    const ofStart = await beforeAccessFiles(config);
    const contents = await readAccessFiles(config, io);
    const warnings = [...contents.warnings, ...await findAccessWarnings(config, contents, io)];
    const tls = await readTlsFiles(config, io);
    const folders = await findUnreadableFolders(config, io);
    if (folders.length > 0) {
      throw new ConfigurationError(folders.map((problem) => `Error: ${problem}`), false);
    }
    return {
      config,
      contents,
      tls,
      notes: [
        ...[...written.notes, ...ofPorts].map((note) => ({
          level: levelOf(note),
          text: formatNote(note),
        })),
        ...ofStart,
        ...warnings.map((text) => ({ level: "warning" as const, text })),
      ],
    };
  } catch (error) {
    if (error instanceof ConfigError) {
      throw new ConfigurationError(error.problems.map(formatProblemAsMosquitto), false);
    }
    if (error instanceof TlsFilesError) {
      throw new ConfigurationError(error.problems.map((problem) => `Error: ${problem}`), false);
    }
    if (error instanceof AccessFilesError) {
      throw new ConfigurationError(error.problems.map((problem) => `Error: ${problem}`), true);
    }
    throw error;
  }
}

export class ConfiguredServer implements AsyncDisposable {
  readonly server: Server;
  readonly #path: string;
  readonly #ports: readonly number[];
  readonly #io: ConfigIO;
  readonly #log: Log;
  readonly #access: AccessFiles;
  readonly #config: Config;
  readonly #layers: ListenerLayers;
  /** Which listener a policy is of. */
  readonly #listeners = new Map<ListenerPolicy, Listener>();

  private constructor(
    path: string,
    loaded: LoadedConfiguration,
    addresses: readonly (readonly ListenAddress[])[],
    io: ConfigIO,
    log: Log,
    ports: readonly number[],
  ) {
    const { config, contents } = loaded;
    this.#path = path;
    this.#ports = ports;
    this.#io = io;
    this.#log = log;
    this.#config = config;
    this.#layers = new ListenerLayers(loaded.tls, log);
    this.#access = new AccessFiles(config, contents, log);
    this.server = Server.start({
      log,
      limits: config.limits,
      sysIntervalMs: config.sysIntervalMs,
      checksRetainedOwners: config.access.checkRetainSource,
      listeners: config.listeners.map((listener, i) => this.#optionsOf(listener, addresses[i]!)),
    });
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
    ports: readonly number[] = [],
  ): Promise<ConfiguredServer> {
    const addresses = await findAddresses(loaded.config);
    return new ConfiguredServer(path, loaded, addresses, io, log, ports);
  }

  /**
   * Reads the configuration again. If anything in it is wrong, everything stays as it is; else passwords and
   * access rules are replaced, and the Clients of users who are gone or have another password now are
   * disconnected.
   *
   * @throws {ConfigurationError}
   */
  async reload(): Promise<void> {
    this.#log.write("notice", "Reloading config.");
    const { config, contents, tls, notes } = await loadConfiguration(
      this.#path,
      this.#io,
      this.#ports,
    );
    for (const { level, text } of notes) this.#log.write(level, text);
    for (const path of changedPaths(this.#config, config)) {
      this.#log.write("warning", `${path} has changed: that needs a restart.`);
    }
    const review = this.#access.replace(contents);
    this.server.accessRulesChanged();
    this.server.reviewClients((client, policy) => {
      const listener = this.#listeners.get(policy);
      return listener === undefined || review.mayStay(client, listener, listener);
    });
    this.#layers.replace(tls);
    this.#log.write("notice", "Passwords and access rules are those of the files now.");
  }

  /** Stops the broker, as {@link Server.stop}. */
  async stop(): Promise<void> {
    await this.server.stop();
    this.#access[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #optionsOf(listener: Listener, addresses: readonly ListenAddress[]): ListenerOptions {
    const { maximumConnections } = listener;
    const layers = this.#layers.of(listener);
    return { addresses, policy: this.#policyFor(listener), maximumConnections, layers };
  }

  #policyFor(listener: Listener): ListenerPolicy {
    const policy: ListenerPolicy = {
      ...DEFAULT_POLICY,
      limits: limitsOf(this.#config, listener),
      authenticator: this.#access.authenticatorFor(listener),
      authorizer: this.#access.authorizerFor(listener),
      acceptedVersions: listener.acceptedVersions,
      assignsClientIds: listener.assignsClientIds,
      autoIdPrefix: listener.autoIdPrefix,
      clientIdPrefixes: listener.clientIdPrefixes.length === 0
        ? undefined
        : listener.clientIdPrefixes,
      usesUserNameAsClientId: listener.usesUserNameAsClientId,
      mountPoint: listener.mountPoint,
    };
    this.#listeners.set(policy, listener);
    return policy;
  }
}

function levelOf({ level }: ConfigNote): LogLevel {
  return level === "information" ? "info" : level;
}

/** Where two configurations differ: `limits.maximumPacketSize`. */
function changedPaths(before: unknown, after: unknown, path: string = ""): string[] {
  if (Object.is(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) =>
    changedPaths(before[key], after[key], path === "" ? key : `${path}.${key}`)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
