// -d: a line for each packet that goes to or comes from the broker, in the words of Mosquitto's library.

import type { MqttClient, Packet } from "mqtt";

/** Calls `print` with a line for each packet of `client` from now on. */
export function traceTo(client: MqttClient, print: (line: string) => void): void {
  const say = (text: string) => print(`Client ${client.options.clientId || "(null)"} ${text}`);
  client.on("packetsend", (packet) => {
    const words = describe(packet, "sending");
    if (words !== undefined) say(words);
  });
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "connack" && packet.properties?.assignedClientIdentifier !== undefined) {
      client.options.clientId = packet.properties.assignedClientIdentifier;
    }
    const words = describe(packet, "received");
    if (words !== undefined) say(words);
  });
}

function describe(packet: Packet, way: "sending" | "received"): string | undefined {
  const name = packet.cmd.toUpperCase();
  const ack = way === "sending" ? `(m${packet.messageId})` : `(Mid: ${packet.messageId})`;
  switch (packet.cmd) {
    case "connack":
      return `received CONNACK (${packet.reasonCode ?? packet.returnCode ?? 0})`;
    case "publish": {
      const flags = `d${packet.dup ? 1 : 0}, q${packet.qos}, r${packet.retain ? 1 : 0}`;
      const size = packet.payload.length;
      return `${way} PUBLISH (${flags}, m${
        packet.messageId ?? 0
      }, '${packet.topic}', ... (${size} bytes))`;
    }
    case "puback":
    case "pubcomp":
      return way === "sending"
        ? `sending ${name} (m${packet.messageId}, rc${packet.reasonCode ?? 0})`
        : `received ${name} (Mid: ${packet.messageId}, RC:${packet.reasonCode ?? 0})`;
    case "pubrec":
    case "pubrel":
      return `${way} ${name} ${ack}`;
    case "subscribe":
      return packet.subscriptions.map(({ topic, qos, nl, rap, rh }) => {
        const options = (nl ? 4 : 0) | (rap ? 8 : 0) | ((rh ?? 0) << 4);
        const hex = options.toString(16).padStart(2, "0");
        return `sending SUBSCRIBE (Mid: ${packet.messageId}, Topic: ${topic}, QoS: ${qos}, Options: 0x${hex})`;
      }).join("\n");
    case "unsubscribe":
      return packet.unsubscriptions.map((topic) =>
        `sending UNSUBSCRIBE (Mid: ${packet.messageId}, Topic: ${topic})`
      ).join("\n");
    default:
      return `${way} ${name}`;
  }
}
