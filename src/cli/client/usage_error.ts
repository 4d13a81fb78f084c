// What is wrong with the arguments of a tool, in one sentence.

/** Thrown while arguments are read. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  /** The whole line for the user. */
  readonly line: string;

  constructor(message: string, prefix: string = "Error: ") {
    super(message);
    this.line = prefix + message;
  }
}
