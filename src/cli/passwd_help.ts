// The help text of `midge passwd`. Its arguments are read by passwd_options.ts, as mosquitto_passwd reads them.

import type { Command } from "commander";
import { DEFAULT_ITERATIONS } from "./passwd_hash.ts";

export function definePasswd(command: Command): void {
  command.description(
    "Makes and changes password files, for midge and for Mosquitto.\n" +
      "Without -D and -U it sets the password of USER, and asks for it twice.",
  ).usage(
    "[-H HASH] [-I N] [-c | -D] FILE USER\n" +
      "       midge passwd [-H HASH] [-I N] [-c] -b FILE USER PASSWORD\n" +
      "       midge passwd [-H HASH] [-I N] -U FILE",
  )
    .option(
      "-c",
      'make a new file; one that is there is overwritten ("-" for FILE: standard output)',
    )
    .option(
      "-b",
      "take the password from the command line, where others on this machine may see it",
    )
    .option("-D", "delete USER instead")
    .option(
      "-U",
      "hash the passwords of a file that has them in plain text; hashes stay as they are",
    )
    .option(
      "-H <HASH>",
      "sha512-pbkdf2 (default), argon2id (Mosquitto 2.1 and later) or sha512 (only for old ones)",
    )
    .option(
      "-I <N>",
      `iterations of sha512-pbkdf2 (default ${DEFAULT_ITERATIONS}); each connect costs as much more`,
    );
}
