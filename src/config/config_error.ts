// What is wrong with a configuration, and what is merely worth saying. All problems are gathered and told
// at once; each knows its place, its value and, where there is one, the way out. Where scripts match on
// Mosquitto's words, `message` is those words and `hint` is ours.

/** A place in a configuration file. */
export interface Location {
  readonly path: string;
  /** From 1; 0: no line in particular, as with a file that can't be read. */
  readonly line: number;
  /** From 1; only YAML has it. */
  readonly column?: number;
}

/**
 * - `invalid`: the operator's mistake.
 * - `refused`: an option of Mosquitto's that protects and that midge can't keep.
 */
export type ProblemCategory = "invalid" | "refused";

export interface ConfigProblem extends Location {
  readonly category: ProblemCategory;
  /** What stands there, as written. */
  readonly value: string;
  /** A sentence that says what is wrong. */
  readonly message: string;
  /** What is allowed, what was probably meant, what to use instead. */
  readonly hint?: string;
}

/** Something that the operator should know of, and that keeps nothing from starting. */
export interface ConfigNote extends Location {
  readonly level: "information" | "notice" | "warning";
  readonly message: string;
}

/** `path:line:column: message hint`, the form that editors jump to. */
export function formatProblem(problem: ConfigProblem): string {
  return `${formatLocation(problem)}: ${sentences(problem.message, problem.hint)}`;
}

/** `Error: message (path:line) hint`: begins as Mosquitto's own line does. */
export function formatProblemAsMosquitto(problem: ConfigProblem): string {
  const { message, hint } = problem;
  return `Error: ${message} (${formatLocation(problem)})${hint === undefined ? "" : ` ${hint}`}`;
}

export function formatNote(note: ConfigNote): string {
  return `${formatLocation(note)}: ${note.message}`;
}

export function formatLocation({ path, line, column }: Location): string {
  if (line === 0) return path;
  return column === undefined ? `${path}:${line}` : `${path}:${line}:${column}`;
}

/** A value as it may have been written. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

/** Every problem of a configuration. Its message is one line for each. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  readonly notes: readonly ConfigNote[];

  constructor(problems: readonly ConfigProblem[], notes: readonly ConfigNote[] = []) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
    this.notes = notes;
  }
}

function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" ");
}
