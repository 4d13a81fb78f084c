/** Calls `use` with a new folder, which is removed afterwards. */
export function withFolder<T>(use: (folder: string) => T): T {
  const folder = Deno.makeTempDirSync({ prefix: "midge-store-" });
  const remove = () => Deno.removeSync(folder, { recursive: true });
  let result: T;
  try {
    result = use(folder);
  } catch (error) {
    remove();
    throw error;
  }
  if (result instanceof Promise) return result.finally(remove) as T;
  remove();
  return result;
}
