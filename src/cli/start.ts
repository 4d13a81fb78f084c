// `midge [start]`: runs the broker, with or without a configuration file.

import type { Log } from "../broker/ports.ts";
import { writeText } from "../observe/console.ts";
import { LineLog } from "../observe/line_log.ts";
import { LogSinks } from "../observe/log_sinks.ts";
import { levelsOf, logSettingsOf } from "../server/log_settings.ts";
import { Server } from "../server/server.ts";
import { hasIPv6 } from "../transport/ipv6.ts";
import { VERSION } from "../server/version.ts";
import { ExitCode } from "./exit_code.ts";
import { describeEphemeral, untilParentEnds } from "./ephemeral.ts";
import { describeAccess, EVERYBODY_HERE, greeting, LOCAL } from "./greeting.ts";
import type { StartOptions } from "./options.ts";
import { openServiceManager, serviceStatus } from "./service.ts";
import { type Signalled, Signals } from "./signals.ts";

const DEFAULT_PORT = 1883;

/** What runs, until a signal ends it. */
interface Running extends Signalled {
  readonly log: LineLog;
  readonly greeting: string;
  /** What --ephemeral prints. */
  description(): string;
  /** For who watches over the process: a line. */
  status(): string;
  stop(): Promise<void>;
}

/** Resolves with the exit code when the broker has ended. */
export async function start(options: StartOptions): Promise<number> {
  const signals = new Signals(); // before anything that takes time: none may be lost
  const running = options.configPath === undefined
    ? startLocally(options)
    : await startConfigured(options.configPath, options, () => signals.requestReload());
  if (typeof running === "number") return running;
  const { log } = running;
  globalThis.addEventListener("error", () => log.flush()); // our own mistake: its lines are needed
  const service = openServiceManager(log);
  const status = () => running.status();
  const ended = signals.until({
    log,
    logSessions: () => running.logSessions(),
    save: () => running.save(),
    reload: async () => {
      service?.reloading();
      try {
        return await running.reload();
      } finally {
        service?.ready(status);
      }
    },
  });
  log.write("info", `midge version ${VERSION} running`);
  if (options.isEphemeral) {
    writeText("stdout", running.description());
    void untilParentEnds((why) => signals.end(why));
  } else if (!options.isQuiet) writeText("stdout", running.greeting); // whoever reads it may send signals
  service?.ready(status);
  const wanted = await ended;
  service?.stopping();
  const exitCode = await stopped(running, wanted);
  log.write("info", `midge version ${VERSION} terminating`);
  await service?.close();
  await log.close();
  return exitCode;
}

/** Stops what runs. @returns the exit code: `exitCode`, unless something could not be stored. */
async function stopped(running: Running, exitCode: number): Promise<number> {
  try {
    await running.stop();
    return exitCode;
  } catch (error) {
    if (!(error instanceof Error && error.name === "StoreError")) throw error;
    running.log.write("error", `${error.message}. Nobody was told that it was.`);
    return exitCode === ExitCode.Success ? ExitCode.StartFailed : exitCode;
  }
}

/** Without a configuration: this machine only, and everybody on it. */
function startLocally(options: StartOptions): Running | number {
  const levels = levelsOf(["error", "warning", "notice", "information"], options);
  const log = new LineLog(
    { levels, destinations: options.isQuiet ? [] : ["stderr"] },
    new LogSinks(),
  );
  logStart(log, "Using default config.");
  const [port = options.isEphemeral ? 0 : DEFAULT_PORT, ...otherPorts] = options.ports;
  try {
    const server = Server.start({
      port,
      otherPorts,
      hostname: LOCAL,
      otherHostnames: hasIPv6() ? ["::1"] : [],
      log,
    });
    return {
      log,
      greeting: greeting(server, EVERYBODY_HERE),
      description: () => describeEphemeral(server),
      reload: () => {
        log.write("notice", "SIGHUP: there is no configuration to read again.");
        return Promise.resolve(undefined);
      },
      logSessions: () => server.logSessions(),
      save: () => server.save(),
      status: () => serviceStatus(server),
      stop: () => server.stop(),
    };
  } catch (error) {
    return startFailed(error);
  }
}

