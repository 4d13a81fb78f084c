// `midge acl test`: what an ACL file says about one client, one access and one Topic Name, and which line of
// it says so.

import { parseArgs } from "node:util";
import { AclFileError, formatOperatorError, type OperatorError } from "../access/acl_errors.ts";
import { parseAclFile, type ParsedAclFile } from "../access/acl_file.ts";
import type { AclRules } from "../access/acl_rules.ts";
import type { ClientIdentity } from "../access/authorizer.ts";
import { mayPublish } from "../broker/publish_message.ts";
import { writeText } from "../observe/console.ts";
import { parseTopicName, type TopicName } from "../topic/topic_name.ts";

const ExitCode = { Allowed: 0, Denied: 1, BadArguments: 3 } as const;

const HELP = `Usage: midge acl test --acl-file FILE [--user NAME] [--client ID] (read|write) TOPIC

Says whether a client may receive (read) what is published to TOPIC, or publish (write) to it, and
which line of the ACL file decides that.

      --acl-file FILE  the ACL file
  -u, --user NAME      the client's user name; without it, a client that has none
  -i, --client ID      the client identifier, for patterns with %c
  -h, --help           print this and end

Ends with 0 if it is allowed, 1 if it is denied, 3 if the question or the file is wrong.
`;

/** Where text comes from and goes to. */
export interface AclTestIo {
  readonly readTextFile: (path: string) => string;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

export const CONSOLE_IO: AclTestIo = {
  readTextFile: (path) => Deno.readTextFileSync(path),
  print: (text) => writeText("stdout", text),
  printError: (text) => writeText("stderr", text),
};

interface Question {
  readonly path: string;
  readonly client: ClientIdentity;
  readonly access: "read" | "write";
  readonly topicName: TopicName;
}

/** Runs `midge acl test` with the arguments behind these words; returns the exit code. */
export function aclTest(args: readonly string[], io: AclTestIo = CONSOLE_IO): number {
  let question: Question | "help";
  try {
    question = readQuestion(args);
  } catch (error) {
    io.printError(`Error: ${(error as Error).message.split("\n")[0]} Try --help.\n`);
    return ExitCode.BadArguments;
  }
  if (question === "help") {
    io.print(HELP);
    return ExitCode.Allowed;
  }
  const file = readFile(question.path, io);
  return file === undefined ? ExitCode.BadArguments : answer(file, question, io);
}

/** @throws {Error} with a sentence that says what is wrong. */
function readQuestion(args: readonly string[]): Question | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: {
      "acl-file": { type: "string" },
      user: { type: "string", short: "u" },
      client: { type: "string", short: "i" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const path = values["acl-file"];
  if (path === undefined) throw new Error("No ACL file given: write --acl-file FILE.");
  const [access, topic, ...others] = positionals;
  if (access !== "read" && access !== "write") {
    throw new Error(`Unknown access "${access ?? ""}": write read or write.`);
  }
  if (topic === undefined) throw new Error(`No topic given: write ${access} TOPIC.`);
  if (others.length > 0) {
    throw new Error(`One topic at a time: quote it if it is "${[topic, ...others].join(" ")}".`);
  }
  const client = { clientId: values.client ?? "", userName: values.user };
  return { path, client, access, topicName: readTopicName(topic) };
}

/** @throws {Error} with a sentence that says what is wrong. */
function readTopicName(text: string): TopicName {
  try {
    return parseTopicName(text, Infinity);
  } catch {
    throw new Error(`Invalid topic "${text}": write one Topic Name, without + and #.`);
  }
}

function readFile(path: string, io: AclTestIo): ParsedAclFile | undefined {
  let text: string;
  try {
    text = io.readTextFile(path);
  } catch (error) {
    io.printError(`Error: Unable to open acl_file "${path}": ${(error as Error).message}\n`);
    return undefined;
  }
  try {
    return parseAclFile(text, path);
  } catch (error) {
    if (!(error instanceof AclFileError)) throw error;
    io.printError(listOf("Error", error.errors));
    return undefined;
  }
}

function answer({ rules, warnings }: ParsedAclFile, question: Question, io: AclTestIo): number {
  const { client, access, topicName } = question;
  const { path } = rules;
  const { allowed, rule, ...decision } = rules.explain(client, access, topicName);
  if (rule === undefined) {
    io.print(`denied: ${noRule(question, decision)}\n`);
    io.printError(listOf("Warning", warnings)); // one of them may be the reason
    return ExitCode.Denied;
  }
  if (allowed && access === "write" && isTheBrokersOwn(rules, client, topicName)) {
    io.print(`denied: ${topicName} is the broker's own, whatever ${path}:${rule.line} says\n`);
    return ExitCode.Denied;
  }
  io.print(`${allowed ? "allowed" : "denied"} by ${path}:${rule.line}: ${rule.text}\n`);
  return allowed ? ExitCode.Allowed : ExitCode.Denied;
}

function noRule(
  { path, client, access, topicName }: Question,
  { wildcardIn }: { wildcardIn?: "client id" | "user name" },
): string {
  const { clientId, userName } = client;
  if (wildcardIn !== undefined) {
    const name = wildcardIn === "client id" ? clientId : userName;
    return `the ${wildcardIn} "${name}" holds + or #, so no pattern of ${path} is asked for it`;
  }
  const who = userName === undefined ? "a client without a user name" : `user "${userName}"`;
  const id = clientId === "" ? "" : ` with client id "${clientId}"`;
  return `no rule of ${path} lets ${who}${id} ${access} ${topicName}`;
}

/** $SYS and the like, which no rule opens for PUBLISH. */
function isTheBrokersOwn(rules: AclRules, client: ClientIdentity, name: TopicName): boolean {
  return rules.mayPublish(client, name) &&
    !mayPublish({ identity: client, authorizer: rules }, name);
}

function listOf(label: string, errors: readonly OperatorError[]): string {
  return errors.map((error) => `${label}: ${formatOperatorError(error)}\n`).join("");
}
