/** The one place of the benchmark that writes to the terminal. */

const encoder = new TextEncoder();

export function print(line: string): void {
  let bytes = encoder.encode(line + "\n");
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
