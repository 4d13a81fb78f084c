// systemd's end of $NOTIFY_SOCKET.

const TIMEOUT_MS = 10_000;

export class NotifySocket implements Disposable {
  /** As systemd writes it: an abstract address begins with @. */
  readonly address: string;
  readonly #socket: Deno.DatagramConn;
  readonly #folder: string | undefined;

  constructor(isAbstract: boolean) {
    this.#folder = isAbstract ? undefined : Deno.makeTempDirSync({ prefix: "midge-notify-" });
    this.address = this.#folder === undefined
      ? `@midge-test-${crypto.randomUUID()}`
      : `${this.#folder}/notify`;
    const path = this.address.replace(/^@/, "\0");
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  /** The next datagram. */
  async receive(): Promise<string> {
    const timer = setTimeout(() => this.#socket.close(), TIMEOUT_MS);
    try {
      const [bytes] = await this.#socket.receive();
      return new TextDecoder().decode(bytes);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next datagram that matches. */
  async receiveUntil(pattern: RegExp): Promise<string> {
    for (const until = Date.now() + TIMEOUT_MS; Date.now() < until;) {
      const text = await this.receive();
      if (pattern.test(text)) return text;
    }
    throw new Error(`no datagram matches ${pattern}`);
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // It has been waited for too long.
    }
    if (this.#folder !== undefined) Deno.removeSync(this.#folder, { recursive: true });
  }
}
