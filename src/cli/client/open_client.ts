// An MQTT.js client as the settings say, that connects when it is told to.

import { MqttClient } from "mqtt";
import type { IClientOptions, MqttProtocol } from "mqtt";
import { dialer } from "./dial.ts";
import { asProperties } from "./property_options.ts";
import { type ConnectSettings, portOf, usesTls } from "./settings.ts";
import { tlsOptions } from "./tls_options.ts";
import { UsageError } from "./usage_error.ts";

const CONNECT_TIMEOUT_MS = 30_000;

/** @throws {UsageError} if the settings can't be had. */
export async function openClient(settings: ConnectSettings): Promise<MqttClient> {
  const options = clientOptions(settings);
  if (!settings.usesWebSocket) return new MqttClient(dialer(settings), options);
  if (settings.unixPath !== undefined || settings.bindAddress !== undefined) {
    throw new UsageError("--ws goes with neither --unix nor -A.");
  }
  const isSecure = usesTls(settings);
  const { connect } = await import("mqtt");
  return connect({
    ...options,
    protocol: (isSecure ? "wss" : "ws") as MqttProtocol,
    host: settings.host ?? "localhost",
    port: portOf(settings),
    path: "/mqtt",
    ...isSecure ? { wsOptions: { ...tlsOptions(settings) } } : {},
  });
}

function clientOptions(settings: ConnectSettings): IClientOptions {
  const { version, username, password, willTopic, isCleanSession } = settings;
  const properties = asProperties(settings.properties.CONNECT);
  const willProperties = asProperties(settings.properties.WILL);
  return {
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId: clientId(settings),
    clean: isCleanSession,
    keepalive: settings.keepAliveSeconds,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0, // who gives up and who tries again is for pub and sub to say
    manualConnect: true,
    resubscribe: false,
    ...username === undefined ? {} : { username },
    ...password === undefined ? {} : { password },
    ...version === 5 && properties !== undefined ? { properties } : {},
    ...willTopic === undefined ? {} : {
      will: {
        topic: willTopic,
        payload: settings.willPayload ?? "",
        qos: settings.willQos,
        retain: settings.willRetain,
        ...version === 5 && willProperties !== undefined ? { properties: willProperties } : {},
      },
    },
  } as IClientOptions;
}

const ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function clientId({ id, idPrefix, version }: ConnectSettings): string {
  if (id !== undefined) return id;
  if (idPrefix !== undefined) return `${idPrefix}${Deno.pid}`;
  if (version !== 3) return ""; // the broker gives us one [MQTT-3.1.3-6]
  // MQTT 3.1 wants one of 1 to 23 characters.
  const letters = crypto.getRandomValues(new Uint8Array(18));
  return `mosq-${Array.from(letters, (byte) => ID_LETTERS[byte % ID_LETTERS.length]).join("")}`;
}
