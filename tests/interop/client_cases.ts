// What is asked of mosquitto_pub and mosquitto_sub, and of midge's: a row each. `-h 127.0.0.1 -p PORT` is put in
// front unless the row says where to connect itself.

export interface Sent {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  // deno-lint-ignore no-explicit-any -- MQTT.js's
  readonly properties?: any;
}

export interface ClientCase {
  readonly tool: "pub" | "sub";
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Retained messages that are there before. */
  readonly kept?: readonly Sent[];
  /** What is published once the tool has subscribed. */
  readonly sent?: readonly Sent[];
  /** The row says itself where to connect. */
  readonly saysWhere?: true;
  /** Which of the brokers: one that everybody may use, one for users with a password, one with an ACL. */
  readonly broker?: "open" | "closed" | "acl" | "tls" | "mtls";
  /** What its options file holds. */
  readonly optionsFile?: string;
  /** Why the outcomes are not the same, and how midge's differs: parts of it that are not compared. */
  readonly differs?: {
    readonly why: string;
    readonly in: readonly ("stdout" | "stderr" | "code" | "published")[];
    readonly sometimes?: true;
  };
}

const text = { topic: "a/b", payload: "hello", retain: true } as const;
const other = { topic: "a/c", payload: "there", retain: true } as const;
const empty = { topic: "a/e", payload: "" } as const;
const live = { topic: "a/b", payload: "fresh" } as const;
const rich = {
  topic: "r/ich",
  payload: "body",
  retain: true,
  qos: 1,
  properties: {
    payloadFormatIndicator: true,
    messageExpiryInterval: 90_000,
    contentType: "text/plain",
    responseTopic: "answer/here",
    correlationData: new TextEncoder().encode("c0rr"),
    userProperties: { a: ["1", "2"], b: "ü" },
  },
} as const;
const json = (payload: string) => ({ topic: "j", payload, retain: true });

function format(text: string, ...kept: readonly Sent[]): ClientCase {
  return { tool: "sub", args: ["-t", "#", "-C", String(kept.length), "-F", text], kept };
}

function format5(text: string, ...kept: readonly Sent[]): ClientCase {
  return { ...format(text, ...kept), args: [...format(text, ...kept).args, "-V", "5", "-q", "1"] };
}

function wrong(tool: "pub" | "sub", ...args: readonly string[]): ClientCase {
  return { tool, args };
}

function pub(...args: readonly string[]): ClientCase {
  return { tool: "pub", args };
}

const FORMATS: readonly ClientCase[] = [
  ..."t p j J x X l m q r R P A C D E F S".split(" ").flatMap((letter) => [
    format5(`<%${letter}>`, rich, { ...json("[1]"), retain: true }),
    format5(`<%20${letter}>|<%-20${letter}>|<%.3${letter}>`, { ...rich, payload: '"0123456789"' }),
  ]).map((each): ClientCase =>
    /[xX]/.test(each.args[5]!) && each.args[5]!.includes("20")
      ? {
        ...each,
        differs: {
          why: "with a width Mosquitto loses half of the payload's bytes",
          in: ["stdout"],
        },
      }
      : each
  ),
  format("%05l|%-5l|%5l|%010m", text),
  format("%% @@ \\\\ \\n\\r\\t\\v\\a\\e\\0", text),
  format("%10.2t|%-10.2t|%.2t|%2t", text),
  format("%3p|%-3p|%03p|%10p|%-10p|%010p", text),
  format("%I", text),
  format("%30I|%-30I|%.10I", text),
  format("%U", text),
  format("@Y-@m-@d", text),
  format("@a @A @b @B @C @D @e @F @g @G @h", text),
  format("@j @u @U @V @w @W @x @y @Z @z @n@t", text),
  format("%t=%p;", text, other),
  format("é%tü", { ...text, topic: "ä/ö", payload: "ß" }),
  format("%5t|%-5t|%.1t", { ...text, topic: "ä", payload: "ß" }),
  format("%j", { ...text, payload: 'quo"te \\ / \b\f\n\r\t \u001f \u007f ß €' }),
  format("%j", { ...text, payload: "x\0y" }),
  format("%j", { topic: "b", payload: new Uint8Array([0x61, 0xff, 0xfe]), retain: true }),
  format("%x", { topic: "b", payload: new Uint8Array([0, 1, 0xff, 0xfe]), retain: true }),
  format("%j %J", json('{"b":1,"a":[1,2,{"c":null}],"b":true}')),
  format("%J", json('{"b":1.50,"c":1e3,"d":-0.1,"e":1e300,"f":12345678901234567890,"g":1.0e-7}')),
  format("%J", json('"\\u00fc\\n\\/\\u20ac"')),
  format("%J", json("  [ ]  ")),
  format("%J", json("{}")),
  format("%J", json("no json")),
  format("%J", json("[1,]")),
  format("%J", json("{} x")),
  format("%J", json("3.0")),
  { ...format("%j", text), args: ["-t", "#", "-C", "1", "-F", "%j", "--pretty"] },
  {
    ...format("%J", json('{"a":[1,[2]],"b":{},"c":{"d":[]}}')),
    args: ["-t", "#", "-C", "1", "-F", "%J", "--pretty"],
  },
  { ...format5("%j", rich), args: ["-t", "#", "-C", "1", "-F", "%j", "--pretty", "-V", "5"] },
  ...["%z", "%", "%-", "%5", "%5.", "\\q", "\\", "@", "%t%", "%0"].map((each) =>
    wrong("sub", "-t", "a", "-F", each)
  ),
].map((each): ClientCase =>
  each.kept?.some(({ payload }) => payload === "x\0y")
    ? { ...each, differs: { why: "Mosquitto ends %j at a NUL byte", in: ["stdout"] } }
    : each
);

