// Somebody new asks for the retained messages: what comes must be what was acknowledged last, or something later.

import { PacketType } from "../../src/packet/packet_type.ts";
import { RawClient } from "../support/raw_client.ts";
import { request } from "../vectors/vector.ts";
import { mayBeAbsent, retainedChoices } from "./checker.ts";
import type { History } from "./history.ts";

const FILTER = "kept/#";
const COMPLETE_TIMEOUT_MS = 3_000;

/** Looks for `forMs`; the broker may die meanwhile. */
export async function watchRetained(history: History, port: number, forMs: number): Promise<void> {
  try {
    const subscribedAt = history.tick();
    await gather(history, port, subscribedAt, forMs, () => false);
    history.counts.probes++;
  } catch (error) { // the broker is gone, or had nothing to say
    const isOurs = error instanceof Error && /^the broker sent nothing/.test(error.message);
    if (!isOurs && !(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** Nothing is published any more: all that must be there is there. */
export async function checkRetained(history: History, port: number): Promise<void> {
  const subscribedAt = history.tick();
  const wanted = new Set<string>();
  for (const topicName of history.retained.keys()) {
    const choices = retainedChoices(history, topicName, subscribedAt);
    if (!mayBeAbsent(choices, subscribedAt)) wanted.add(topicName);
  }
  const missing = await gather(
    history,
    port,
    subscribedAt,
    COMPLETE_TIMEOUT_MS,
    (seen) => [...wanted].every((each) => seen.has(each)),
  );
  for (const topicName of wanted) {
    if (missing.has(topicName)) continue;
    const [choice] = retainedChoices(history, topicName, subscribedAt);
    history.unkept(`nothing is retained for ${topicName}`, choice);
  }
  history.counts.probes++;
}

/** @returns the Topic Names for which there was something. */
async function gather(
  history: History,
  port: number,
  subscribedAt: number,
  forMs: number,
  isEnough: (seen: ReadonlySet<string>) => boolean,
): Promise<ReadonlySet<string>> {
  using client = await RawClient.connect(port, { clientId: `probe${subscribedAt}`, version: 4 });
  await client.send({ // what is published may come before the SUBACK (section 3.8.4)
    type: PacketType.Subscribe,
    packetId: 1,
    subscriptions: [request({ topicFilter: FILTER, qos: 0 })],
    properties: {},
  });
  const dueMs = Date.now() + forMs;
  const seen = new Set<string>();
  while (!isEnough(seen) && Date.now() < dueMs) {
    let packet;
    try {
      packet = await client.next(Math.max(1, dueMs - Date.now()));
    } catch (error) {
      if (error instanceof Error && /^the broker sent nothing/.test(error.message)) break;
      throw error;
    }
    if (packet === undefined) break;
    if (packet.type !== PacketType.Publish || !packet.retain) continue;
    const { topicName, bytes, payloadStart, end } = packet;
    const id = Number(new TextDecoder().decode(bytes.subarray(payloadStart, end)));
    seen.add(topicName);
    const choices = retainedChoices(history, topicName, subscribedAt);
    if (choices.some((choice) => choice.id === id)) continue;
    const which = history.messages.get(id);
    history.unkept(`${topicName} has an old retained message, ${id}, in place of`, choices[0]);
    if (which !== undefined) history.unkept("  the old one", which);
  }
  return seen;
}
