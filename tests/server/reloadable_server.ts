// A ConfiguredServer whose files are a table that a test changes, on real sockets.

import { createHash } from "node:crypto";
import type { LogLevel } from "../../src/broker/ports.ts";
import { ConfiguredServer, loadConfiguration } from "../../src/server/configured_server.ts";
import { memoryIO } from "../config/memory_io.ts";
import { inMemory } from "../support/in_memory.ts";

export type Files = Record<string, string>;

export class ReloadableServer implements AsyncDisposable {
  readonly files: Files;
  readonly log: { readonly level: LogLevel; readonly text: string }[] = [];
  #configured: ConfiguredServer | undefined = undefined;

  private constructor(files: Files) {
    this.files = files;
  }

  /** Starts with `files`, the first of which is the configuration. */
  static async start(files: Files): Promise<ReloadableServer> {
    const path = Object.keys(files)[0]!;
    const self = new ReloadableServer(Object.assign(files, inMemory(files)));
    const loaded = await loadConfiguration(path, memoryIO(files));
    self.#configured = await ConfiguredServer.start(path, loaded, memoryIO(files), {
      isDebugEnabled: false,
      write: (level, text) => void self.log.push({ level, text }),
    });
    return self;
  }

  get port(): number {
    return this.#configured!.server.port;
  }

  get ports(): readonly number[] {
    return this.#configured!.server.addresses.map((each) => "port" in each ? each.port : 0);
  }

  async reload(changed: Files): Promise<void> {
    Object.assign(this.files, inMemory(changed));
    await this.#configured!.reload();
  }

  /** The lines of the log that match. */
  said(pattern: RegExp): string[] {
    return this.log.map(({ text }) => text).filter((text) => pattern.test(text));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#configured!.stop();
  }
}

/** A line of a password file, as mosquitto_passwd -H sha512 writes it. */
export function passwordLine(userName: string, password: string): string {
  const salt = new TextEncoder().encode(`salt of ${userName}`.padEnd(12).slice(0, 12));
  const hash = createHash("sha512").update(password).update(salt).digest("base64");
  return `${userName}:$6$${btoa(String.fromCharCode(...salt))}$${hash}\n`;
}
