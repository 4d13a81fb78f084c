// What is wrong in a file that an operator wrote: all of it at once, each with its line.

/** One mistake, or one thing that hardly was meant so. */
export interface OperatorError {
  /** The file, as the operator named it. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Quotes the value and says what to write instead. */
  readonly message: string;
}

/** An ACL file that can't be used. */
export class AclFileError extends Error {
  override readonly name = "AclFileError";
  /** In the order of their lines; at least one. */
  readonly errors: readonly OperatorError[];

  constructor(errors: readonly OperatorError[]) {
    super(errors.map(formatOperatorError).join("\n"));
    this.errors = errors;
  }
}

/** `path:line: message`, as editors and terminals make a link of it. */
export function formatOperatorError({ path, line, message }: OperatorError): string {
  return `${path}:${line}: ${message}`;
}
