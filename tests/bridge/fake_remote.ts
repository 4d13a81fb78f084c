// FakeRemote: a remote broker that does what the test says, one connection after the other.

import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { ConnackPacket, ConnectPacket } from "../../src/packet/packets.ts";
import { RawClient } from "../support/raw_client.ts";
import { connack } from "../vectors/vector.ts";

export class FakeRemote implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #version: ProtocolVersion;
  readonly #connections: RawClient[] = [];

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** The next connection of the bridge, and its CONNECT; nothing is answered. */
  async accept(): Promise<{ bridge: RawClient; connect: ConnectPacket }> {
    const bridge = RawClient.over(await this.#listener.accept(), this.#version);
    this.#connections.push(bridge);
    return { bridge, connect: await bridge.expect(PacketType.Connect) };
  }

  /** The next one, with its CONNACK sent. */
  async take(fields: Partial<ConnackPacket> = {}): Promise<RawClient> {
    const { bridge } = await this.accept();
    await bridge.send(connack(fields));
    return bridge;
  }

  [Symbol.dispose](): void {
    for (const each of this.#connections) each.close();
    this.#listener.close();
  }
}
