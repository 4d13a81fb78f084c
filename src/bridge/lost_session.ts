// What becomes of the QoS 2 exchanges that are open when the remote broker has lost its Session: it was killed, or it
// keeps none.

import { encodePacket } from "../packet/encode.ts";
import { PacketType } from "../packet/packet_type.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { Session } from "../session/session.ts";

/**
 * What it began to send it will never release: those messages are ours since the PUBREC, so we release them. What it
 * had received may have died with it, between its PUBREC and our PUBREL. Nobody can tell, so that is sent again:
 * rather twice than not at all.
 *
 * @param session ours, from which the remote broker gets its messages.
 * @param trustsPubrec whether a PUBREC of the remote broker has been taken for its word.
 * @returns PUBRELs for our own broker.
 */
export function afterLoss(session: Session | undefined, trustsPubrec: boolean): Uint8Array[] {
  if (session === undefined) return [];
  if (trustsPubrec) session.outbound.doubtReceived();
  return [...session.inbound.held.keys()].map((packetId) =>
    encodePacket({
      type: PacketType.Pubrel,
      packetId,
      reasonCode: ReasonCode.Success,
      properties: {},
    }, 5)
  );
}
