/**
 * The Control Packets the generator sends, encoded once before the clock starts.
 *
 * MQTT 3.1.1 throughout: it is what all three brokers speak. A `PublishBlock` holds many PUBLISH
 * packets of one length side by side, so that a publisher copies hundreds of them at once and then
 * patches their Packet Identifiers in place:
 *
 *     | PUBLISH 0 | PUBLISH 1 | … | PUBLISH n-1 |      every frame `frameLength` bytes
 *        `- packetIdOffset      (QoS 1 and 2)
 */

export type QoS = 0 | 1 | 2;

const encoder = new TextEncoder();

export const DISCONNECT: Uint8Array<ArrayBuffer> = new Uint8Array([0xe0, 0x00]);

function encodeRemainingLength(length: number): number[] {
  const bytes: number[] = [];
  do {
    const more = length > 0x7f ? 0x80 : 0;
    bytes.push((length & 0x7f) | more);
    length >>>= 7;
  } while (length > 0);
  return bytes;
}

function encodeString(text: string): number[] {
  const bytes = encoder.encode(text);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

function encodePacket(firstByte: number, body: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([firstByte, ...encodeRemainingLength(body.length), ...body]);
}

export function encodeConnect(
  clientId: string,
  keepAliveSeconds: number,
  keepsSession: boolean,
): Uint8Array<ArrayBuffer> {
  const protocolLevel = 4;
  const cleanSession = keepsSession ? 0 : 0x02;
  return encodePacket(0x10, [
    ...encodeString("MQTT"),
    protocolLevel,
    cleanSession,
    keepAliveSeconds >> 8,
    keepAliveSeconds & 0xff,
    ...encodeString(clientId),
  ]);
}

export function encodeSubscribe(
  packetId: number,
  filters: readonly string[],
  qos: QoS,
): Uint8Array<ArrayBuffer> {
  const body = [packetId >> 8, packetId & 0xff];
  for (const filter of filters) body.push(...encodeString(filter), qos);
  return encodePacket(0x82, body);
}

function encodePublish(topic: string, qos: QoS, payloadLength: number): Uint8Array<ArrayBuffer> {
  const packetId = qos === 0 ? [] : [0, 0];
  const payload = new Array<number>(payloadLength).fill(0x2e);
  return encodePacket(0x30 | (qos << 1), [...encodeString(topic), ...packetId, ...payload]);
}

export class PublishBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly frameLength: number;
  readonly packetIdOffset: number;
  readonly qos: QoS;

  /** One frame for each topic; the topics must be equally long. */
  constructor(topics: readonly string[], qos: QoS, payloadLength: number) {
    const first = encodePublish(topics[0] ?? "", qos, payloadLength);
    this.qos = qos;
    this.count = topics.length;
    this.frameLength = first.length;
    this.packetIdOffset = first.length - payloadLength - 2;
    this.bytes = new Uint8Array(this.frameLength * this.count);
    for (const [index, topic] of topics.entries()) {
      const frame = encodePublish(topic, qos, payloadLength);
      if (frame.length !== this.frameLength) throw new Error(`"${topic}" differs in length`);
      this.bytes.set(frame, index * this.frameLength);
    }
  }

  static ofOneTopic(topic: string, qos: QoS, payloadLength: number, count: number): PublishBlock {
    return new PublishBlock(new Array<string>(count).fill(topic), qos, payloadLength);
  }
}
