// The options that pub, sub and the other tools share: where the broker is, how the connection is secured, who
// we are. Names and words are mosquitto_sub's.

import { numberWithin, type OptionRow } from "./option_row.ts";
import { readProperty } from "./property_options.ts";
import type { ConnectSettings, QoS, TargetSettings } from "./settings.ts";
import { isTopicName } from "./topics.ts";
import { UsageError } from "./usage_error.ts";

function refuse(sentence: string): () => never {
  return () => {
    throw new UsageError(sentence);
  };
}

/** Where the broker is, and TLS. */
export const TARGET_OPTIONS: readonly OptionRow<TargetSettings>[] = [
  {
    names: ["-h", "--host"],
    value: "HOST",
    missing: "no host specified",
    description: "the broker's host (default: localhost)",
    apply: (settings, value) => settings.host = value,
  },
  {
    names: ["-p", "--port"],
    value: "PORT",
    missing: "no port specified",
    description: "its port (default: 1883, with TLS 8883)",
    apply: (settings, value) =>
      settings.port = numberWithin(value, 1, 65_535, (text) => `Invalid port given: ${text}`),
  },
  {
    names: ["--unix"],
    value: "PATH",
    missing: "no socket path specified",
    description: "connect to this Unix socket",
    apply: (settings, value) => settings.unixPath = value,
  },
  {
    names: ["--ws"],
    description: "speak MQTT over WebSocket",
    apply: (settings) => settings.usesWebSocket = true,
  },
  {
    names: ["--cafile"],
    value: "FILE",
    missing: "no file specified",
    description: "TLS: the authorities that are trusted, PEM",
    apply: (settings, value) => settings.caFile = value,
  },
  {
    names: ["--capath"],
    value: "FOLDER",
    missing: "no directory specified",
    description: "TLS: a folder of such files, *.crt and *.pem",
    apply: (settings, value) => settings.caPath = value,
  },
  {
    names: ["--tls-use-os-certs"],
    description: "TLS: trust the authorities that the system trusts",
    apply: (settings) => settings.usesOsCertificates = true,
  },
  {
    names: ["--cert"],
    value: "FILE",
    missing: "no file specified",
    description: "TLS: our certificate",
    apply: (settings, value) => settings.certFile = value,
  },
  {
    names: ["--key"],
    value: "FILE",
    missing: "no file specified",
    description: "TLS: its key",
    apply: (settings, value) => settings.keyFile = value,
  },
  {
    names: ["--insecure"],
    description: "TLS: do not compare the certificate's names with the host's",
    apply: (settings) => settings.isInsecure = true,
  },
  {
    names: ["--tls-version"],
    value: "VERSION",
    missing: "no version specified",
    description: "TLS: tlsv1.3 or tlsv1.2, and nothing below",
    apply: (settings, value) => settings.tlsVersion = value,
  },
  {
    names: ["--tls-alpn"],
    value: "PROTOCOL",
    missing: "no protocol specified",
    description: "TLS: the protocol to ask for by ALPN",
    apply: (settings, value) => settings.alpn = value,
  },
  {
    names: ["--no-tls"],
    description: "no TLS, even on port 8883",
    apply: (settings) => settings.refusesTls = true,
  },
  {
    names: ["--keyform"],
    value: "FORM",
    missing: "no keyform specified",
    apply: (_, value) => {
      if (value !== "pem") throw new UsageError(`--keyform ${value} can't be had: keys are PEM.`);
    },
  },
  {
    names: ["--ciphers"],
    value: "LIST",
    missing: "no ciphers specified",
    apply: refuse("--ciphers can't be had: the runtime chooses among the good ones."),
  },
  {
    names: ["--psk"],
    value: "KEY",
    missing: "no key specified",
    apply: refuse("--psk can't be had: the runtime has no TLS-PSK. Use certificates."),
  },
  {
    names: ["--psk-identity"],
    value: "NAME",
    missing: "no identity specified",
    apply: refuse("--psk-identity can't be had: the runtime has no TLS-PSK. Use certificates."),
  },
  {
    names: ["--tls-engine"],
    value: "ENGINE",
    missing: "no engine_id specified",
    apply: refuse("--tls-engine can't be had: the runtime knows no OpenSSL engines."),
  },
  {
    names: ["--tls-engine-kpass-sha1"],
    value: "HASH",
    missing: "no kpass sha1 specified",
    apply: refuse("--tls-engine-kpass-sha1 can't be had: the runtime knows no OpenSSL engines."),
  },
  {
    names: ["-A"],
    value: "ADDRESS",
    missing: "no address specified",
    description: "connect from this address of ours",
    apply: (settings, value) => settings.bindAddress = value,
  },
  {
    names: ["--proxy"],
    value: "URL",
    missing: "no proxy url specified",
    apply: refuse("--proxy can't be had: connect through an SSH tunnel or socat instead."),
  },
  { names: ["--nodelay"] }, // it is always so
];

const VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = {
  mqttv5: 5,
  5: 5,
  mqttv311: 4,
  311: 4,
  mqttv31: 3,
  31: 3,
};

/** Who we are. */
export const CONNECT_OPTIONS: readonly OptionRow<ConnectSettings>[] = [
  {
    names: ["-u", "--username"],
    value: "NAME",
    missing: "no username specified",
    description: "our user name",
    apply: (settings, value) => settings.username = value,
  },
  {
    names: ["-P", "--pw"],
    value: "PASSWORD",
    missing: "no password specified",
    description: "our password",
    apply: (settings, value) => settings.password = value,
  },
  {
    names: ["-i", "--id"],
    value: "ID",
    missing: "no id specified",
    description: "our Client Identifier (default: the broker gives us one)",
    apply: (settings, value) => {
      if (settings.idPrefix !== undefined) refuseTwoIds();
      settings.id = value;
    },
  },
  {
    names: ["-I", "--id-prefix"],
    value: "PREFIX",
    missing: "no id prefix specified",
    description: "our Client Identifier is this and the number of the process",
    apply: (settings, value) => {
      if (settings.id !== undefined) refuseTwoIds();
      settings.idPrefix = value;
    },
  },
  {
    names: ["-V", "--protocol-version"],
    value: "VERSION",
    missing: "no version specified",
    saidAs: "--protocol-version",
    description: "mqttv5, mqttv311 (default) or mqttv31; also 5, 311, 31",
    apply: (settings, value) => {
      const version = Object.hasOwn(VERSIONS, value) ? VERSIONS[value] : undefined;
      if (version === undefined) throw new UsageError("Invalid protocol version argument given.");
      settings.version = version;
    },
  },
  {
    names: ["-k", "--keepalive"],
    value: "SECONDS",
    missing: "no keepalive specified",
    description: "Keep Alive (default: 60)",
    apply: (settings, value) =>
      settings.keepAliveSeconds = numberWithin(
        value,
        5,
        65_535,
        () => "Invalid keepalive given, it must be between 5 and 65535 inclusive.",
      ),
  },
  {
    names: ["-c", "--disable-clean-session"],
    description: "take up the session with our Client Identifier, and keep it afterwards",
    apply: (settings) => settings.isCleanSession = false,
  },
  {
    names: ["-x"],
    value: "SECONDS",
    missing: "no session expiry interval specified",
    description: "how long the session outlives us, MQTT 5.0; -1 or ∞: without end",
    apply: (settings, value) => settings.sessionExpiry = sessionExpiry(value),
  },
  {
    names: ["-D", "--property"],
    value: "COMMAND IDENTIFIER VALUE",
    description: "a property of MQTT 5.0, which is then spoken: -D PUBLISH content-type text/plain",
    applyWords: (settings, words) => {
      const count = readProperty(words, settings.properties);
      settings.version = 5;
      return count;
    },
  },
  {
    names: ["--will-topic"],
    value: "TOPIC",
    missing: "no will topic specified",
    description: "what the broker publishes to if we are lost",
    apply: (settings, value) => {
      if (value === "" || !isTopicName(value)) {
        throw new UsageError(`Invalid will topic '${value}', does it contain '+' or '#'?`);
      }
      settings.willTopic = value;
    },
  },
  {
    names: ["--will-payload"],
    value: "TEXT",
    missing: "no will payload specified",
    description: "what it publishes",
    apply: (settings, value) => settings.willPayload = value,
  },
  {
    names: ["--will-qos"],
    value: "QOS",
    missing: "no will QoS specified",
    description: "with this QoS",
    apply: (settings, value) =>
      settings.willQos = numberWithin(value, 0, 2, (text) => `Invalid will QoS ${text}.`) as QoS,
  },
  {
    names: ["--will-retain"],
    description: "and retained",
    apply: (settings) => settings.willRetain = true,
  },
  {
    names: ["-d", "--debug"],
    description: "print the packets that go to and fro",
    apply: (settings) => settings.isDebug = true,
  },
  {
    names: ["--quiet"],
    description: "print no errors, but for those in the arguments",
    apply: (settings) => settings.isQuiet = true,
  },
];

function refuseTwoIds(): never {
  throw new UsageError("-i and -I argument cannot be used together.");
}

const WITHOUT_END = 0xffff_ffff;

function sessionExpiry(text: string): number {
  if (text === "∞") return WITHOUT_END;
  const number = /^[+-]?(\d+|0x[\da-f]+)$/i.test(text)
    ? Number(text.replace("+", "").replace("-", "")) * (text.startsWith("-") ? -1 : 1)
    : NaN;
  if (Number.isNaN(number)) throw new UsageError("session-expiry-interval not a number.");
  if (number < -1 || number > WITHOUT_END) {
    throw new UsageError("session-expiry-interval out of range.");
  }
  return number === -1 ? WITHOUT_END : number;
}
