// Configurations of tests whose broker keeps nothing.

/** YAML that keeps Sessions, unless it says otherwise, would keep them in the folder of whoever tests. */
export function inMemory(files: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(files).map(([path, text]) => {
    const keepsNothing = !path.endsWith(".yaml") || text.includes("persistence:");
    return [path, keepsNothing ? text : `${text}\npersistence: { durability: none }\n`];
  });
  return Object.fromEntries(entries);
}
