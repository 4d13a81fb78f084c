// ListenerPolicy: what holds for the connections of one listener. Listeners may differ in it, Sessions go from
// one to another.

import { ALLOW_EVERYBODY, type Authenticator } from "../access/authenticator.ts";
import { ALLOW_EVERYTHING, type Authorizer } from "../access/authorizer.ts";
import type { ProtocolVersion } from "../packet/packet_type.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";

/** What the names of the policies of bridges begin with: their Sessions are for nobody who comes by another one. */
export const BRIDGE_POLICY_PREFIX = "bridge ";

export interface ListenerPolicy {
  /** What the listener is known by, also after a restart: stored Sessions find its access rules again. */
  readonly name: string;
  readonly limits: Limits;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** The Protocol Versions that are spoken: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
  readonly acceptedVersions: readonly ProtocolVersion[];
  /** Whether a zero-length Client Identifier gets one assigned. */
  readonly assignsClientIds: boolean;
  /** What an assigned Client Identifier begins with. */
  readonly autoIdPrefix: string;
  /** What a Client Identifier must begin with; undefined: anything. */
  readonly clientIdPrefixes: readonly string[] | undefined;
  /** The User Name, which must be there then, takes the place of the Client Identifier. */
  readonly usesUserNameAsClientId: boolean;
  /**
   * The User Name is what the peer's certificate says (Link.certifiedUserName), whatever its CONNECT says, and
   * no password is asked; who has no such name is refused.
   */
  readonly certifiesUserNames: boolean;
  /** What the broker's topics have before those of the Clients here; "" for nothing. Without wildcards. */
  readonly mountPoint: string;
}

/** Everybody may do everything, within the limits. */
export const DEFAULT_POLICY: ListenerPolicy = Object.freeze<ListenerPolicy>({
  name: "",
  limits: DEFAULT_LIMITS,
  authenticator: ALLOW_EVERYBODY,
  authorizer: ALLOW_EVERYTHING,
  acceptedVersions: [3, 4, 5],
  assignsClientIds: true,
  autoIdPrefix: "auto-",
  clientIdPrefixes: undefined,
  usesUserNameAsClientId: false,
  certifiesUserNames: false,
  mountPoint: "",
});
