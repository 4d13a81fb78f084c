// Will Messages (MQTT 5.0, section 3.1.2.5): published when a connection ends without a DISCONNECT, at
// the earlier of Will Delay Interval and the end of the Session.

import type { Will } from "../packet/packets.ts";
import { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Deadline } from "./deadlines.ts";

/** A Will Message as it is published at `nowMs`; its Message Expiry Interval starts then. */
export function willMessage(will: Will, clientId: string, nowMs: number): Message {
  const expiry = will.messageExpiryInterval;
  return new Message({
    topicName: will.topicName as TopicName, // checked when the CONNECT was accepted
    payload: will.payload,
    qos: will.qos,
    retain: will.retain,
    forwardedProperties: will.forwardedProperties,
    expiresAtMs: expiry === undefined ? Infinity : nowMs + expiry * 1000,
    publisherId: clientId,
  });
}

/** A Will Message that waits for its Will Delay Interval to pass. */
export class DelayedWill implements Deadline {
  dueSlot = 0;
  readonly will: Will;
  readonly #onDue: (nowMs: number) => void;

  constructor(will: Will, onDue: (nowMs: number) => void) {
    this.will = will;
    this.#onDue = onDue;
  }

  onDeadline(nowMs: number): void {
    this.#onDue(nowMs);
  }
}
