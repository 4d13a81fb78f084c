"""Stories of a smart home: Home Assistant's discovery, birth and last will, with paho-mqtt 2."""

from __future__ import annotations

import json

from harness import Address, expect, scenario_for_each, unique, unique_topic
from paho_peer import VERSIONS, Peer, Received, Will, texts_of

ENTITIES = 500
COMPONENTS = ("sensor", "binary_sensor", "switch", "light", "climate")
ONLINE, OFFLINE = "online", "offline"

_each_version = scenario_for_each("home assistant", tuple(VERSIONS))


def _discovery(node: str, number: int, name: str) -> tuple[str, str]:
    """A discovery topic and its configuration, of the size and shape that Zigbee2MQTT sends."""
    component = COMPONENTS[number % len(COMPONENTS)]
    configuration = {
        "name": name,
        "object_id": f"{node}_{number}",
        "unique_id": f"{node}_{number}_zigbee2mqtt",
        "state_topic": f"zigbee2mqtt/{node}/{number}",
        "json_attributes_topic": f"zigbee2mqtt/{node}/{number}",
        "availability": [
            {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
            {"topic": f"zigbee2mqtt/{node}/{number}/availability"},
        ],
        "availability_mode": "all",
        "device_class": "temperature",
        "unit_of_measurement": "°C",
        "value_template": "{{ value_json.temperature }}",
        "device": {
            "identifiers": [f"zigbee2mqtt_0x{number:016x}"],
            "manufacturer": "Xiaomi",
            "model": "Temperature and humidity sensor (WSDCGQ11LM)",
            "sw_version": "3000-0001",
        },
        "origin": {"name": "Zigbee2MQTT", "sw": "2.1.0", "url": "https://www.zigbee2mqtt.io"},
    }
    return f"homeassistant/{component}/{node}/{number}/config", json.dumps(configuration)


@_each_version
def discovery_finds_500_entities(broker: Address, version: str) -> None:
    """Home Assistant restarts: it finds all 500 devices, then follows what changes."""
    node = unique("node")
    first = dict(_discovery(node, number, "Temperature") for number in range(ENTITIES))
    renamed = dict(_discovery(node, number, "Kitchen") for number in range(20))
    with Peer(broker, version) as gateway:
        try:
            gateway.publish_all(first.items(), retain=True)
            for qos in (0, 1):
                with Peer(broker, version) as home:
                    home.subscribe("homeassistant/#", qos=qos)
                    _follow(home, gateway, node, first, renamed)
                gateway.publish_all(list(first.items())[:20], retain=True)
        finally:
            gateway.publish_all([(topic, "") for topic in first], retain=True)
        with Peer(broker, version) as home:
            home.subscribe(f"homeassistant/+/{node}/+/config", f"homeassistant/{node}", qos=1)
            home.publish(f"homeassistant/{node}", "end")
            expect("after all are removed", texts_of(home.messages.wait_for(1)), ["end"])


def _follow(
    home: Peer, gateway: Peer, node: str, first: dict[str, str], renamed: dict[str, str]
) -> None:
    def ours(messages: list[Received]) -> list[Received]:
        return [m for m in messages if m.topic.split("/")[2:3] == [node]]

    seen = ours(home.messages.wait_until("500 retained", lambda got: len(ours(got)) >= len(first)))
    expect("configurations", {m.topic: m.text for m in seen}, first)
    expect("number of them", len(seen), len(first))
    expect("their RETAIN flags", {m.retain for m in seen}, {True})
    gateway.publish_all(renamed.items(), retain=True)
    total = len(first) + len(renamed)
    seen = ours(home.messages.wait_until("20 live", lambda got: len(ours(got)) >= total))
    live = seen[len(first) :]
    expect("updates", {m.topic: m.text for m in live}, renamed)
    expect("their RETAIN flags", {m.retain for m in live}, {False})


@_each_version
def birth_and_last_will_tell_availability(broker: Address, version: str) -> None:
    """The gateway is unplugged and comes back; the dashboard always shows its true state."""
    state = f"{unique_topic('zigbee2mqtt')}/bridge/state"
    will = Will(state, OFFLINE, retain=True)
    with Peer(broker, version) as home:
        home.subscribe(state, qos=1)
        for start in range(2):
            gateway = Peer(broker, version, will=will)
            gateway.publish(state, ONLINE, retain=True)
            _expect_newcomer_sees(broker, version, state, ONLINE)
            gateway.cut()
            home.messages.wait_for(2 * start + 2)
            _expect_newcomer_sees(broker, version, state, OFFLINE)
            gateway.stop()
        expect("states", texts_of(home.messages.all()), [ONLINE, OFFLINE] * 2)
        expect("RETAIN when live", {m.retain for m in home.messages.all()}, {False})
        home.publish(state, "", retain=True)


@_each_version
def gateway_announces_again_after_birth(broker: Address, version: str) -> None:
    """Home Assistant comes back and says so; the gateway answers with its devices' states."""
    base = unique_topic("homeassistant")
    status, states = f"{base}/status", f"{base}/states"
    with Peer(broker, version) as gateway:
        gateway.subscribe(status)
        for start in range(2):
            home = Peer(broker, version, will=Will(status, OFFLINE, qos=0))
            home.subscribe(f"{states}/#")
            home.publish(status, ONLINE, qos=0)
            gateway.messages.wait_for(2 * start + 1)
            gateway.publish_all([(f"{states}/{n}", str(n)) for n in range(50)], qos=0)
            expect("states", len(home.messages.wait_for(50)), 50)
            home.cut()
            gateway.messages.wait_for(2 * start + 2)
            home.stop()
        expect("statuses", texts_of(gateway.messages.all()), [ONLINE, OFFLINE] * 2)


def _expect_newcomer_sees(broker: Address, version: str, topic: str, text: str) -> None:
    with Peer(broker, version) as newcomer:
        newcomer.subscribe(topic, qos=1)
        message = newcomer.messages.wait_for(1)[0]
        expect("what a newcomer sees", (message.text, message.retain), (text, True))
