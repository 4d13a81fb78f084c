"""Stories told with paho-mqtt 2 about MQTT 5's limits: of time, of size, of what is under way."""

from __future__ import annotations

import time

from harness import Address, expect, expect_that, scenario, unique, unique_topic
from paho_peer import Peer, Will, forget, texts_of, until_the_end
from with_paho import AWAY, numbered

_v5 = scenario("paho v5")


@_v5
def will_waits_for_its_delay(broker: Address) -> None:
    """Two devices lose Wi-Fi; the one back in time alarms nobody [MQTT-3.1.3-9]."""
    status, name = unique_topic("status"), unique("device")
    will = Will(status, properties=(("WillDelayInterval", 1),))
    back_will = Will(status, "back", properties=(("WillDelayInterval", 1),))
    with Peer(broker, "v5") as dashboard:
        dashboard.subscribe(status, qos=1)
        comes_back = Peer(broker, "v5", name, will=back_will, connect_properties=AWAY)
        stays_away = Peer(broker, "v5", unique("device"), will=will, connect_properties=AWAY)
        comes_back.cut()
        lost_at = time.monotonic()
        stays_away.cut()
        with Peer(broker, "v5", name, clean=False, connect_properties=AWAY):
            # The delay of the first began earlier, so when this has come, it is over too.
            dashboard.messages.wait_for(1)
            waited = time.monotonic() - lost_at
            dashboard.publish(status, "end")
            seen = until_the_end(dashboard)
        expect("wills", texts_of(seen), ["offline", "end"])
        # A broker may keep time in whole seconds.
        expect_that("the will not at once", waited > 0.5, f"{waited:.1f} s")
    for device in (comes_back, stays_away):
        device.stop()
    forget(broker, "v5", name)


@_v5
def will_does_not_outlast_the_session(broker: Address) -> None:
    """A session that ends with its connection sends the will, whatever the delay says."""
    status = unique_topic("status")
    will = Will(status, properties=(("WillDelayInterval", 60),))
    with Peer(broker, "v5") as dashboard:
        dashboard.subscribe(status, qos=1)
        device = Peer(broker, "v5", will=will, connect_properties={"SessionExpiryInterval": 0})
        device.cut()
        expect("the will", texts_of(dashboard.messages.wait_for(1)), ["offline"])
        device.stop()


@_v5
def will_has_properties_and_can_be_retained(broker: Address) -> None:
    """My dashboard learns from the will what it is, also when it looks later."""
    status = unique_topic("status")
    sent = {"ContentType": "text/plain", "UserProperty": [("room", "attic"), ("floor", "2")]}
    will = Will(status, retain=True, properties=tuple(sent.items()))
    with Peer(broker, "v5") as early, Peer(broker, "v5") as late:
        early.subscribe(status, qos=1)
        device = Peer(broker, "v5", will=will)
        device.cut()
        early.messages.wait_for(1)
        late.subscribe(status, qos=1)
        for reader, retained in ((early, False), (late, True)):
            message = reader.messages.wait_for(1)[0]
            expect("RETAIN", message.retain, retained)
            for name, value in sent.items():
                expect(name, message.properties.get(name), value)
        device.stop()
        early.publish(status, "", retain=True)


@_v5
def expired_messages_are_not_delivered(broker: Address) -> None:
    """A command to open the door is worthless a second later, retained or queued."""
    topic, name = unique_topic("door"), unique("door")
    with Peer(broker, "v5", name, clean=False, connect_properties=AWAY) as door:
        door.subscribe(f"{topic}/queued", qos=1)
    with Peer(broker, "v5") as publisher:
        for kind in ("queued", "retained"):
            command = f"{topic}/{kind}"
            soon = {"MessageExpiryInterval": 1}
            publisher.publish(command, "open", retain=kind == "retained", properties=soon)
        time.sleep(2.1)  # to a broker that counts whole seconds, one second may last two
        later = {"MessageExpiryInterval": 100}
        publisher.publish(f"{topic}/queued", "close", properties=later)
        with Peer(broker, "v5", name, clean=False, connect_properties=AWAY) as door:
            door.subscribe(f"{topic}/#", qos=1)
            door.messages.wait_for(1)
            publisher.publish(f"{topic}/end", "end")
            seen = until_the_end(door)[:-1]
    expect("commands", texts_of(seen), ["close"])
    left = seen[0].properties.get("MessageExpiryInterval", 0)
    expect_that("95 to 100 seconds left", 95 <= left <= 100, left)
    forget(broker, "v5", name)


@_v5
def topic_alias_replaces_the_topic(broker: Address) -> None:
    """My sensor on a costly line names its topic once, then sends two bytes instead."""
    one, other = unique_topic("alias"), unique_topic("alias")
    with Peer(broker, "v5") as reader, Peer(broker, "v5") as sensor:
        maximum = sensor.connack.properties.get("TopicAliasMaximum", 0)
        expect_that("a Topic Alias Maximum above 0 in CONNACK", maximum > 0, maximum)
        reader.subscribe(one, other, qos=1)
        for topic, text in ((one, "1"), ("", "2"), (other, "3"), ("", "4")):
            sensor.publish(topic, text, properties={"TopicAlias": maximum})
        seen = [(m.topic, m.text) for m in reader.messages.wait_for(4)]
        aliases = [m.properties.get("TopicAlias") for m in reader.messages.all()]
    expect("messages", seen, [(one, "1"), (one, "2"), (other, "3"), (other, "4")])
    expect("aliases to a client that allows none", aliases, [None] * 4)


@_v5
def session_expires(broker: Address) -> None:
    """My session of one second is gone two seconds after I left."""
    name = unique("short")
    Peer(broker, "v5", name, clean=False, connect_properties={"SessionExpiryInterval": 1}).stop()
    time.sleep(2.1)
    with Peer(broker, "v5", name, clean=False) as late:
        expect("Session Present", late.connack.session_present, False)


@_v5
def receive_maximum_is_respected(broker: Address) -> None:
    """My small device takes five messages at a time; of 200 it never has six [MQTT-3.3.4-9]."""
    topic = unique_topic("window")
    device = Peer(broker, "v5", acknowledges=False, connect_properties={"ReceiveMaximum": 5})
    with device, Peer(broker, "v5") as publisher:
        device.subscribe(topic, qos=1)
        publisher.publish_all(numbered(topic, 200))
        for done in range(200):
            seen = device.messages.wait_for(done + 1)
            if done % 50 == 0:  # what the broker sent too early comes before its next answer
                device.unsubscribe(unique_topic("nothing"))
                seen = device.messages.all()
            expect_that("at most 5 unacknowledged", len(seen) - done <= 5, len(seen) - done)
            device.acknowledge(seen[done])
        expect("messages", texts_of(device.messages.all()), [str(n) for n in range(200)])


@_v5
def maximum_packet_size_is_respected(broker: Address) -> None:
    """My device has a buffer of 256 bytes: what is larger is dropped [MQTT-3.1.2-25]."""
    topic = unique_topic("small")
    sizes = (10, 1000, 11, 300, 12)
    with (
        Peer(broker, "v5", connect_properties={"MaximumPacketSize": 256}) as device,
        Peer(broker, "v5") as publisher,
    ):
        device.subscribe(topic, qos=1)
        for size in sizes:
            publisher.publish(topic, "x" * size)
        seen = device.messages.wait_for(3)
        expect("sizes", [len(m.text) for m in seen], [10, 11, 12])
        expect("ends of connection", device.ends.all(), [])
