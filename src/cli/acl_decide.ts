// `midge acl test`: what an ACL file says about one client, one access and one Topic Name, and which line of
// it says so.

import type { Command } from "commander";
import { AclFileError, formatOperatorError, type OperatorError } from "../access/acl_errors.ts";
import { parseAclFile, type ParsedAclFile } from "../access/acl_file.ts";
import type { AclRules } from "../access/acl_rules.ts";
import type { ClientIdentity } from "../access/authorizer.ts";
import { mayPublish } from "../broker/publish_message.ts";
import { parseTopicName, type TopicName } from "../topic/topic_name.ts";
import { prepare } from "./command_form.ts";
import type { Session } from "./commands.ts";

const ExitCode = { Allowed: 0, Denied: 1, BadArguments: 3 } as const;

interface Question {
  readonly path: string;
  readonly client: ClientIdentity;
  readonly access: "read" | "write";
  readonly topicName: TopicName;
}

/** `midge acl test`; a place for more that is about access rules. */
export function defineAcl(command: Command, session: Session): void {
  command.description("About ACL files.").usage("test …").helpCommand(false);
  prepare(command.command("test"), session)
    .summary("say whether a client may read or write a topic, and why")
    .description(
      "Says whether a client may receive (read) what is published to TOPIC, or publish (write) to it, and\n" +
        "which line of the ACL file decides that. Ends with 0 if it is allowed, 1 if it is denied, 3 if the\n" +
        "question or the file is wrong.",
    ).usage("--acl-file FILE [options] (read|write) TOPIC")
    .option("--acl-file <FILE>", "the ACL file")
    .option("-u, --user <NAME>", "the client's user name; without it, a client that has none")
    .option("-i, --client <ID>", "the client identifier, for patterns with %c")
    .argument("[WORDS...]")
    .action((words: readonly string[], options: AclTestOptions) => {
      session.exitCode = aclTest(words, options, session);
    });
}

interface AclTestOptions {
  readonly aclFile?: string;
  readonly user?: string;
  readonly client?: string;
}

function aclTest(words: readonly string[], options: AclTestOptions, session: Session): number {
  let question: Question;
  try {
    question = readQuestion(words, options);
  } catch (error) {
    session.printError(`Error: ${(error as Error).message} Try midge acl test --help.\n`);
    return ExitCode.BadArguments;
  }
  const file = readFile(question.path, session);
  return file === undefined ? ExitCode.BadArguments : answer(file, question, session);
}

/** @throws {Error} with a sentence that says what is wrong. */
function readQuestion(
  [access, topic, ...others]: readonly string[],
  { aclFile, user, client }: AclTestOptions,
): Question {
  if (aclFile === undefined) throw new Error("No ACL file given: write --acl-file FILE.");
  if (access !== "read" && access !== "write") {
    throw new Error(`Unknown access "${access ?? ""}": write read or write.`);
  }
  if (topic === undefined) throw new Error(`No topic given: write ${access} TOPIC.`);
  if (others.length > 0) {
    throw new Error(`One topic at a time: quote it if it is "${[topic, ...others].join(" ")}".`);
  }
  const identity = { clientId: client ?? "", userName: user };
  return { path: aclFile, client: identity, access, topicName: readTopicName(topic) };
}

/** @throws {Error} with a sentence that says what is wrong. */
function readTopicName(text: string): TopicName {
  try {
    return parseTopicName(text, Infinity);
  } catch {
    throw new Error(`Invalid topic "${text}": write one Topic Name, without + and #.`);
  }
}

function readFile(path: string, io: Session): ParsedAclFile | undefined {
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

function answer({ rules, warnings }: ParsedAclFile, question: Question, io: Session): number {
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
    !mayPublish({ identity: client, authorizer: rules, listener: "" }, name);
}

function listOf(label: string, errors: readonly OperatorError[]): string {
  return errors.map((error) => `${label}: ${formatOperatorError(error)}\n`).join("");
}
