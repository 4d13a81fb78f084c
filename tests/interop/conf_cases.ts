// Snippets of mosquitto.conf, several hundred of them: every option with values of every kind, and the format itself.

import type { MosquittoOption } from "../../src/config/mosquitto_option.ts";
import { MOSQUITTO_OPTIONS } from "../../src/config/mosquitto_options.ts";

/** `DIR` is a folder that may be read and written, `PORT` a free port. */
export interface ConfCase {
  readonly conf: string;
  /** Of the folder DIR. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Values that are wrong, odd or at the edge for one kind of option or another. */
const VALUES = [
  ...["", "true", "1", "0", "TRUE", "maybe", "-1", "65536", "2147483648", "0x10", "010", "1s"],
  ...["1 # x", "true x", "a b", "a/#", "caf\u00e9", "\u0001", "14d", "3,4", "tlsv1.2"],
];

export const CASES: readonly ConfCase[] = [...ofOptions(), ...ofFormat()];

function ofOptions(): ConfCase[] {
  return Object.entries(MOSQUITTO_OPTIONS).flatMap(([name, option]) => {
    const context = contextOf(name, option);
    const line = `${name} ${option.example}`;
    const values = VALUES.map((value) => `${context}${name} ${value}`);
    return [line, `${context}${line}`, `${context}${line}\n${line}`, `${context}${name}`, ...values]
      .map((conf) => ({ conf }));
  });
}

/** What must stand before an option of its kind. */
function contextOf(name: string, { scope }: MosquittoOption): string {
  if (/^(listener|port|bind_address|connection)$/.test(name)) return "";
  if (scope === "bridge") return "connection c\naddress 127.0.0.1:1\ntopic # out\n";
  return /listener/.test(scope) ? "listener PORT\n" : "";
}

function ofFormat(): ConfCase[] {
  return [
    "",
    "\n\n",
    "# nothing\n",
    " # not a comment",
    "\t# not a comment",
    "#",
    "##\n#\n",
    "sys_interval 5\r\nmax_keepalive 7\r\n",
    "sys_interval 5\r",
    "listener PORT\r\nallow_anonymous true\r\n",
    "listener PORT # all of them",
    "listener PORT 127.0.0.1 # here",
    "listener  PORT",
    "listener PORT  127.0.0.1",
    "listener PORT 127.0.0.1 more",
    "listener",
    "listener ",
    "listener 0",
    "listener 0 DIR/m.sock",
    "listener -1",
    "listener 65536",
    "listener x",
    "listener 0x10000",
    "listener PORT\nlistener PORT2",
    "sys_interval\t5",
    "\tsys_interval 5",
    "  sys_interval 5",
    "sys_interval 5   ",
    "sys_interval 5 \t ",
    "sys_interval",
    "sys_interval ",
    "sys_intervall 5",
    "SYS_INTERVAL 5",
    "sys_interval=5",
    "sys_interval 5\nsys_interval 6",
    "allow_anonymous true\nallow_anonymous false",
    "password_file DIR/p\npassword_file DIR/p",
    "per_listener_settings true\nlistener PORT\nallow_anonymous true",
    "per_listener_settings true\nallow_anonymous true",
    "per_listener_settings true\npassword_file DIR/p",
    "allow_anonymous true\nper_listener_settings true",
    "acl_file DIR/p\nper_listener_settings true",
    "listener PORT\nper_listener_settings true\nallow_anonymous true",
    "per_listener_settings maybe",
    "per_listener_settings true\nper_listener_settings false\nlistener PORT",
    "max_connections 5\nlistener PORT",
    "listener PORT\nmax_connections 5",
    "mount_point a\nlistener PORT",
    "listener PORT\nmount_point a",
    "listener PORT\nmount_point a/#",
    "bind_address 127.0.0.1\nport PORT",
    "port PORT\nport PORT2",
    "bind_address 127.0.0.1\nbind_address 127.0.0.1\nport PORT",
    "port 0",
    "port 65536",
    "connection",
    "connection c",
    "connection c\naddress 127.0.0.1:1",
    "connection c\ntopic # out",
    "connection c\naddress 127.0.0.1:0\ntopic # out",
    "connection c\naddress 127.0.0.1:1\ntopic # sideways",
    "connection c\naddress 127.0.0.1:1\ntopic # out 3",
    "connection c\naddress 127.0.0.1:1\ntopic",
    "connection c\naddress 127.0.0.1:1\naddress 127.0.0.1:2\ntopic # out",
    "connection c\naddress\ntopic # out",
    "connection c\naddress 127.0.0.1:1\ntopic # out\nconnection c\naddress 127.0.0.1:1\ntopic # out",
    "topic # out",
    "address a",
    "log_dest file DIR/l\nlog_dest file DIR/m",
    "log_dest file",
    "log_dest none",
    "log_dest",
    "log_dest stdout\nlog_dest stderr",
    "log_dest syslg",
    "log_type loud",
    "log_type",
    "log_type none\nlog_type all",
    "include_dir DIR/none",
    "include_dir",
    "plugin",
    "plugin_opt_x y",
    "auth_opt_x y",
    "plugin_opt_",
    "user a\nuser b",
    "user \u00e9",
    "user a\u0000b",
  ].map((conf): ConfCase => ({ conf })).concat([
    { conf: "include_dir DIR/d", files: { "d/a.conf": "sys_interval 5\n" } },
    { conf: "include_dir DIR/d", files: { "d/a.conf": "bogus 5\n" } },
    { conf: "include_dir DIR/d", files: { "d/b.txt": "bogus 5\n" } },
    { conf: "include_dir DIR/d", files: { "d/b.conf": "bogus_b 1\n", "d/a.conf": "bogus_a 1\n" } },
    { conf: "include_dir DIR/d", files: { "d/a.conf": "bogus_a 1\n", "d/A.conf": "bogus_A 1\n" } },
    { conf: "include_dir DIR/d", files: { "d/B.conf": "bogus_B 1\n", "d/a.conf": "bogus_a 1\n" } },
    { conf: "include_dir DIR/d", files: { "d/a.conf": "include_dir DIR/d\n" } },
    { conf: "listener PORT\ninclude_dir DIR/d", files: { "d/a.conf": "mount_point a\n" } },
    { conf: "include_dir DIR/d\nuser b", files: { "d/a.conf": "user a\n" } },
  ]);
}