const SUBSCRIBING: readonly ClientCase[] = [
  { tool: "sub", args: ["-t", "a/#", "-C", "2"], kept: [text, other] },
  { tool: "sub", args: ["-t", "a/#", "-C", "2", "-v"], kept: [text, other] },
  { tool: "sub", args: ["-t", "a/#", "-C", "2", "-N"], kept: [text, other] },
  { tool: "sub", args: ["-t", "a/#", "-C", "2", "-v", "-N"], kept: [text, other] },
  { tool: "sub", args: ["-t", "a/b", "-t", "a/c", "-C", "2", "-v"], kept: [text, other] },
  { tool: "sub", args: ["-t", "#", "-T", "a/b", "-C", "1", "-v"], kept: [text, other] },
  {
    tool: "sub",
    args: ["-t", "#", "-T", "+/b", "-T", "a/c/#", "-W", "1", "-v"],
    kept: [text, other],
  },
  { tool: "sub", args: ["-t", "a/#", "-U", "a/#", "-W", "1"], sent: [live] },
  { tool: "sub", args: ["-t", "a/b", "-C", "2", "-v"], kept: [text], sent: [live] },
  { tool: "sub", args: ["-t", "a/b", "-C", "1", "-R", "-v"], kept: [text], sent: [live] },
  { tool: "sub", args: ["-t", "a/b", "-C", "1", "-R", "-V", "5"], kept: [text], sent: [live] },
  { tool: "sub", args: ["-t", "a/#", "-C", "1", "-v"], sent: [empty] },
  { tool: "sub", args: ["-t", "a/#", "-C", "1"], sent: [empty] },
  { tool: "sub", args: ["-t", "a/#", "-C", "1", "-v", "-N"], sent: [empty] },
  { tool: "sub", args: ["-t", "a/#", "--retained-only", "-v"], kept: [text, other], sent: [live] },
  { tool: "sub", args: ["-t", "a/#", "--retained-only", "-W", "1"], kept: [text] },
  {
    tool: "sub",
    args: ["-t", "a/#", "--remove-retained", "-C", "2", "-v"],
    kept: [text, other],
    differs: {
      why: "Mosquitto 2.0 misses the acknowledgement of the removals and hangs",
      in: ["code"],
    },
  },
  {
    tool: "sub",
    args: ["-t", "a/#", "--remove-retained", "-T", "a/b", "-W", "1"],
    kept: [text, other],
  },
  {
    tool: "sub",
    args: ["-t", "a/#", "-C", "1", "--retain-as-published", "-F", "%r", "-V", "5"],
    sent: [text],
  },
  { tool: "sub", args: ["-t", "a/#", "-C", "1", "-F", "%r", "-V", "5"], sent: [text] },
  ...[0, 1, 2].flatMap((qos) =>
    ["31", "mqttv311", "mqttv5"].map((version): ClientCase => ({
      tool: "sub",
      args: ["-t", "a/#", "-q", String(qos), "-V", version, "-C", "3", "-F", "%q %m %t %p"],
      sent: [0, 1, 2].map((each) => ({ ...live, qos: each as 0 | 1 | 2, payload: `q${each}` })),
    }))
  ),
  { tool: "sub", args: ["-t", "a", "-E"] },
  { tool: "sub", args: ["-t", "a", "-E", "-V", "5"] },
  { tool: "sub", args: ["-t", "a", "-W", "1"] },
  { tool: "sub", args: ["-t", "a", "-W", "1", "--quiet"] },
  { tool: "sub", args: ["-t", "a", "-W", "1", "-V", "5"] },
  { tool: "sub", args: ["-t", "a", "-E", "-i", "me", "-c", "-q", "1"] },
  {
    tool: "sub",
    args: ["-t", "a", "-W", "1", "-i", "me", "-c", "-q", "1"],
    sent: [{ topic: "a", payload: "x" }],
  },
  { tool: "sub", args: ["-t", "a", "-E", "-i", "you", "-x", "60", "-V", "5"] },
  { tool: "sub", args: ["-t", "a", "-E", "-i", "you", "-c", "-x", "-1", "-V", "5"] },
  { tool: "sub", args: ["-t", "a", "-E", "-I", "pre-"] },
  { tool: "sub", args: ["-t", "a", "-E", "-d", "-i", "dbg"] },
  {
    tool: "sub",
    args: ["-t", "$share/g/a", "-C", "1", "-V", "5"],
    sent: [{ topic: "a", payload: "x" }],
  },
  {
    tool: "sub",
    args: ["-t", "a", "-D", "SUBSCRIBE", "subscription-identifier", "7", "-C", "1", "-F", "%S %j"],
    sent: [{ topic: "a", payload: "x" }],
  },
  {
    tool: "sub",
    args: [
      "-t",
      "a",
      "-D",
      "subscribe",
      "user-property",
      "k",
      "v",
      "-D",
      "CONNECT",
      "receive-maximum",
      "3",
      "-E",
    ],
  },
  {
    tool: "sub",
    args: ["-t", "a", "--will-topic", "w", "--will-payload", "gone", "--will-qos", "1", "-W", "1"],
  },
  {
    tool: "sub",
    args: [
      "-t",
      "a",
      "--will-topic",
      "w",
      "--will-payload",
      "gone",
      "-V",
      "5",
      "-W",
      "1",
      "-D",
      "WILL",
      "content-type",
      "x",
    ],
  },
  {
    tool: "sub",
    args: ["-L", "mqtt://127.0.0.1:PORT/a/#", "-C", "1", "-v"],
    kept: [text],
    saysWhere: true,
  },
  {
    tool: "sub",
    args: ["-L", "mqtt://u:p@127.0.0.1:PORT/a/#", "-C", "1"],
    kept: [text],
    saysWhere: true,
  },
  {
    tool: "sub",
    args: ["-h", "127.0.0.1", "-L", "mqtt://u@127.0.0.1:PORT/a/b", "-t", "a/c", "-C", "2"],
    kept: [text, other],
    saysWhere: true,
  },
  {
    tool: "sub",
    args: ["--unix", "SOCKET", "-t", "a/#", "-C", "1"],
    kept: [text],
    saysWhere: true,
  },
  { tool: "sub", args: ["-A", "127.0.0.1", "-t", "a/#", "-C", "1"], kept: [text] },
  { tool: "sub", args: ["--nodelay", "-t", "a/#", "-C", "1"], kept: [text] },
];

