"""The log that people grep: the same clients at a live Mosquitto and at midge, and their debug lines compared."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

from broker import BrokerProcess
from harness import Address, expect, expect_that, scenario, ticks
from mosquitto_tools import Listener, publish
from with_acl import midge_command, mosquitto_command

CONFIG = """\
allow_anonymous true
log_type all
log_dest stderr
log_timestamp false
sys_interval 0
"""


@scenario("logs")
def debug_lines_are_those_of_mosquitto(_broker: Address) -> None:
    """My monitoring reads Mosquitto's log; it must find the same lines after the move."""
    midge = midge_command("--allow-read", "--allow-write", "--allow-env", "--allow-sys")
    theirs = log_of([mosquitto_command()], visits)
    ours = log_of(midge, visits)
    expect_that("dozens of lines about packets", len(theirs) > 25, theirs)
    expect("midge's lines", ours, theirs)


def visits(broker: Address) -> None:
    """Every kind of packet, one client at a time as far as that can be."""
    with Listener(broker, "311", "-i", "reader", "-q", "2", "-t", "log/#", "-t", "other") as reader:
        publish(broker, "311", "log/a", "-i", "first", "-m", "12345", "-u", "me", "-P", "p")
        reader.messages.wait_for(1)
        publish(broker, "5", "log/b", "-i", "second", "-m", "1", "-q", "1", "--will-topic", "w")
        reader.messages.wait_for(2)
        publish(broker, "31", "other", "-i", "third", "-m", "12", "-q", "2")
        reader.messages.wait_for(3)


def log_of(command: list[str], visit: Callable[[Address], None]) -> list[str]:
    """What a broker logs about packets, by client: how clients interleave is the network's."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "logs.conf"
        config.write_text(CONFIG + ("user root\n" if os.geteuid() == 0 else ""))
        broker = BrokerProcess(shlex.join([*command, "-c", str(config)]))
        try:
            broker.wait_until_it_accepts()
            visit(broker.address)
            for _ in ticks(2):
                if "Client reader" in broker.output():
                    break
            lines = broker.output().splitlines()
        finally:
            broker.kill()
    return [
        f"{client}: {line}"
        for client in ("reader", "first", "second", "third")
        for line in lines
        if re.search(rf"(from|to|as) {client}\b|^{client} ", line)
        for line in [re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", line)]
    ]
