// DatagramSender: our end of a Unix datagram socket: what syslog and systemd are told by. Deno calls its
// datagram sockets unstable, so they have to be allowed (`--unstable-net`, or "unstable" in deno.json).

/** What this needs of `Deno.DatagramConn`, whose type is there only with the flag. */
interface DatagramSocket {
  send(bytes: Uint8Array, to: { transport: "unixpacket"; path: string }): Promise<number>;
  close(): void;
}
type ListenDatagram = (at: { transport: "unixpacket"; path: string }) => DatagramSocket;

const encoder = new TextEncoder();

export class DatagramSender implements Disposable {
  readonly #socket: DatagramSocket;
  /** Where our own end is bound, if that is a file. */
  readonly #boundFile: string | undefined;

  /** Whether this system, and this Deno as it was started, has Unix datagram sockets. */
  static get isSupported(): boolean {
    return listenDatagram() !== undefined;
  }

  /**
   * Our own end has to have an address: in Linux one that is no file, as far as this Deno knows of such.
   * @param purpose a word for that address.
   * @throws {Error} if there is no such socket to be had.
   */
  constructor(purpose: string) {
    const listen = listenDatagram();
    if (listen === undefined) {
      throw new Error(
        "Unix datagram sockets need a system that has them, and Deno's --unstable-net",
      );
    }
    const name = `midge-${purpose}-${crypto.randomUUID()}`;
    const abstract = Deno.build.os === "linux" ? tryToListen(listen, `\0${name}`) : undefined;
    const path = `${Deno.env.get("TMPDIR") ?? "/tmp"}/${name}`;
    this.#socket = abstract ?? listen({ transport: "unixpacket", path });
    this.#boundFile = abstract === undefined ? path : undefined;
  }

  /** Sends one datagram. Rejects if nobody takes it; pends while who should has no room. */
  async send(text: string, path: string): Promise<void> {
    await this.#socket.send(encoder.encode(text), { transport: "unixpacket", path });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    if (this.#boundFile === undefined) return;
    try {
      Deno.removeSync(this.#boundFile);
    } catch {
      // Somebody else has tidied up.
    }
  }
}

function tryToListen(listen: ListenDatagram, path: string): DatagramSocket | undefined {
  try {
    return listen({ transport: "unixpacket", path });
  } catch {
    return undefined; // a file, then
  }
}

function listenDatagram(): ListenDatagram | undefined {
  if (Deno.build.os === "windows") return undefined;
  return (Deno as unknown as { listenDatagram?: ListenDatagram }).listenDatagram;
}