async function startConfigured(
  path: string,
  options: StartOptions,
  requestReload: () => void,
): Promise<Running | number> {
  // The configuration's libraries take 80 ms to load: only who needs them waits for them.
  const { ConfigurationError, ConfiguredServer, loadConfiguration } = await import(
    "../server/configured_server.ts"
  );
  const { DENO_IO } = await import("../config/config_io.ts");
  const { dropPrivileges, setDamagedStoreAside, writePidFile } = await import(
    "./start_configured.ts"
  );
  const { FileWatch } = await import("../server/file_watch.ts");
  const { RecordingIO } = await import("../server/recording_io.ts");
  const io = new RecordingIO(DENO_IO);
  let opened: LineLog | undefined = undefined;
  try {
    const ports = options.isEphemeral ? "ephemeral" : options.ports;
    const loaded = await loadConfiguration(path, io, ports, dropPrivileges(path));
    io.end(true);
    let settings = await logSettingsOf(loaded.config.logging, options);
    const sinks = new LogSinks();
    const log = opened = new LineLog(settings, sinks);
    logStart(log, `Config loaded from ${path}.`);
    for (const { level, text } of loaded.notes) log.write(level, text);
    if (options.setsDamagedStoreAside) setDamagedStoreAside(loaded.config, log);
    const configured = await ConfiguredServer.start(path, loaded, io, log, ports);
    const { server } = configured;
    sinks.publishTo((lines) => server.publishLog(lines));
    const watch = new FileWatch(io, log, requestReload);
    watch.update(loaded.config.reload.watch);
    const removePidFile = writePidFile(loaded.config.pidFile);
    return {
      log,
      greeting: greeting(server, describeAccess(loaded.config), { path, config: loaded.config }),
      description: () => describeEphemeral(server, loaded.config),
      reload: async () => {
        let isWhole = false;
        io.begin();
        try {
          log.configure(settings); // opens its files anew, whatever comes of the rest
          await configured.reload(async (logging) => {
            const next = await logSettingsOf(logging, options);
            return () => {
              log.configure(next);
              settings = next;
            };
          });
          isWhole = true;
        } catch (error) {
          if (!(error instanceof ConfigurationError)) { // a log file, or an address, that can't be had
            for (const what of reasonsOf(error)) {
              log.write("error", `Unable to reload: ${what}. Everything stays as it was.`);
            }
            return undefined;
          }
          for (const problem of error.problems) log.write("error", withoutError(problem));
          const isAboutAccess = error.about === "access files";
          if (configured.config.reload.onBadAccessFile === "exit" && isAboutAccess) {
            return ExitCode.BadConfiguration; // as Mosquitto 2.1
          }
          log.write("error", "Nothing of the new configuration is used: the old one goes on.");
        } finally {
          io.end(isWhole);
          watch.update(configured.config.reload.watch);
        }
        return undefined;
      },
      logSessions: () => server.logSessions(),
      save: () => server.save(),
      status: () => serviceStatus(server),
      stop: async () => {
        watch[Symbol.dispose]();
        await configured.stop();
        removePidFile();
      },
    };
  } catch (error) {
    opened?.flush();
    if (!(error instanceof ConfigurationError)) return startFailed(error);
    for (const problem of error.problems) writeText("stderr", `Error: ${withoutError(problem)}\n`);
    // Certificates are opened when the listeners are, with Mosquitto: that is its code.
    return error.about === "certificates" ? ExitCode.StartFailed : ExitCode.BadConfiguration;
  }
}

/** As Mosquitto begins its log. */
function logStart(log: Log, configuration: string): void {
  log.write("info", `midge version ${VERSION} starting`);
  log.write("info", configuration);
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(reasonsOf);
  return [error instanceof Error ? error.message.replace(/\.$/, "") : String(error)];
}

function withoutError(problem: string): string {
  return problem.replace(/^Error: /, "");
}

function startFailed(error: unknown): number {
  const errors = error instanceof AggregateError ? error.errors : [error];
  for (const each of errors) writeText("stderr", `Error: ${startFailure(each)}\n`);
  return ExitCode.StartFailed;
}

/** Errors whose message is for the operator. */
const SAYS_IT_ITSELF = ["PidFileError", "StoreError", "UserError"];

function startFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.AddrInUse) {
    const isPort = message.startsWith("Port ");
    const or = isPort ? "choose another port with -p" : "choose another path";
    return `${message}: stop the other program, or ${or}.`;
  }
  if (error instanceof Error && SAYS_IT_ITSELF.includes(error.name)) {
    return message;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const isPort = /:\d+: /.test(message);
    const allow = "choose one above 1023, or allow it (setcap 'CAP_NET_BIND_SERVICE=+ep')";
    return isPort ? `The port may not be used by this user: ${allow}. ${message}` : `${message}.`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `Deno was started without a permission that this needs: ${message}.`;
  }
  return message.startsWith("Unable to ") ? `${message}.` : `Unable to start: ${message}`;
}
