// Console: text to standard output and standard error, whole, whoever reads it.

const encoder = new TextEncoder();

/**
 * Writes all of `text`. If nobody reads the stream any more (`midge 2>&1 | head -1`), or the file behind it is
 * on a full disk, the text is lost and the broker goes on.
 */
export function writeText(stream: "stdout" | "stderr", text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += Deno[stream].writeSync(bytes.subarray(at));
  } catch {
    // There is nobody left to tell.
  }
}