const PUBLISHING: readonly ClientCase[] = [
  pub("-t", "p", "-m", "x"),
  pub("-t", "p", "-m", ""),
  pub("-t", "p", "-n"),
  pub("-t", "p", "-n", "-r"),
  pub("-t", "p", "-m", "ß€", "-r"),
  ...["0", "1", "2"].flatMap((qos) =>
    ["31", "311", "5"].map((version) => pub("-t", "p", "-m", "x", "-q", qos, "-V", version))
  ),
  pub("-t", "p", "-m", "x", "--repeat", "3"),
  pub("-t", "p", "-m", "x", "--repeat", "3", "--repeat-delay", "0.05", "-q", "1"),
  pub("-t", "p", "-f", "FILE"),
  pub("-t", "p", "-f", "/does/not/exist"),
  { ...pub("-t", "p", "-s"), stdin: "all\nof it\n" },
  { ...pub("-t", "p", "-s"), stdin: "" },
  { ...pub("-t", "p", "-l"), stdin: "one\ntwo\n\nfour" },
  { ...pub("-t", "p", "-l", "-q", "1"), stdin: "one\ntwo\n" },
  { ...pub("-t", "p", "-l", "-q", "2", "-M", "1"), stdin: "1\n2\n3\n4\n" },
  { ...pub("-t", "p", "-l"), stdin: "" },
  { ...pub("-t", "p", "-l"), stdin: `${"x".repeat(5_000)}\ny` },
  { ...pub("-t", "p", "-l", "-r"), stdin: "one\ntwo\n" },
  pub(
    "-t",
    "p",
    "-m",
    "x",
    "-D",
    "PUBLISH",
    "content-type",
    "text/plain",
    "-D",
    "publish",
    "user-property",
    "a",
    "1",
    "-D",
    "PUBLISH",
    "user-property",
    "a",
    "2",
  ),
  pub(
    "-t",
    "p",
    "-m",
    "x",
    "-D",
    "PUBLISH",
    "message-expiry-interval",
    "60",
    "-D",
    "PUBLISH",
    "response-topic",
    "r/t",
    "-D",
    "PUBLISH",
    "correlation-data",
    "c d",
    "-D",
    "PUBLISH",
    "payload-format-indicator",
    "1",
  ),
  pub("-t", "p", "-m", "x", "-D", "PUBLISH", "topic-alias", "1", "--repeat", "2"),
  pub("-t", "p", "-m", "x", "-i", "me2", "-c", "-V", "5", "-x", "10"),
  pub("-t", "p", "-m", "x", "-d", "-i", "dbg", "-V", "5"),
  pub("-L", "mqtt://127.0.0.1:PORT/p", "-m", "x"),
  { ...pub("--unix", "SOCKET", "-t", "p", "-m", "x"), saysWhere: true },
  { ...pub("-m", "x", "-q", "1"), optionsFile: "# mine\n-t from/file\n-m overruled?\n-q 2\n" },
  { ...pub("-m", "x y"), optionsFile: "-t from file\n" },
  { ...pub("-m", "x"), optionsFile: "-t f\n--nonsense\n" },
];

