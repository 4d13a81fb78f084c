// Files, folders and an environment that are only a table.

import type { ConfigIO } from "../../src/config/config_io.ts";

export function memoryIO(
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): ConfigIO {
  return {
    readTextFile(path) {
      const text = files[path];
      return text === undefined ? Promise.reject(new Error("No such file")) : Promise.resolve(text);
    },
    readDirectory(folder) {
      const prefix = `${folder.replace(/\/+$/, "")}/`;
      const names = Object.keys(files).filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length));
      return names.length === 0
        ? Promise.reject(new Error("No such folder"))
        : Promise.resolve(names.sort().reverse());
    },
    getEnvironment: (name) => environment[name],
  };
}
