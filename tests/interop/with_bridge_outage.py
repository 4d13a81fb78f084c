"""Bridges of midge to a real Mosquitto under load, and kill -9 for the one and the other.

Mosquitto keeps nothing of its own through a kill -9, so what it is asked for is what it can do: the
messages it acknowledged to the bridge have gone to its subscribers, or are retained, before that.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
from broker import START_SECONDS
from harness import PATIENCE_SECONDS, Address, Mismatch, expect, expect_that, scenario, ticks
from with_bridge import Mosquitto, free_port, wait_until
from with_proxy import Behind

MESSAGES = 600
UNDER_WAY = 20
"""Messages that may be under way to a remote broker of MQTT 3 (and to this Mosquitto)."""


class Peer:
    """A client with a session, that comes back by itself, and counts what it receives."""

    def __init__(self, port: int, name: str, under_way: int) -> None:
        """`under_way` messages at a time that it publishes; 0: any."""
        self.came: Counter[str] = Counter()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name, clean_session=False, reconnect_on_failure=True
        )
        self._client.max_inflight_messages_set(under_way)
        self._client.reconnect_delay_set(0.05, 0.2)
        self._client.on_message = lambda _c, _u, m: self.came.update([m.payload.decode()])
        self._sent: set[int] = set()
        self._acknowledged: set[int] = set()
        self._client.on_publish = lambda _c, _u, mid, *_: self._acknowledged.add(mid)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(self._client.is_connected, lambda: f"{name} is not connected")

    def subscribe(self, topic: str, qos: int) -> None:
        """Comes back with the SUBACK."""
        answered: list[object] = []
        self._client.on_subscribe = lambda *args: answered.append(args)
        self._client.subscribe(topic, qos)
        wait_until(lambda: answered, lambda: f"no SUBACK for {topic}")

    def publish(self, topic: str, text: str, qos: int) -> None:
        """One message."""
        self._sent.add(self._client.publish(topic, text, qos).mid)

    def wait_for_acknowledgements(self) -> None:
        """Comes back when its broker has taken all that it published."""
        wait_until(
            lambda: self._sent <= self._acknowledged,
            lambda: f"{len(self._sent - self._acknowledged)} are not acknowledged",
        )

    def wait_for(self, wanted: set[str]) -> None:
        """Comes back when all of them have come."""
        for _ in ticks(PATIENCE_SECONDS * 4):
            if wanted <= self.came.keys():
                return
        missing = sorted(wanted - self.came.keys())
        raise Mismatch(f"{len(missing)} of {len(wanted)} are lost: {missing[:9]}")

    def twice(self) -> list[str]:
        """What has come more than once of those that were published with QoS 2."""
        return [text for text, n in self.came.items() if n > 1 and text.startswith("2-")]

    def leave(self) -> None:
        """Disconnects."""
        self._client.disconnect()
        self._client.loop_stop()


class Near:
    """midge with a store and a bridge, which comes back with what it has stored."""

    def __init__(self, folder: Path, far: int, lines: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._conf = (
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {folder}\nmax_queued_messages 100000\n"
            f"connection cloud\naddress 127.0.0.1:{far}\nrestart_timeout 1\n"
            f"topic out/# out 2\ntopic in/# in 2\n{lines}\n"
        )
        self._broker = self._start()

    def _start(self) -> Behind:
        broker = Behind(self._folder, self._conf)
        broker.line("Bridge cloud: connected to", START_SECONDS)
        return broker

    def restart(self) -> None:
        """kill -9, and a new start."""
        self._broker.kill()
        self._broker = self._start()

    def stop(self) -> None:
        """Ends it."""
        self._broker.stop()


@contextlib.contextmanager
def _brokers(lines: str, qos: int) -> Iterator[tuple[Near, Mosquitto, Peer, Peer]]:
    """Both, and a subscriber at each; that at Mosquitto is known to it after a kill -9, too."""
    with tempfile.TemporaryDirectory(prefix="midge-bridge-") as name:
        folder = Path(name)
        mosquitto = Mosquitto(
            folder,
            free_port(),
            "max_queued_messages 0\nqueue_qos0_messages true\n"
            f"persistence true\npersistence_location {folder}/\n",
        )
        there = Peer(mosquitto.port, "there", UNDER_WAY)
        there.subscribe("out/#", qos)
        mosquitto.save(folder / "mosquitto.db")
        near = Near(folder, mosquitto.port, lines)
        # Not limited: for what is beyond its limit, paho forgets on reconnection that it had the PUBREC.
        here = Peer(near.port, "here", 0)
        here.subscribe("in/#", 2)
        try:
            yield near, mosquitto, here, there
        finally:
            here.leave()
            there.leave()
            near.stop()
            mosquitto.kill()


def _load(peer: Peer, direction: str, first: int, count: int) -> set[str]:
    """Publishes messages with QoS 1 and 2 in turns, a thousand a second; returns their texts."""
    texts = set()
    for i in range(first, first + count):
        qos = 1 + i % 2
        texts.add(f"{qos}-{direction}-{i}")
        peer.publish(f"{direction}/{i}", f"{qos}-{direction}-{i}", qos)
        time.sleep(0.001)
    return texts


for version in ("mqttv311", "mqttv50"):

    @scenario(f"Bridge to Mosquitto, {version}")
    def kill_9_of_midge_under_load_loses_nothing_and_doubles_nothing_of_qos_2(
        _: Address, version: str = version
    ) -> None:
        with _brokers(f"bridge_protocol_version {version}", 2) as (near, _mosquitto, here, there):
            out: set[str] = set()
            into: set[str] = set()
            for first in range(0, MESSAGES, MESSAGES // 3):
                if first > 0:
                    near.restart()
                out |= _load(here, "out", first, MESSAGES // 3)
                into |= _load(there, "in", first, MESSAGES // 3)
            here.wait_for_acknowledgements()
            there.wait_for_acknowledgements()
            there.wait_for(out)
            here.wait_for(into)
            expect("QoS 2 messages that came there twice", there.twice(), [])
            expect("QoS 2 messages that came here twice", here.twice(), [])

    @scenario(f"Bridge to Mosquitto, {version}")
    def kill_9_of_mosquitto_under_load_loses_nothing(_: Address, version: str = version) -> None:
        lines = f"bridge_protocol_version {version}\nbridge_receive_maximum {UNDER_WAY}"
        with _brokers(lines, 0) as (_near, mosquitto, here, there):
            wanted: set[str] = set()
            kills = 2
            for round in range(kills + 1):
                wanted |= _load(here, "out", len(wanted), MESSAGES // 3)
                if round < kills:
                    mosquitto.kill()
                    wanted |= _load(here, "out", len(wanted), MESSAGES // 6)
                    mosquitto.start()
            here.wait_for_acknowledgements()
            there.wait_for(wanted)
            # Those that were in doubt when Mosquitto lost what it knew; none of the others.
            twice = there.twice()
            expect_that("few doubles", len(twice) <= kills * UNDER_WAY, twice)
