// `midge completions`: what a shell needs to complete midge's commands and options. It is made from the definitions
// that make the help texts, so it says what they say.

import type { Command, Option } from "commander";
import type { Session } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";

/** A command as a shell sees it. */
export interface CommandShape {
  /** From the executable on: `midge acl test`. */
  readonly path: string;
  readonly summary: string;
  readonly commands: readonly CommandShape[];
  readonly options: readonly OptionShape[];
}

export interface OptionShape {
  readonly names: readonly string[];
  readonly summary: string;
  /** What the value behind it is; undefined: it has none. */
  readonly value: "file" | "folder" | "other" | undefined;
}

export const SHELLS: Readonly<Record<string, (program: CommandShape) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function defineCompletions(command: Command, session: Session): void {
  command.description(
    "Prints what makes a shell complete midge's commands and options:\n" +
      "  bash: midge completions bash > ~/.local/share/bash-completion/completions/midge\n" +
      "  zsh:  midge completions zsh > a folder of $fpath, as _midge\n" +
      "  fish: midge completions fish > ~/.config/fish/completions/midge.fish",
  ).usage("bash|zsh|fish").argument("<SHELL>").action(async (shell: string) => {
    const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (make === undefined) {
      session.printError(
        `Error: There are no completions for '${shell}': write bash, zsh or fish.\n`,
      );
      session.exitCode = ExitCode.BadConfiguration;
      return;
    }
    const { completeProgram } = await import("./program.ts");
    session.print(make(shapeOf(await completeProgram(session))));
  });
}

/** @param command with all its options and commands. */
export function shapeOf(command: Command, above: string = ""): CommandShape {
  const path = above === "" ? command.name() : `${above} ${command.name()}`;
  const help = command.createHelp();
  return {
    path,
    summary: command.summary(),
    commands: help.visibleCommands(command).map((each) => shapeOf(each as Command, path)),
    options: help.visibleOptions(command).map(optionShape),
  };
}

const FILES = /<(FILE|PATH|CONFIG)>/;

function optionShape({ flags, description }: Option): OptionShape {
  const value = FILES.test(flags)
    ? "file"
    : /<FOLDER>/.test(flags)
    ? "folder"
    : /</.test(flags)
    ? "other"
    : undefined;
  return { names: flags.match(/(?<![\w-])--?[\w-]+/g) ?? [], summary: description, value };
}

function allOf(command: CommandShape): CommandShape[] {
  return [command, ...command.commands.flatMap(allOf)];
}

function namesWith(
  { options }: CommandShape,
  value: OptionShape["value"],
): string[] {
  return options.filter((option) => option.value === value).flatMap(({ names }) => names);
}

function lastWord({ path }: CommandShape): string {
  return path.slice(path.lastIndexOf(" ") + 1);
}

/** One `case` of the command so far, which the words before the cursor say. */
function bashScript(program: CommandShape): string {
  const commands = allOf(program);
  const steps = commands.flatMap((each) =>
    each.commands.map((inner) =>
      `      "${each.path} ${lastWord(inner)}") command="${inner.path}" ;;`
    )
  );
  const cases = commands.map((each) => {
    const options = each.options.flatMap(({ names }) => names);
    return [
      `    "${each.path}")`,
      `      files="${namesWith(each, "file").join(" ")}"`,
      `      folders="${namesWith(each, "folder").join(" ")}"`,
      `      others="${namesWith(each, "other").join(" ")}"`,
      `      commands="${each.commands.map(lastWord).join(" ")}"`,
      `      options="${options.join(" ")}" ;;`,
    ].join("\n");
  });
  return `# bash completion for midge; made by: midge completions bash
_midge() {
  local command="midge" current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local commands="" options="" files="" folders="" others="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
${steps.join("\n")}
    esac
  done
  case "$command" in
${cases.join("\n")}
  esac
  COMPREPLY=()
  case " $files " in *" $previous "*)
    COMPREPLY=($(compgen -f -- "$current"))
    return ;;
  esac
  case " $folders " in *" $previous "*)
    COMPREPLY=($(compgen -d -- "$current"))
    return ;;
  esac
  case " $others " in *" $previous "*) return ;; esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n "$commands" ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _midge midge
`;
}

function zshScript(program: CommandShape): string {
  const functions = allOf(program).map((each) => {
    const options = each.options.flatMap(({ names, summary, value }) => {
      const action = value === undefined
        ? ""
        : value === "file"
        ? ":file:_files"
        : value === "folder"
        ? ":folder:_files -/"
        : ":value: ";
      return names.map((name) => `    ${quote(`*${name}[${zshText(summary)}]${action}`)}`);
    });
    if (each.commands.length === 0) {
      return `${zshName(each)}() {\n  _arguments \\\n${
        [...options, "    '*:file:_files'"].join(" \\\n")
      }\n}`;
    }
    const described = each.commands.map((inner) =>
      `    ${quote(`${lastWord(inner)}:${inner.summary}`)}`
    );
    const calls = each.commands.map((inner) => `      ${lastWord(inner)}) ${zshName(inner)} ;;`);
    return `${zshName(each)}() {
  local -a commands
  local state line
  commands=(
${described.join("\n")}
  )
  _arguments -C \\
${options.join(" \\\n")}${options.length === 0 ? "" : " \\\n"}    '1:command:->command' \\
    '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments) case $words[1] in
${calls.join("\n")}
    esac ;;
  esac
}`;
  });
  return `#compdef midge\n# made by: midge completions zsh\n${
    functions.join("\n")
  }\ncompdef _midge midge\n`;
}

function zshName({ path }: CommandShape): string {
  return `_${path.replaceAll(/\W/g, "_")}`;
}

function zshText(text: string): string {
  return oneLine(text).replaceAll(/[[\]:]/g, "\\$&");
}

function fishScript(program: CommandShape): string {
  const lines = allOf(program).flatMap((each) => {
    const condition = quote(fishCondition(each, program));
    const start = `complete -c midge -n ${condition}`;
    return [
      ...each.commands.map((inner) =>
        `${start} -f -a ${lastWord(inner)} -d ${quote(oneLine(inner.summary))}`
      ),
      ...each.options.map(({ names, summary, value }) => {
        const flags = names.map((name) =>
          name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
        );
        const takes = value === undefined
          ? ""
          : value === "file"
          ? " -r -F"
          : value === "folder"
          ? " -x -a '(__fish_complete_directories)'"
          : " -x";
        return `${start} ${flags.join(" ")}${takes} -d ${quote(oneLine(summary))}`;
      }),
    ];
  });
  return `# fish completion for midge; made by: midge completions fish\n${lines.join("\n")}\n`;
}

function fishCondition(command: CommandShape, program: CommandShape): string {
  const words = command.path.split(" ").slice(1);
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const inner = command.commands.map(lastWord).join(" ");
  if (command === program) return `not __fish_seen_subcommand_from ${inner}`;
  if (inner !== "") seen.push(`not __fish_seen_subcommand_from ${inner}`);
  return seen.join("; and ");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** For zsh and fish alike. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