const REFUSED: readonly ClientCase[] = [
  ...(["pub", "sub"] as const).flatMap((tool) => {
    const rest = tool === "pub" ? ["-m", "x"] : ["-W", "3"];
    return [
      ...["31", "311", "5"].map((version): ClientCase => ({
        tool,
        args: ["-t", "a", ...rest, "-V", version],
        broker: "closed",
      })),
      { tool, args: ["-t", "a", ...rest, "-u", "alice", "-P", "wrong"], broker: "closed" },
      {
        tool,
        args: ["-t", "a", ...rest, "-u", "alice", "-P", "wrong", "--quiet"],
        broker: "closed",
      },
      {
        tool,
        args: ["-t", "a", ...rest, "-u", "alice", "-P", "wrong", "-V", "5"],
        broker: "closed",
      },
      { tool, args: ["-h", "127.0.0.1", "-p", "1", "-t", "a", ...rest], saysWhere: true },
      {
        tool,
        args: ["-h", "127.0.0.1", "-p", "1", "-t", "a", ...rest, "--quiet"],
        saysWhere: true,
      },
      { tool, args: ["-h", "does.not.exist.invalid", "-t", "a", ...rest], saysWhere: true },
      { tool, args: ["--unix", "/does/not/exist", "-t", "a", ...rest], saysWhere: true },
    ] as ClientCase[];
  }),
  { tool: "pub", args: ["-t", "a", "-m", "x", "-u", "alice", "-P", "secret"], broker: "closed" },
  { ...pub("-t", "a", "-l"), stdin: "x\n", broker: "closed" },
  { ...pub("-t", "a", "-l", "-V", "5"), stdin: "x\n", broker: "closed" },
  { tool: "sub", args: ["-t", "a", "-E", "-u", "alice", "-P", "secret"], broker: "closed" },
  { tool: "pub", args: ["-t", "no", "-m", "x", "-q", "1"], broker: "acl" },
  { tool: "pub", args: ["-t", "no", "-m", "x", "-q", "1", "-V", "5"], broker: "acl" },
  { tool: "pub", args: ["-t", "no", "-m", "x", "-q", "2", "-V", "5"], broker: "acl" },
  { tool: "sub", args: ["-t", "no", "-E"], broker: "acl" },
  { tool: "sub", args: ["-t", "no", "-t", "ok", "-E", "-V", "5"], broker: "acl" },
];

