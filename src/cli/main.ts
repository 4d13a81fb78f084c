// The command line: arguments in, exit code out.

import { writeText } from "../observe/console.ts";
import { VERSION } from "../server/version.ts";
import { ExitCode } from "./exit_code.ts";
import { readOptions, type StartOptions } from "./options.ts";
import { start } from "./start.ts";

const HELP = `midge ${VERSION}, an MQTT broker: MQTT 5.0, 3.1.1 and 3.1

Usage: midge [start] [options]       run the broker
       midge check -c FILE           check a configuration and the files it names
       midge passwd [options] FILE   make and change password files, as mosquitto_passwd
       midge acl test [options] …    say what an ACL file allows, and by which line

  -c, --config FILE  configuration: mosquitto.conf as it is, or YAML
  -p, --port PORT    listen on this TCP port (default 1883; 0 takes a free one)
  -v, --verbose      log debug messages too
  -q, --quiet        log nothing
      --test-config  check the configuration and end, as midge check
      --version      print the version and end
  -h, --help         print this and end

Without a configuration it listens on this machine only (127.0.0.1 and ::1) and lets everybody there in.
`;

/** Runs midge with `args`; resolves with the exit code when it ends. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "passwd":
      return await (await import("./passwd.ts")).passwd(rest);
    case "acl":
      return await acl(rest);
    case "check":
      return await run([...rest, "--test-config"]);
    case "start":
      return await run(rest);
    default:
      return await run(args);
  }
}

async function run(args: readonly string[]): Promise<number> {
  let options: StartOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (options.help) return print(HELP);
  if (options.version) return print(`midge version ${VERSION}\n`);
  if (!options.testsConfig) return await start(options);
  if (options.configPath === undefined) {
    return refuse("There is no configuration to check: name one with -c.");
  }
  return await (await import("./check.ts")).check(options.configPath, options.port);
}

async function acl([command, ...rest]: readonly string[]): Promise<number> {
  if (command !== "test") return refuse("Write midge acl test, and what is to be tested.");
  return (await import("./acl_decide.ts")).aclTest(rest);
}

function refuse(message: string): number {
  writeText("stderr", `Error: ${message} Try --help.\n`);
  return ExitCode.BadConfiguration;
}

function print(text: string): number {
  writeText("stdout", text);
  return ExitCode.Success;
}
