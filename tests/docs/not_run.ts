// The commands of the documentation that no test here can run, and why. What is not in this table is run.

const STARTS_THE_REPOSITORY = "takes port 1883; .ci/start_check.sh does it";
const CHANGES_THE_SYSTEM = "changes the system; .ci/debian_check.sh and .ci/systemd_check.sh do it";
const NEEDS_A_RELEASE = "there is none yet; .ci/compile_check.sh has the executable";
const IS_A_GATE = "is a gate itself: .ci/run does it";
const TAKES_MINUTES = "takes minutes and both cores; tests/bench has its own";

export const NOT_RUN: Readonly<Record<string, string>> = {
  "npx -y deno@2.9.6 task start": STARTS_THE_REPOSITORY,
  "npx -y deno@2.9.6 task test": IS_A_GATE,
  "deno task test": IS_A_GATE,
  "deno task check": IS_A_GATE,
  "deno task interop": IS_A_GATE,
  "bash .ci/run": IS_A_GATE,
  "deno task bench": TAKES_MINUTES,
  "deno task bench --only qos0-1to1,hard-case": TAKES_MINUTES,
  "deno task bench --brokers midge,mosquitto --seconds 5 --repeat 3": TAKES_MINUTES,
  "midge bench -h 127.0.0.1 --publishers 10 --subscribers 100 -q 1 -r 2000 -d 5":
    "takes seconds, and its figures are others each time; tests/cli/bench does it",
  "sha256sum --check --ignore-missing SHA256SUMS": NEEDS_A_RELEASE,
  "install -m 755 midge-*-linux-x64 /usr/local/bin/midge": NEEDS_A_RELEASE,
  "apt-get install ./midge_*_amd64.deb": CHANGES_THE_SYSTEM,
  "systemctl status midge": CHANGES_THE_SYSTEM,
  "systemctl stop mosquitto": CHANGES_THE_SYSTEM,
  "systemctl disable --now mosquitto": CHANGES_THE_SYSTEM,
  "systemctl daemon-reload": CHANGES_THE_SYSTEM,
  "systemctl enable midge": CHANGES_THE_SYSTEM,
  "systemctl restart midge": CHANGES_THE_SYSTEM,
  "systemctl disable --now midge": CHANGES_THE_SYSTEM,
  "systemctl enable --now mosquitto": CHANGES_THE_SYSTEM,
  "mkdir -p /etc/systemd/system/midge.service.d": CHANGES_THE_SYSTEM,
  "cp /usr/share/doc/midge/examples/mosquitto-files.conf /etc/systemd/system/midge.service.d/":
    CHANGES_THE_SYSTEM,
  "midge health -c /mosquitto/config/mosquitto.conf":
    "is the container's; docs/tls.md runs midge health, .ci/container_check.sh the entry point",
  "chgrp midge /etc/midge/passwd": "needs the user midge; .ci/debian_check.sh has it",
  "midge passwd -c /etc/midge/passwd alice":
    "asks at a terminal; tests/cli/passwd_prompt_test.ts has one",
  "chmod 640 /etc/midge/passwd": "is about the file of the command before",
};
