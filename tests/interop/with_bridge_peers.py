"""Bridges of midge to real Mosquittos: client certificates, lazy and once, failover, and a triangle."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import PATIENCE_SECONDS, Address, expect, expect_that, scenario, ticks
from with_bridge import Mosquitto, bridged, connect, free_port, wait_until
from with_proxy import Behind
from with_tls import make_files

SETTLED_SECONDS = 0.3
"""What would come twice has come by then."""


@contextlib.contextmanager
def _folder() -> Iterator[tuple[Path, contextlib.ExitStack]]:
    """A folder, and what is to be ended in the end."""
    with tempfile.TemporaryDirectory(prefix="midge-bridge-") as name, contextlib.ExitStack() as stack:
        yield Path(name), stack


def _mosquitto(stack: contextlib.ExitStack, folder: Path, lines: str = "") -> Mosquitto:
    mosquitto = Mosquitto(folder, free_port(), lines)
    stack.callback(mosquitto.kill)
    return mosquitto


def _midge(stack: contextlib.ExitStack, folder: Path, port: int, lines: str) -> Behind:
    folder.mkdir(exist_ok=True)
    broker = Behind(folder, f"listener {port} 127.0.0.1\nallow_anonymous true\n{lines}\n")
    stack.callback(broker.stop)
    return broker


@scenario("Bridge to Mosquitto")
def the_block_of_the_documents_with_client_certificates(_: Address) -> None:
    """`address cloud-broker:8883` and so on, as it stands but for names of hosts and files."""
    with _folder() as (folder, stack):
        make_files(folder)
        secure = free_port()
        cloud = _mosquitto(
            stack,
            folder,
            f"listener {secure} 127.0.0.1\nrequire_certificate true\nuse_identity_as_username true\n"
            f"cafile {folder}/ca.crt\ncertfile {folder}/server.crt\nkeyfile {folder}/server.key",
        )
        block = (
            f"connection cloud\naddress localhost:{secure}\nbridge_cafile {folder}/ca.crt\n"
            f"bridge_certfile {folder}/{{0}}.crt\nbridge_keyfile {folder}/{{0}}.key\n"
            "topic home/# out 1\ntopic commands/# in 1\n"
        )
        there = connect(cloud.port)
        there.subscribe("home/#", 2)
        there.publish("commands/retained", "1", 1, retain=True)
        port = free_port()
        broker = _midge(stack, folder, port, block.format("alice"))
        broker.line("Bridge cloud: connected to")
        here = connect(port)
        here.subscribe("commands/#", 2)
        wait_until(lambda: here.came, lambda: "the retained message has not come")
        for qos in (0, 1, 2):
            here.publish(f"home/{qos}", "h", qos)
            there.publish(f"commands/{qos}", "c", qos)
        here.publish("elsewhere", "h", 1)
        wait_until(
            lambda: len(here.came) >= 4 and len(there.came) >= 3,
            lambda: str((here.came, there.came)),
        )
        homes = [("home/0", "h", 0), ("home/1", "h", 1), ("home/2", "h", 1)]
        commands = [("commands/0", "c", 0), ("commands/1", "c", 1), ("commands/2", "c", 1)]
        expect("there", sorted(there.came), homes)
        expect("here", sorted(here.came), [*commands, ("commands/retained", "1", 1)])
        broker.stop()

        stranger = _midge(stack, folder, port, block.format("mallory"))
        said = stranger.line("next try at")
        expect_that(f"why, in {said!r}", "certificate" in said or "clos" in said, said)
        late = connect(port)  # at full speed all the same
        late.subscribe("x", 0)
        wait_until(
            lambda: late.publish("x", "x") and late.came != [], lambda: "nothing came back"
        )
        for client in (here, there, late):
            client.disconnect()


@scenario("Bridge to Mosquitto")
def retained_messages_of_before_go_over_and_vanish_when_they_are_removed(_: Address) -> None:
    with _folder() as (folder, stack):
        far = _mosquitto(stack, folder)
        there = connect(far.port)
        there.publish("in/r", "there", 1, retain=True).wait_for_publish(PATIENCE_SECONDS)
        port = free_port()
        lines = f"connection cloud\naddress 127.0.0.1:{far.port}\ntopic out/# out 1\ntopic in/# in 1"
        broker = _midge(stack, folder, port, lines)
        broker.line("Bridge cloud: connected to")
        here = connect(port)
        here.publish("out/r", "here", 1, retain=True)

        def retained(at: int, topic: str) -> list[tuple[str, str, int]]:
            client = connect(at)
            client.subscribe(topic, 1)
            time.sleep(0.1)
            client.disconnect()
            return list(client.came)

        for at, topic, text in ((port, "in/r", "there"), (far.port, "out/r", "here")):
            wait_until(lambda: retained(at, topic) == [(topic, text, 1)], lambda: f"{topic} is missing")
        there.publish("in/r", None, 1, retain=True)
        here.publish("out/r", None, 1, retain=True)
        for at, topic in ((port, "in/r"), (far.port, "out/r")):
            wait_until(lambda: retained(at, topic) == [], lambda: f"{topic} is still there")
        here.disconnect()
        there.disconnect()


@scenario("Bridge to Mosquitto")
def lazy_connects_when_enough_waits_and_leaves_when_nothing_does(_: Address) -> None:
    with _folder() as (folder, stack):
        far = _mosquitto(stack, folder)
        port = free_port()
        broker = _midge(
            stack,
            folder,
            port,
            f"connection cloud\naddress 127.0.0.1:{far.port}\nstart_type lazy\nthreshold 3\n"
            "idle_timeout 1\ntopic t out 1",
        )
        here, there = connect(port), connect(far.port)
        there.subscribe("t", 1)
        for text in ("1", "2"):
            here.publish("t", text, 1).wait_for_publish(PATIENCE_SECONDS)
        time.sleep(3 * SETTLED_SECONDS)
        expect("what has come below the threshold", there.came, [])
        here.publish("t", "3", 1)
        wait_until(lambda: len(there.came) >= 3, lambda: str(there.came))
        expect("in order", [text for _, text, _ in there.came], ["1", "2", "3"])
        broker.line("there is nothing to do: disconnected")
        here.disconnect()
        there.disconnect()


@scenario("Bridge to Mosquitto")
def once_is_not_started_again(_: Address) -> None:
    with bridged(_, "start_type once\ntopic t out 1") as (midge, mosquitto, port):
        mosquitto.kill()
        midge.line("It is not started again: start_type is once")
        mosquitto.start()
        here, there = connect(port), connect(mosquitto.port)
        there.subscribe("#", 1)
        here.publish("t", "1", 1)
        time.sleep(4 * SETTLED_SECONDS)  # longer than restart_timeout
        expect("what has come", there.came, [])
        here.disconnect()
        there.disconnect()


def _state(port: int) -> Callable[[], str]:
    """Where the bridge of the midge at `port` is connected to, by what it says in $SYS."""
    client = connect(port)
    client.subscribe("$SYS/broker/bridge/cloud/detail", 0)
    return lambda: client.came[-1][1] if client.came else ""


for _round_robin in (False, True):

    @scenario("Bridge to three Mosquittos" + (", round_robin" if _round_robin else ""))
    def failover(_: Address, round_robin: bool = _round_robin) -> None:
        """The next one when one dies; the first again when it is back, but for round_robin."""
        with _folder() as (folder, stack):
            three = [_mosquitto(stack, folder) for _ in range(3)]
            port = free_port()
            _midge(
                stack,
                folder,
                port,
                "connection cloud\naddresses "
                + " ".join(f"127.0.0.1:{each.port}" for each in three)
                + f"\nrestart_timeout 1\nround_robin {str(round_robin).lower()}\ntopic t out 1",
            )
            state = _state(port)
            here = connect(port)
            for i, each in enumerate(three):
                wait_until(lambda: state() == f"connected to 127.0.0.1:{each.port}", state)
                there = connect(each.port)
                there.subscribe("t", 1)
                wait_until(there.is_connected, lambda: "not connected")
                time.sleep(0.1)
                here.publish("t", str(i), 1)
                wait_until(lambda: there.came == [("t", str(i), 1)], lambda: str((i, there.came)))
                there.disconnect()
                if i < 2:
                    each.kill()
            three[0].start()
            if round_robin:
                for _tick in ticks(6.0):  # the first one is looked for every 5 seconds
                    expect("where it is", state(), f"connected to 127.0.0.1:{three[2].port}")
            else:
                wait_until(lambda: state() == f"connected to 127.0.0.1:{three[0].port}", state)
            here.disconnect()


@scenario("Two midges and a Mosquitto")
def a_triangle_of_bridges_both_ways_does_not_go_round(_: Address) -> None:
    """midge -> midge -> Mosquitto -> midge, all of MQTT 5.0, the last one a bridge of Mosquitto's."""
    both = "\nbridge_protocol_version mqttv50\nrestart_timeout 1\ntopic t/# both 1\n"
    with _folder() as (folder, stack):
        first, second = free_port(), free_port()
        third = _mosquitto(
            stack, folder, f"connection to-first\naddress 127.0.0.1:{first}\nnotifications false{both}"
        )
        brokers = [
            _midge(stack, folder / name, port, f"connection {name}\naddress 127.0.0.1:{to}{both}")
            for name, port, to in (("to-third", second, third.port), ("to-second", first, second))
        ]
        for broker in brokers:
            broker.line(": connected to")
        clients = [connect(port) for port in (first, second, third.port)]
        for client in clients:
            client.subscribe("t/#", 1)
        probe = connect(third.port)
        wait_until(
            lambda: probe.publish("t/probe", "probe", 1) and any(c.came for c in clients[:1]),
            lambda: "the triangle is not closed",
        )
        time.sleep(SETTLED_SECONDS)
        for client in clients:
            client.came.clear()
        for i, client in enumerate(clients):
            client.publish(f"t/{i}", str(i), 1)
        wait_until(lambda: all(len(c.came) >= 3 for c in clients), lambda: str([c.came for c in clients]))
        time.sleep(3 * SETTLED_SECONDS)
        for client in clients:
            texts = sorted(text for _, text, _ in client.came if text != "probe")
            expect("which have come", sorted(set(texts)), ["0", "1", "2"])
            # By both ways round, and no further.
            expect_that("each of them at most twice", max(map(texts.count, "012")) <= 2, texts)
        for client in (*clients, probe):
            client.disconnect()


@scenario("Two midges and a Mosquitto")
def a_chain_of_mqtt_3_carries_both_ways_and_nothing_comes_back(_: Address) -> None:
    """midge -> Mosquitto <- midge, by try_private."""
    with _folder() as (folder, stack):
        middle = _mosquitto(stack, folder)
        ports = [free_port(), free_port()]
        for i, port in enumerate(ports):
            broker = _midge(
                stack,
                folder / str(i),
                port,
                f"connection side-{i}\naddress 127.0.0.1:{middle.port}\ntopic t/# both 2",
            )
            broker.line(": connected to")
        clients = [connect(port) for port in (*ports, middle.port)]
        for client in clients:
            client.subscribe("t/#", 2)
        time.sleep(SETTLED_SECONDS)
        for i, client in enumerate(clients):
            for qos in (0, 1, 2):
                client.publish(f"t/{i}", str(qos), qos)
        wait_until(lambda: all(len(c.came) >= 9 for c in clients), lambda: str([c.came for c in clients]))
        time.sleep(SETTLED_SECONDS)
        every = [(f"t/{i}", str(qos), qos) for i in range(3) for qos in range(3)]
        for client in clients:
            expect("each once", sorted(client.came), every)
            client.disconnect()
