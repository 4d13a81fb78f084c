"""Bridges of midge to a real Mosquitto: both ways, QoS 0 to 2, prefixes, retained, outages with kill -9."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
from broker import accepts
from harness import PATIENCE_SECONDS, Address, Mismatch, expect, scenario, ticks
from with_proxy import Behind

_given: set[int] = set()
VERSIONS = ("mqttv31", "mqttv311", "mqttv50")


class Mosquitto:
    """A Mosquitto that can be killed and comes back at the same port."""

    def __init__(self, folder: Path, port: int, lines: str = "") -> None:
        """`lines` are behind those of its listener."""
        self.port = port
        self._conf = folder / f"mosquitto-{port}.conf"
        self._conf.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n{lines}\n"
        )
        self._log = folder / f"mosquitto-{port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        command = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "mosquitto"
        self._process = subprocess.Popen(
            [command, "-c", str(self._conf)],
            stdout=subprocess.DEVNULL,
            stderr=self._log.open("ab"),
        )
        for _ in ticks(PATIENCE_SECONDS):
            if accepts(Address("127.0.0.1", self.port)):
                return
        self.kill()
        raise Mismatch(f"expected a Mosquitto at port {self.port}, came {self._log.read_text()}")

    def save(self, database: Path) -> None:
        """Has it write its database, and waits until that is there."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        wait_until(database.exists, lambda: f"there is no {database}")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def connect(port: int, client_id: str = "") -> mqtt.Client:
    """A client that is connected, with what it receives in `.came`."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, clean_session=client_id == "")
    client.came = []
    client.on_message = lambda _c, _u, m: client.came.append((m.topic, m.payload.decode(), m.qos))
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


@contextlib.contextmanager
def bridged(address: Address, lines: str) -> Iterator[tuple[Behind, Mosquitto, int]]:
    """midge with a bridge to a Mosquitto; and its port."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        near, far = free_port(), free_port()
        mosquitto = Mosquitto(folder, far)
        midge = Behind(
            folder,
            f"listener {near} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 100\n"
            f"persistence true\npersistence_location {folder}\n"
            f"connection cloud\naddress 127.0.0.1:{far}\nrestart_timeout 1\n{lines}\n",
        )
        try:
            midge.line("Bridge cloud: connected to")
            yield midge, mosquitto, near
        finally:
            midge.stop()
            mosquitto.kill()


def free_port() -> int:
    """A port where nobody listens, and that the system gives to nobody while its broker is dead."""
    for _ in range(100):
        port = random.randrange(12_000, 30_000)
        if port in _given:
            continue
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise Mismatch("there is no free port")


def wait_until(condition, what) -> None:
    """Comes back when `condition()` holds."""
    for _ in ticks(PATIENCE_SECONDS * 3):
        if condition():
            return
    raise Mismatch(f"in vain: {what()}")


for version in VERSIONS:

    @scenario(f"Bridge to Mosquitto, {version}: both ways, QoS 0 to 2, prefixes, retained; nothing comes back")
    def both_ways(address: Address, version: str = version) -> None:
        lines = (
            f"bridge_protocol_version {version}\n"
            'topic both/# both 2\ntopic # out 1 here/ there/\ntopic # in 1 from/ source/\n'
        )
        with bridged(address, lines) as (_, mosquitto, port):
            near, far = connect(port), connect(mosquitto.port)
            for client in (near, far):
                client.subscribe("#", 2)
            time.sleep(0.3)
            sent = []
            for qos in (0, 1, 2):
                near.publish("both/n", f"n{qos}", qos)
                far.publish("both/f", f"f{qos}", qos)
                sent += [("both/n", f"n{qos}", qos), ("both/f", f"f{qos}", qos)]
            near.publish("here/a", "out", 1)
            far.publish("source/b", "in", 1, retain=True)
            at_near = sorted([*sent, ("here/a", "out", 1), ("from/b", "in", 1)])
            at_far = sorted([*sent, ("there/a", "out", 1), ("source/b", "in", 1)])
            wait_until(lambda: len(near.came) >= 8 and len(far.came) >= 8, lambda: str((near.came, far.came)))
            time.sleep(0.3)
            expect("messages here", at_near, sorted(near.came))
            expect("messages there", at_far, sorted(far.came))
            late = connect(port)
            late.subscribe("from/b", 1)
            wait_until(lambda: late.came == [("from/b", "in", 1)], lambda: f"retained: {late.came}")
            for client in (near, far, late):
                client.disconnect()


@scenario("Bridge to Mosquitto: what is published while it is dead arrives when it is back")
def outage(address: Address) -> None:
    with bridged(address, "topic t/# out 2") as (midge, mosquitto, port):
        near = connect(port)
        mosquitto.kill()
        midge.line("Bridge cloud: the remote broker has closed the connection")
        for i in range(1000):
            near.publish(f"t/{i}", str(i), 1 + i % 2, retain=True)
        near.publish("t/last", "last", 1, retain=True).wait_for_publish(PATIENCE_SECONDS)
        mosquitto.start()
        far = connect(mosquitto.port)
        far.subscribe("t/#", 0)  # retained, for the bridge may be faster than this
        wanted = {str(i) for i in range(1000)} | {"last"}
        wait_until(
            lambda: wanted <= {payload for _, payload, _ in far.came},
            lambda: f"{len(far.came)} of {len(wanted)} have come",
        )
        for client in (near, far):
            client.disconnect()