/** The certificate of the broker is not one that the row trusts. */
function isDistrusted(args: readonly string[]): boolean {
  return args.includes("OTHERCA") || (args.includes("127.0.0.2") && !args.includes("--insecure"));
}

const SECURED: readonly ClientCase[] = [
  pub("-t", "p", "-m", "x", "--cafile", "CA"),
  pub("-t", "p", "-m", "x", "--capath", "CAPATH"),
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--tls-version", "tlsv1.3"),
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--tls-version", "tlsv1.2"),
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--tls-alpn", "mqtt"),
  pub("-t", "p", "-m", "x", "--cafile", "OTHERCA"),
  pub("-t", "p", "-m", "x", "--cafile", "OTHERCA", "--insecure"),
  pub("-t", "p", "-m", "x", "--cafile", "/does/not/exist"),
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--tls-version", "tlsv9"),
  {
    ...pub("-h", "127.0.0.2", "-p", "PORT", "-t", "p", "-m", "x", "--cafile", "CA"),
    saysWhere: true as const,
  },
  {
    ...pub("-h", "127.0.0.2", "-p", "PORT", "-t", "p", "-m", "x", "--cafile", "CA", "--insecure"),
    saysWhere: true as const,
  },
  { tool: "sub" as const, args: ["-t", "a/#", "-C", "1", "--cafile", "CA"], kept: [text] },
].map((each): ClientCase => ({
  ...each,
  broker: "tls",
  ...isDistrusted(each.args)
    ? {
      differs: {
        why: "Mosquitto ends with 1 or 8, as the handshake and its loop happen to run",
        in: ["stderr", "code"],
        sometimes: true,
      },
    }
    : {},
}));
const WITH_CERTIFICATES: readonly ClientCase[] = [
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--cert", "CERT", "--key", "KEY"),
  pub("-t", "p", "-m", "x", "--cafile", "CA", "--cert", "CERT"),
].map((each): ClientCase => ({ ...each, broker: "mtls" }));

const OPTIONS_OF_BOTH =
  "-A -h -i -I -k -L -p -P -q -t -u -V --will-payload --will-qos --will-topic -x --unix -D " +
  "--cafile --capath --cert --key --tls-version --tls-alpn --keyform";

