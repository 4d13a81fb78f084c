// HttpFiles: the files of http_dir for GET and HEAD, beside the WebSockets on the same port. `send` does
// what HTTP asks for (types, ranges, conditions); here is what keeps it within bounds: only what lies under
// the folder by its real path, so many at a time, and not for ever to a client that does not read.

import { realpath, stat } from "node:fs/promises";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { join, relative, sep } from "node:path";
import type { Log } from "../broker/ports.ts";
import type { StreamDuplex } from "./stream_duplex.ts";

/** Responses under way at a time on a listener. */
const MAX_RESPONSES = 100;
/** A client that has taken nothing for so long is closed. */
const STALLED_MS = 30_000;
const METHODS = ["GET", "HEAD"];

/** What is answered instead of a file. */
class HttpError extends Error {
  constructor(readonly status: number, readonly headers: Readonly<Record<string, string>> = {}) {
    super(STATUS_CODES[status]);
  }
}

export class HttpFiles {
  readonly #directory: string;
  readonly #log: Log;
  readonly #maximumResponses: number;
  readonly #open = new Set<StreamDuplex>();

  /**
   * @param directory the folder whose files are served.
   * @param maximumResponses under way at a time; 503 beyond.
   */
  constructor(directory: string, log: Log, maximumResponses: number = MAX_RESPONSES) {
    this.#directory = directory;
    this.#log = log;
    this.#maximumResponses = maximumResponses;
  }

  /** Answers `request`, and then closes `duplex`. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    duplex: StreamDuplex,
    remoteAddress: string,
  ): void {
    response.setHeader("Connection", "close");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.once("finish", () => duplex.endSoon());
    const isTooMany = this.#open.size >= this.#maximumResponses;
    this.#watch(duplex);
    const answering = isTooMany
      ? Promise.reject(new HttpError(503))
      : this.#answer(request, response, remoteAddress);
    answering.catch((error) => refuse(response, error));
  }

  /** Ends all responses. */
  close(): void {
    for (const duplex of this.#open) duplex.destroy();
  }

  #watch(duplex: StreamDuplex): void {
    this.#open.add(duplex);
    let before = -1;
    const timer = setInterval(() => {
      if (duplex.bytesWritten === before) duplex.destroy();
      before = duplex.bytesWritten;
    }, STALLED_MS);
    duplex.on("error", () => {}); // it broke: nobody is left to tell
    duplex.once("close", () => {
      clearInterval(timer);
      this.#open.delete(duplex);
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    remoteAddress: string,
  ): Promise<void> {
    if (!METHODS.includes(request.method ?? "")) {
      throw new HttpError(405, { "Allow": METHODS.join(", ") });
    }
    const root = await realpath(this.#directory);
    const path = await this.#find(root, request.url ?? "/");
    if (this.#log.isDebugEnabled) {
      this.#log.write("debug", `http serving file "${path}" to ${remoteAddress}.`);
    }
    const { default: send } = await import("send");
    const encoded = relative(root, path).split(sep).map(encodeURIComponent).join("/");
    await new Promise<void>((resolve, reject) => {
      send(request, `/${encoded}`, { root, index: false, dotfiles: "allow" })
        .on("error", reject)
        .on("end", resolve)
        .pipe(response);
      response.once("close", resolve);
    });
  }

  /** The real path of the regular file that `target` names. */
  async #find(root: string, target: string): Promise<string> {
    const names = namesOf(target);
    const wanted = join(root, ...names);
    const real = await realpath(wanted);
    if (real !== root && !real.startsWith(root + sep)) throw new HttpError(403); // a link leads out
    const status = await stat(real);
    const isFolderAsked = target.split("?", 1)[0]!.endsWith("/");
    if (status.isFile()) {
      if (isFolderAsked) throw new HttpError(404);
      return real;
    }
    if (!status.isDirectory()) throw new HttpError(403);
    if (!isFolderAsked) {
      throw new HttpError(301, { "Location": `/${names.map(encodeURIComponent).join("/")}/` });
    }
    return await this.#find(root, `/${[...names, "index.html"].map(encodeURIComponent).join("/")}`);
  }
}

/** The decoded parts of a request's target, none of which leads up, or to something hidden. */
function namesOf(target: string): string[] {
  const [path] = target.replace(/^https?:\/\/[^/?]*/i, "").split("?", 1); // a proxy's form has the host too
  const names = path!.split("/").filter((name) => name !== "").map(decode);
  for (const name of names) {
    if (name === "." || name === ".." || /[/\\\0]/.test(name)) throw new HttpError(403);
    if (name.startsWith(".") && name !== ".well-known") throw new HttpError(404);
  }
  return names;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new HttpError(400);
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, headers } = error instanceof HttpError ? error : new HttpError(statusOf(error));
  const text = `${status} ${STATUS_CODES[status]}\n`;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": text.length,
    ...headers,
  });
  response.end(text); // without its body for HEAD
}

/** For what the file system, or `send`, has said. */
function statusOf(error: unknown): number {
  const { code, status } = error as { readonly code?: string; readonly status?: number };
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ELOOP":
      return 404;
    case "EACCES":
    case "EPERM":
      return 403;
    case "ENAMETOOLONG":
      return 414;
    default:
      return status ?? 500;
  }
}
