// -L: host, port, credentials, transport and topic in one.

import { numberWithin } from "./option_row.ts";
import type { ConnectSettings } from "./settings.ts";
import { parseBrokerUrl } from "./topics.ts";
import { UsageError } from "./usage_error.ts";

/** @throws {UsageError} if it is no such URL. */
export function applyUrl(
  settings: ConnectSettings,
  text: string,
  setTopic: (topic: string) => void,
): void {
  const url = parseBrokerUrl(text);
  if (typeof url === "string") throw new UsageError(url);
  const isSecure = url.scheme === "mqtts" || url.scheme === "wss";
  if (isSecure) settings.usesOsCertificates = true;
  if (url.scheme.startsWith("ws")) settings.usesWebSocket = true;
  setTopic(url.topic);
  if (url.username !== undefined) settings.username = url.username;
  if (url.password !== undefined) settings.password = url.password;
  settings.host = url.host;
  settings.port = url.port === undefined
    ? isSecure ? 8883 : 1883
    : numberWithin(url.port, 1, 65_535, (port) => `Invalid port given: ${port}`);
}