const WRONG: readonly ClientCase[] = [
  ...(["pub", "sub"] as const).flatMap((tool) =>
    OPTIONS_OF_BOTH.split(" ").map((option) => wrong(tool, "-t", "a", option))
  ),
  ..."-C -F -T -U -W --random-filter".split(" ").map((option) => wrong("sub", "-t", "a", option)),
  ..."-f -m -M --repeat --repeat-delay".split(" ").map((option) => wrong("pub", "-t", "a", option)),
  ..."-C -F -N -R -T -U -v -W -E --pretty --retained-only".split(" ").map((option) =>
    wrong("pub", option)
  ),
  ..."-f -l -m -n -r -s --repeat --repeat-delay".split(" ").map((option) => wrong("sub", option)),
  wrong("sub"),
  wrong("sub", "-v"),
  wrong("pub", "nonsense"),
  wrong("sub", "--nonsense"),
  wrong("sub", "-t", "a/#/b"),
  wrong("sub", "-t", "a+"),
  wrong("sub", "-t", "a", "-T", "#/a"),
  wrong("sub", "-t", "a", "-U", "#/a"),
  wrong("pub", "-t", "a/+", "-m", "x"),
  wrong("pub", "-t", "a", "-m", "x", "-n"),
  wrong("pub", "-t", "a", "-l", "-s"),
  wrong("sub", "-t", "a", "-q", "3"),
  wrong("sub", "-t", "a", "-q", "-1"),
  wrong("sub", "-t", "a", "-p", "70000"),
  wrong("sub", "-t", "a", "-k", "4"),
  wrong("sub", "-t", "a", "-k", "65536"),
  wrong("sub", "-t", "a", "-V", "4"),
  wrong("sub", "-t", "a", "-i", "x", "-I", "y"),
  wrong("sub", "-t", "a", "-I", "x", "-i", "y"),
  wrong("sub", "-t", "a", "-C", "0"),
  wrong("sub", "-t", "a", "-W", "0"),
  wrong("sub", "-t", "a", "-x", "ten"),
  wrong("sub", "-t", "a", "-x", "-2"),
  wrong("sub", "-t", "a", "-x", "4294967296"),
  wrong("sub", "-t", "a", "-c"),
  wrong("sub", "-t", "a", "-c", "-V", "5"),
  wrong("sub", "-t", "a", "-c", "-I", "x"),
  wrong("sub", "-t", "a", "-R", "--retained-only"),
  wrong("sub", "-t", "a", "--random-filter", "0"),
  wrong("sub", "-t", "a", "--will-payload", "x"),
  wrong("sub", "-t", "a", "--will-retain"),
  wrong("sub", "-t", "a", "--will-topic", "w/#"),
  wrong("sub", "-t", "a", "--will-topic", "w", "--will-qos", "3"),
  wrong("sub", "-t", "a", "--cert", "x"),
  wrong("sub", "-t", "a", "--key", "x"),
  wrong("pub", "-t", "a", "-m", "x", "-P", "x"),
  wrong("pub", "-t", "a", "-m", "x", "-M", "0"),
  wrong("pub", "-t", "a", "-m", "x", "--repeat", "0"),
  wrong("pub", "-t", "a", "-m", "x", "--repeat-delay", "-1"),
  wrong("sub", "-L", "http://x/y"),
  wrong("sub", "-L", "mqtt://x"),
  wrong("sub", "-L", "mqtt://x/#/a"),
  wrong("sub", "-t", "a", "-D", "CONNECT"),
  wrong("sub", "-t", "a", "-D", "CONNECT", "user-property", "x"),
  wrong("sub", "-t", "a", "-D", "NONSENSE", "user-property", "a", "b"),
  wrong("sub", "-t", "a", "-D", "CONNECT", "nonsense", "1"),
  wrong("sub", "-t", "a", "-D", "CONNECT", "content-type", "1"),
  wrong("sub", "-t", "a", "-D", "SUBSCRIBE", "topic-alias", "1"),
  wrong("sub", "-t", "a", "-D", "PUBACK", "user-property", "a", "b"),
  wrong("sub", "-t", "a", "-D", "AUTH", "user-property", "a", "b"),
  wrong("sub", "-t", "a", "-D", "CONNECT", "receive-maximum", "65536"),
  wrong("sub", "-t", "a", "-D", "CONNECT", "session-expiry-interval", "1", "-x", "3"),
  wrong(
    "pub",
    "-t",
    "a",
    "-m",
    "x",
    "-D",
    "PUBLISH",
    "content-type",
    "a",
    "-D",
    "PUBLISH",
    "content-type",
    "b",
  ),
];

export const CLIENT_CASES: readonly ClientCase[] = [
  ...SUBSCRIBING,
  ...PUBLISHING,
  ...REFUSED,
  ...SECURED,
  ...WITH_CERTIFICATES,
  ...FORMATS,
  ...WRONG,
];
