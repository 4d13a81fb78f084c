"""A broker of its own for each test: midge start --ephemeral. Run it with pytest; needs paho-mqtt.

MIDGE names the command where it is not midge.
"""

import json
import os
import queue
import shlex
import subprocess

import paho.mqtt.client as mqtt
import pytest


@pytest.fixture
def broker_port():
    command = shlex.split(os.environ.get("MIDGE", "midge"))
    # It ends when its standard input is closed: with this process at the latest, however that ends.
    with subprocess.Popen(
        [*command, "start", "--ephemeral", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as broker:
        yield json.loads(broker.stdout.readline())["port"]
        broker.stdin.close()
        assert broker.wait(timeout=10) == 0


def test_a_message_comes_back(broker_port):
    received = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe("home/#")
    client.on_subscribe = lambda *_: client.publish("home/kitchen", "21.5")
    client.on_message = lambda _client, _data, message: received.put(message.payload)
    client.connect("127.0.0.1", broker_port)
    client.loop_start()
    try:
        assert received.get(timeout=5) == b"21.5"
    finally:
        client.disconnect()
        client.loop_stop()
