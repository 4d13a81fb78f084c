// The format of mosquitto.conf, and what belongs to which listener.

import assert from "node:assert/strict";
import { inIncludeOrder } from "../../src/config/mosquitto_conf.ts";
import type { Listener } from "../../src/config/schema.ts";
import { problemsOf, readValid } from "./reading.ts";

const FORMAT: readonly {
  readonly name: string;
  readonly conf: string;
  readonly user: string | null;
}[] = [
  { name: "takes what follows the first space", conf: "user a b", user: "a b" },
  { name: "trims blanks at both ends", conf: "user   a \t ", user: "a" },
  { name: "takes a # in a text for itself", conf: "user a #b", user: "a #b" },
  { name: "passes over lines that begin with #", conf: "#user a\nuser b", user: "b" },
  { name: "passes over empty lines and lines of blanks", conf: "\n  \n\t\nuser a", user: "a" },
  { name: "reads Windows' line endings", conf: "user a\r\nallow_anonymous true\r\n", user: "a" },
  { name: "passes over blanks before the name", conf: "  user a", user: "a" },
  { name: "passes over a byte order mark", conf: "\uFEFFuser a", user: "a" },
  { name: "takes a tab for a space", conf: "user\ta", user: "a" },
  { name: "expands no variables", conf: "user ${HOME}", user: "${HOME}" },
];
for (const { name, conf, user } of FORMAT) {
  Deno.test(`mosquitto.conf: the reader ${name}`, async () => {
    assert.equal((await readValid(conf)).config.user, user);
  });
}

Deno.test("mosquitto.conf: a tab is told of once", async () => {
  const { notes } = await readValid("user\ta\npid_file\tb\n\tlistener 1");
  assert.equal(notes.filter(({ message }) => message.includes("tab")).length, 1);
});

const show = ({ allowAnonymous, passwordFile, aclFile, autoIdPrefix }: Listener) =>
  [allowAnonymous, passwordFile, aclFile, autoIdPrefix].join(" ");

const SCOPES: readonly {
  readonly name: string;
  readonly conf: string;
  readonly listeners: readonly string[];
}[] = [
  { name: "no listener is local only, anonymous", conf: "", listeners: ["true   auto-"] },
  {
    name: "no listener, but no anonymous access",
    conf: "allow_anonymous false",
    listeners: ["false   auto-"],
  },
  { name: "a listener lets no anonymous in", conf: "listener 1", listeners: ["false   auto-"] },
  {
    name: "without per_listener_settings, access is for all listeners",
    conf: "listener 1\nlistener 2\npassword_file p\nallow_anonymous true\nacl_file a",
    listeners: ["true p a auto-", "true p a auto-"],
  },
  {
    name: "with per_listener_settings, access is for the listener above",
    conf: "per_listener_settings true\nlistener 1\npassword_file p\nallow_anonymous true\n" +
      "listener 2\nacl_file a\nauto_id_prefix x-",
    listeners: ["true p  auto-", "false  a x-"],
  },
  {
    name: "listener_… comes before what is for all",
    conf: "allow_anonymous true\nauto_id_prefix a\nlistener 1\nlistener_allow_anonymous false\n" +
      "listener_auto_id_prefix b\nlistener 2",
    listeners: ["false   b", "true   a"],
  },
  {
    name: "plugins of the listener and of all",
    conf: "plugin_load a /x/mosquitto_acl_file.so\nplugin_opt_acl_file A\n" +
      "plugin /x/mosquitto_password_file.so\nplugin_opt_password_file P\n" +
      "listener 1\nplugin_use a\nlistener 2",
    listeners: ["false P A auto-", "false P  auto-"],
  },
];
for (const { name, conf, listeners } of SCOPES) {
  Deno.test(`mosquitto.conf: ${name}`, async () => {
    const { config } = await readValid(conf);
    assert.deepEqual(config.listeners.map(show), listeners);
  });
}

Deno.test("mosquitto.conf: options before the first listener open the default one, and say so", async () => {
  const { config, notes } = await readValid("max_connections 5\nlistener 8883");
  const [first, second] = config.listeners;
  assert.ok(first?.kind === "tcp" && second?.kind === "tcp");
  assert.deepEqual([first.port, first.maximumConnections, second.port], [1_883, 5, 8_883]);
  assert.match(
    notes.map(({ message }) => message).join("\n"),
    /^Creating default listener due to 'max_connections' option/,
  );
});

Deno.test("mosquitto.conf: options of the default listener alone do not open the port to others", async () => {
  const { config } = await readValid("max_connections 5");
  assert.ok(config.localOnly && config.listeners[0]?.kind === "tcp");
  assert.deepEqual(config.listeners[0].hostnames, ["127.0.0.1", "::1"]);
  assert.equal(config.listeners[0].maximumConnections, 5);
});

Deno.test("mosquitto.conf: include_dir reads *.conf in Mosquitto's order, each from its own beginning", async () => {
  const files = {
    "/d/b.conf": "listener 2\n",
    "/d/B.conf": "user x\n",
    "/d/a.conf": "sys_interval 7\n",
    "/d/skipped.txt": "nonsense",
    "/d/.conf": "nonsense",
  };
  const { config, notes } = await readValid("include_dir /d/\nlistener 1", { files });
  assert.equal(config.user, "x");
  assert.equal(config.sysIntervalMs, 7_000);
  assert.deepEqual(config.listeners.map((each) => each.kind === "tcp" && each.port), [2, 1]);
  assert.deepEqual(notes.map(({ message }) => message), [
    "Loading config file '/d/a.conf'",
    "Loading config file '/d/B.conf'",
    "Loading config file '/d/b.conf'",
  ]);
});

Deno.test("mosquitto.conf: a mistake in an included file has its path and line", async () => {
  const files = { "/d/a.conf": "user u\nmount_point x", "/d/b.conf": "include_dir /d" };
  assert.deepEqual(await problemsOf("listener 1\ninclude_dir /d", { files }), [
    "/d/a.conf:2: The 'mount_point' option requires a listener to be defined first. " +
    "Put it below a 'listener PORT' line.",
    "/d/b.conf:1: The include_dir option is only valid in the main configuration file.",
  ]);
});

Deno.test("inIncludeOrder() puts upper case just before lower case", () => {
  const names = ["b.conf", "A.conf", "01.conf", "a.conf", "B.conf", "00.conf"];
  const sorted = ["00.conf", "01.conf", "A.conf", "a.conf", "B.conf", "b.conf"];
  assert.deepEqual(names.sort(inIncludeOrder), sorted);
});

Deno.test("a password without a user name, which MQTT 3 can't send, is told of and left out", async () => {
  const { config, notes } = await readValid(
    "connection a\naddress h\ntopic # out\nremote_password p",
  );
  assert.equal(config.bridges[0]!.remote.password, null);
  assert.match(
    notes.map(({ message }) => message).join("\n"),
    /'bridge remote_password' option is not sent/,
  );
});
