// Opens the sockets that listeners accept on, and says in words why one can't be opened.

import { type ListenAddress, showListenAddress, type TcpAddress } from "./address.ts";

/** Connections that may wait to be accepted. */
const BACKLOG = 4_096;
/** As Mosquitto: the owner and the group of the socket may connect. */
const UNIX_MODE = 0o770;
/** Bytes of `sun_path` (unix(7)), without the NUL at its end. */
const LONGEST_UNIX_PATH = Deno.build.os === "linux" ? 107 : 103;

/**
 * Listens on `address`. A Unix socket's file is removed again when it is closed.
 *
 * @throws {Deno.errors.AddrInUse | Deno.errors.PermissionDenied | Deno.errors.NotCapable | Error} whose message
 * names the address.
 */
export function openListeningSocket(
  address: ListenAddress,
): Deno.Listener<Deno.TcpConn | Deno.UnixConn> {
  try {
    return "path" in address ? openUnixSocket(address.path) : openTcpSocket(address);
  } catch (error) {
    throw withAddress(error, address);
  }
}

function openTcpSocket({ hostname, port }: TcpAddress): Deno.TcpListener {
  return Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
}

function openUnixSocket(path: string): Deno.UnixListener {
  checkUnixPath(path);
  // Until chmod it has mode 755 or less: nobody but the owner may connect.
  const listener = Deno.listen({ transport: "unix", path });
  try {
    Deno.chmodSync(path, UNIX_MODE);
  } catch (error) {
    listener.close();
    throw error;
  }
  return listener;
}

function checkUnixPath(path: string): void {
  if (Deno.build.os === "windows") {
    throw new Error("Unix sockets can't be had on Windows: listen on a port of 127.0.0.1 instead");
  }
  const length = new TextEncoder().encode(path).length;
  if (length <= LONGEST_UNIX_PATH) return;
  throw new Error(
    `its path has ${length} bytes, and a Unix socket's may have ${LONGEST_UNIX_PATH} at most`,
  );
}

/**
 * Removes what a process that was killed has left at `path`: a socket that nobody listens on. Anything else
 * stays: that is for {@link openListeningSocket} to complain about.
 *
 * @throws {Error} if there is something that is no socket.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  let found: Deno.FileInfo;
  try {
    found = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw withAddress(error, { path });
  }
  if (!found.isSocket) {
    throw new Error(
      `Unable to listen on ${path}: that is ${kindOf(found)}, not a socket. ` +
        "It stays untouched; remove it, or name another path.",
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) Deno.removeSync(path);
  }
}

function kindOf({ isDirectory, isFile, isSymlink }: Deno.FileInfo): string {
  return isFile ? "a file" : isDirectory ? "a folder" : isSymlink ? "a link" : "a device";
}

/** The same kind of error, whose message is a sentence with the address. */
function withAddress(error: unknown, address: ListenAddress): Error {
  const shown = showListenAddress(address);
  if (error instanceof Deno.errors.AddrInUse) {
    const what = "path" in address ? shown : `Port ${address.port} of ${address.hostname}`;
    return new Deno.errors.AddrInUse(`${what} is in use already`);
  }
  const message = `Unable to listen on ${shown}: ${reasonOf(error)}`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return new Deno.errors.PermissionDenied(message);
  }
  if (error instanceof Deno.errors.NotCapable) return error;
  return new Error(message, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\)$/, "");
}
