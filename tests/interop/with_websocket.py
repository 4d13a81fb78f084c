"""Stories over WebSocket: paho, and a page in a browser that gets its script from the broker too."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from broker import START_SECONDS, free_port
from harness import Address, Mismatch, expect, scenario_for_each, unique_topic
from paho_peer import VERSIONS, Peer
from with_acl import midge_command, running

PAGE = Path(__file__).parent / "page"
PERMISSIONS = ("--allow-read", "--allow-write", "--allow-env", "--allow-sys")
PAGE_SECONDS = 30.0  # a browser's first start takes its time
LARGE = "x" * 300_000


class _InWebSocket(Peer):
    """A paho client whose connection is a WebSocket."""

    transport = "websockets"


@scenario_for_each("paho over WebSocket", tuple(VERSIONS))
def messages_of_all_sizes(_: Address, version: str) -> None:
    """My dashboard's server speaks WebSocket because only HTTP gets through the firewall."""
    topic = unique_topic("websocket")
    with (
        tempfile.TemporaryDirectory() as folder,
        _serving(Path(folder)) as broker,
        _InWebSocket(broker, version) as subscriber,
        _InWebSocket(broker, version) as publisher,
    ):
        subscriber.subscribe(topic, qos=2)
        texts = ["", "short", "y" * 126, LARGE]
        for qos in (0, 1, 2):
            publisher.publish_all([(topic, text) for text in texts], qos=qos)
        seen = subscriber.messages.wait_for(3 * len(texts))
        expect("the texts", [message.text for message in seen], 3 * texts)


@scenario_for_each("Chromium", tuple(VERSIONS))
def a_page_subscribes_and_publishes(_: Address, version: str) -> None:
    """I open a page that the broker serves; MQTT.js in it talks to my devices."""
    topic = unique_topic("page")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (*PAGE.iterdir(), _mqtt_js()):
            shutil.copy(file, folder)
        with _serving(folder) as broker, _InWebSocket(broker, version) as device:
            device.subscribe(f"{topic}/from-page", qos=2)
            number = {"v3.1.1": 4, "v5": 5}[version]
            url = f"http://{broker.host}:{broker.port}/?topic={topic}&version={number}"
            with _page(url):
                device.messages.wait_for(1, PAGE_SECONDS)
                device.publish(f"{topic}/to-page", LARGE)
                seen = device.messages.wait_for(2, PAGE_SECONDS)
        expect("the page's messages", [m.text for m in seen], ["ready", f"heard {len(LARGE)} bytes"])


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[Address]:
    """A broker with WebSockets that serves the folder, too."""
    address = Address("127.0.0.1", free_port())
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(
            f"listener {address.port} {address.host}\nprotocol websockets\n"
            f"http_dir {folder}\nallow_anonymous true\n"
            + ("user root\n" if os.geteuid() == 0 else "")
        )
        config.flush()
        with running([*midge_command(*PERMISSIONS), "-c", config.name], address):
            yield address


@contextlib.contextmanager
def _page(url: str) -> Iterator[None]:
    """The page in a headless browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Mismatch("needs a browser: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [chromium, "--headless=new", "--disable-gpu", f"--user-data-dir={profile}"]
            + ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else []), url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            browser.terminate()
            try:
                browser.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                browser.kill()


def _mqtt_js() -> Path:
    """MQTT.js for browsers, from the package that the broker's own tests use."""
    deno = midge_command()[0]
    told = subprocess.run([deno, "info", "--json"], capture_output=True, check=True, text=True)
    version = json.loads(Path("deno.json").read_text())["imports"]["mqtt"].split("@")[-1]
    found = list(
        Path(json.loads(told.stdout)["npmCache"]).glob(f"*/mqtt/{version}/dist/mqtt.min.js")
    )
    if not found:
        raise Mismatch(f"needs MQTT.js {version} in Deno's cache: deno cache npm:mqtt@{version}")
    return found[0]
