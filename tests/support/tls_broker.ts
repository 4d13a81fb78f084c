// A broker with a TLS listener, from files in a folder of its own, and peers that come to it.

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Log } from "../../src/broker/ports.ts";
import { DENO_IO } from "../../src/config/config_io.ts";
import { ConfiguredServer, loadConfiguration } from "../../src/server/configured_server.ts";
import type { Issued } from "./certificates.ts";
import { inMemory } from "./in_memory.ts";
import { RawClient } from "./raw_client.ts";

const WAIT_MS = 5_000;

export class TlsBroker implements AsyncDisposable {
  readonly folder: string;
  readonly lines: string[];
  readonly configured: ConfiguredServer;

  private constructor(folder: string, lines: string[], configured: ConfiguredServer) {
    this.folder = folder;
    this.lines = lines;
    this.configured = configured;
  }

  /**
   * @param files what is in the folder; `broker.yaml` is the configuration. DIR stands for the folder.
   */
  static async start(files: Readonly<Record<string, string>>): Promise<TlsBroker> {
    const folder = await Deno.makeTempDir({ prefix: "midge-tls-" });
    await writeFiles(folder, files);
    const path = join(folder, "broker.yaml");
    const lines: string[] = [];
    const log: Log = {
      isDebugEnabled: false,
      write: (_level, text) => void lines.push(text),
    };
    const loaded = await loadConfiguration(path, DENO_IO);
    for (const { text } of loaded.notes) lines.push(text);
    return new TlsBroker(folder, lines, await ConfiguredServer.start(path, loaded, DENO_IO, log));
  }

  get port(): number {
    return this.configured.server.port;
  }

  /** A connection that trusts `authority`, with the certificate of `client` if there is one. */
  async connect(authority: Issued, client?: Issued, chain = ""): Promise<Deno.TlsConn> {
    return await Deno.connectTls({
      hostname: "localhost",
      port: this.port,
      caCerts: [authority.pem],
      ...client && { cert: client.pem + chain, key: client.key },
    });
  }

  async open(authority: Issued, client?: Issued, chain?: string): Promise<RawClient> {
    return RawClient.over(await this.connect(authority, client, chain), 5);
  }

  /** Comes back when a line of the log matches. */
  async logged(pattern: RegExp): Promise<string> {
    for (const until = Date.now() + WAIT_MS; Date.now() < until;) {
      const line = this.lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`no line of the log matches ${pattern}:\n${this.lines.join("\n")}`);
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    await writeFiles(this.folder, files);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.configured.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** YAML of one TLS listener on a free port; `more` goes into its `tls`. */
export function tlsListener(more: string = "", outside: string = ""): string {
  const tls = ["certFile: DIR/server.crt", "keyFile: DIR/server.key", ...more === "" ? [] : [more]];
  return `sysInterval: 1s
access: {allowAnonymous: true}
listeners:
  - port: 0
    hostnames: [127.0.0.1]
    tls: {${tls.join(", ")}}
${outside}`;
}

async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(inMemory(files))) {
    const path = join(folder, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text.replaceAll("DIR", folder));
  }
}
