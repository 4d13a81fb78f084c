// The commands of midge, a row each. A start must not wait for a library: so this file loads nothing, and a
// command's own file is loaded when it is that command's turn.

import type { Command } from "commander";

/** What a command talks to, and where its exit code goes. */
export interface Session {
  readonly readTextFile: (path: string) => string;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  exitCode: number;
}

export interface CliCommand {
  readonly name: string;
  /** For the list of commands. */
  readonly summary: string;
  /** Says which options and arguments there are, and what is done with them. */
  readonly define: (command: Command, session: Session) => Promise<void>;
  /**
   * For commands that read their arguments as another program does; what `define` says is then only for the
   * help text. Resolves with the exit code.
   */
  readonly run?: (args: readonly string[]) => Promise<number>;
}

/** Beside `start`, which is what midge does without a command. */
export const COMMANDS: readonly CliCommand[] = [
  {
    name: "check",
    summary: "check a configuration and the files it names",
    define: async (...each) => (await import("./check.ts")).defineCheck(...each),
  },
  {
    name: "health",
    summary: "ask a running broker for a sign of life",
    define: async (...each) => (await import("./health.ts")).defineHealth(...each),
  },
  {
    name: "passwd",
    summary: "make and change password files, as mosquitto_passwd",
    define: async (command) => (await import("./passwd_help.ts")).definePasswd(command),
    run: async (args) => await (await import("./passwd.ts")).passwd(args),
  },
  {
    name: "acl",
    summary: "say what an ACL file allows, and by which line",
    define: async (...each) => (await import("./acl_decide.ts")).defineAcl(...each),
  },
  {
    name: "pub",
    summary: "publish, as mosquitto_pub",
    define: async (command) => (await import("./client/tool_help.ts")).definePub(command),
    run: async (args) => await (await import("./client/tools.ts")).pub(args),
  },
  {
    name: "sub",
    summary: "subscribe and print what comes, as mosquitto_sub",
    define: async (command) => (await import("./client/tool_help.ts")).defineSub(command),
    run: async (args) => await (await import("./client/tools.ts")).sub(args),
  },
  {
    name: "top",
    summary: "show what a broker says of itself, live",
    define: async (command) => (await import("./client/own_help.ts")).defineTop(command),
    run: async (args) => {
      const { runOwnTool } = await import("./client/own_tool.ts");
      return await runOwnTool("top", async () => (await import("./top/top.ts")).top(args));
    },
  },
  {
    name: "retained",
    summary: "list and remove retained messages",
    define: async (...each) => (await import("./client/own_help.ts")).defineRetained(...each),
    run: async (args) => {
      const { runOwnTool } = await import("./client/own_tool.ts");
      return await runOwnTool(
        "retained",
        async () => (await import("./retained.ts")).retained(args),
      );
    },
  },
  {
    name: "bench",
    summary: "put load on a broker and measure it",
    define: async (command) => (await import("./client/own_help.ts")).defineBench(command),
    run: async (args) => {
      const { runOwnTool } = await import("./client/own_tool.ts");
      return await runOwnTool("bench", async () => (await import("./bench/bench.ts")).bench(args));
    },
  },
  {
    name: "backup",
    summary: "copy the store of a broker, which may run",
    define: async (...each) => (await import("./backup.ts")).defineBackup(...each),
  },
  {
    name: "restore",
    summary: "put a backup back",
    define: async (...each) => (await import("./backup.ts")).defineRestore(...each),
  },
  {
    name: "import",
    summary: "take over what Mosquitto has kept in its mosquitto.db",
    define: async (...each) => (await import("./import.ts")).defineImport(...each),
  },
  {
    name: "completions",
    summary: "print completions for bash, zsh or fish",
    define: async (...each) => (await import("./completions.ts")).defineCompletions(...each),
  },
];
