// Reason Codes of MQTT 5.0 (section 2.4) by the names of the specification, and the CONNACK return
// codes of MQTT 3.1 and 3.1.1 that they become for older clients.

/** Every Reason Code of MQTT 5.0, section 2.4. Codes of 0x80 and above are failures. */
export const ReasonCode = {
  Success: 0x00,
  GrantedQoS1: 0x01,
  GrantedQoS2: 0x02,
  DisconnectWithWill: 0x04,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  ContinueAuthentication: 0x18,
  ReAuthenticate: 0x19,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  Banned: 0x8a,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierInUse: 0x91,
  PacketIdentifierNotFound: 0x92,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  RetainNotSupported: 0x9a,
  QoSNotSupported: 0x9b,
  UseAnotherServer: 0x9c,
  ServerMoved: 0x9d,
  SharedSubscriptionsNotSupported: 0x9e,
  ConnectionRateExceeded: 0x9f,
  MaximumConnectTime: 0xa0,
  SubscriptionIdentifiersNotSupported: 0xa1,
  WildcardSubscriptionsNotSupported: 0xa2,
} as const;

export type ReasonCode = typeof ReasonCode[keyof typeof ReasonCode];

/** CONNACK return codes of MQTT 3.1.1, section 3.2.2.3. */
export const ConnectReturnCode = {
  Accepted: 0,
  UnacceptableProtocolVersion: 1,
  IdentifierRejected: 2,
  ServerUnavailable: 3,
  BadUserNameOrPassword: 4,
  NotAuthorized: 5,
} as const;

export type ConnectReturnCode = typeof ConnectReturnCode[keyof typeof ConnectReturnCode];

/**
 * What an MQTT 3.x client gets in its CONNACK where an MQTT 5.0 client would get `reason`.
 *
 * @returns the return code, or undefined where version 3 has none: the connection is closed without
 * a CONNACK then (MQTT 3.1.1, section 3.2.2.3: "If none of the return codes … are deemed applicable").
 */
export function connectReturnCodeFor(reason: ReasonCode): ConnectReturnCode | undefined {
  switch (reason) {
    case ReasonCode.Success:
      return ConnectReturnCode.Accepted;
    case ReasonCode.UnsupportedProtocolVersion:
      return ConnectReturnCode.UnacceptableProtocolVersion;
    case ReasonCode.ClientIdentifierNotValid:
      return ConnectReturnCode.IdentifierRejected;
    case ReasonCode.ServerUnavailable:
    case ReasonCode.ServerBusy:
    case ReasonCode.ServerShuttingDown:
    case ReasonCode.QuotaExceeded:
      return ConnectReturnCode.ServerUnavailable;
    case ReasonCode.BadUserNameOrPassword:
      return ConnectReturnCode.BadUserNameOrPassword;
    case ReasonCode.NotAuthorized:
    case ReasonCode.Banned:
      return ConnectReturnCode.NotAuthorized;
    default:
      return undefined;
  }
}

/** Reason Codes that a CONNACK or an acknowledgement may have and a DISCONNECT may not [MQTT-3.14.2-1]. */
const NOT_IN_DISCONNECT: ReadonlyMap<ReasonCode, ReasonCode> = new Map<ReasonCode, ReasonCode>([
  [ReasonCode.UnsupportedProtocolVersion, ReasonCode.ProtocolError],
  [ReasonCode.ClientIdentifierNotValid, ReasonCode.ProtocolError],
  [ReasonCode.BadUserNameOrPassword, ReasonCode.NotAuthorized],
  [ReasonCode.ServerUnavailable, ReasonCode.ServerBusy],
  [ReasonCode.Banned, ReasonCode.NotAuthorized],
  [ReasonCode.BadAuthenticationMethod, ReasonCode.NotAuthorized],
  [ReasonCode.PacketIdentifierInUse, ReasonCode.ProtocolError],
  [ReasonCode.PacketIdentifierNotFound, ReasonCode.ProtocolError],
]);

/** The Reason Code that says `reason` in a DISCONNECT (section 3.14.2.1). */
export function disconnectReasonCodeFor(reason: ReasonCode): ReasonCode {
  return NOT_IN_DISCONNECT.get(reason) ?? reason;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [
    code,
    name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase().replaceAll("qo s", "QoS "),
  ]),
);

/** The name of a Reason Code in words, for logs: `0x8e session taken over`. */
export function describeReasonCode(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")} ${NAMES.get(code) ?? "unknown reason code"}`;
}
