// What pub and sub are told: one shape, filled by the options in their order. What is optional and missing was
// not given.

import type { PropertyCommand, PropertyList } from "./property_options.ts";

export type ProtocolVersion = 3 | 4 | 5;
export type QoS = 0 | 1 | 2;

/** Where the broker is and how the connection is secured. */
export interface TargetSettings {
  host?: string;
  port?: number;
  unixPath?: string;
  /** The address of ours to connect from. */
  bindAddress?: string;
  usesWebSocket: boolean;
  caFile?: string;
  caPath?: string;
  certFile?: string;
  keyFile?: string;
  /** The certificate's names are not compared with the host's. */
  isInsecure: boolean;
  /** The least that is spoken. */
  tlsVersion?: string;
  alpn?: string;
  usesOsCertificates: boolean;
  refusesTls: boolean;
}

/** Who we are to the broker. */
export interface ConnectSettings extends TargetSettings {
  version: ProtocolVersion;
  id?: string;
  idPrefix?: string;
  username?: string;
  password?: string;
  keepAliveSeconds: number;
  isCleanSession: boolean;
  /** Seconds; undefined: not said. */
  sessionExpiry?: number;
  willTopic?: string;
  willPayload?: string;
  willQos: QoS;
  willRetain: boolean;
  properties: Record<PropertyCommand, PropertyList>;
  isDebug: boolean;
  isQuiet: boolean;
}

export type MessageSource =
  | { readonly from: "argument"; readonly text: string }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "stdin" }
  | { readonly from: "lines" }
  | { readonly from: "nothing" };

export interface PubSettings extends ConnectSettings {
  readonly tool: "pub";
  topic?: string;
  qos: QoS;
  retain: boolean;
  message?: MessageSource;
  maxInflight: number;
  repeatCount: number;
  repeatDelayMs: number;
}

export interface SubSettings extends ConnectSettings {
  readonly tool: "sub";
  topics: string[];
  filterOuts: string[];
  unsubscribes: string[];
  qos: QoS;
  format?: string;
  isVerbose: boolean;
  /** A message ends with a newline. */
  endsLines: boolean;
  isPretty: boolean;
  /** 0: without end. */
  messageCount: number;
  timeoutSeconds?: number;
  exitsAfterSubscribe: boolean;
  retainedOnly: boolean;
  skipsRetained: boolean;
  removesRetained: boolean;
  retainAsPublished: boolean;
  retainHandling: 0 | 1 | 2;
  /** How many of 10,000 messages are printed. */
  randomFilter: number;
}

/** Where nothing else is said. */
export function connectDefaults(): ConnectSettings {
  return {
    usesWebSocket: false,
    isInsecure: false,
    usesOsCertificates: false,
    refusesTls: false,
    version: 4,
    keepAliveSeconds: 60,
    isCleanSession: true,
    willQos: 0,
    willRetain: false,
    properties: {
      CONNECT: [],
      PUBLISH: [],
      SUBSCRIBE: [],
      UNSUBSCRIBE: [],
      DISCONNECT: [],
      WILL: [],
    },
    isDebug: false,
    isQuiet: false,
  };
}

export function pubDefaults(): PubSettings {
  return {
    ...connectDefaults(),
    tool: "pub",
    qos: 0,
    retain: false,
    maxInflight: 20,
    repeatCount: 1,
    repeatDelayMs: 0,
  };
}

export function subDefaults(): SubSettings {
  return {
    ...connectDefaults(),
    tool: "sub",
    topics: [],
    filterOuts: [],
    unsubscribes: [],
    qos: 0,
    isVerbose: false,
    endsLines: true,
    isPretty: false,
    messageCount: 0,
    exitsAfterSubscribe: false,
    retainedOnly: false,
    skipsRetained: false,
    removesRetained: false,
    retainAsPublished: false,
    retainHandling: 0,
    randomFilter: 10_000,
  };
}

/** True if the connection is to be encrypted. */
export function usesTls(settings: TargetSettings): boolean {
  const { caFile, caPath, usesOsCertificates, refusesTls, port } = settings;
  if (refusesTls || settings.unixPath !== undefined) return false;
  return caFile !== undefined || caPath !== undefined || usesOsCertificates || port === 8883;
}

/** The port to connect to. */
export function portOf(settings: TargetSettings): number {
  if (settings.port !== undefined) return settings.port;
  return settings.caFile !== undefined || settings.caPath !== undefined ? 8883 : 1883;
}
