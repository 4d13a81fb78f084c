"""Stories told with paho-mqtt 2, each over MQTT 3.1.1 and over MQTT 5."""

from __future__ import annotations

import time
from typing import Any

from harness import (
    Address,
    expect,
    expect_that,
    scenario,
    scenario_for_each,
    unique,
    unique_topic,
)
from paho_peer import VERSIONS, Peer, Will, forget, until_the_end

TAKEN_OVER = 0x8E
AWAY: dict[str, Any] = {"SessionExpiryInterval": 60}

_each_version = scenario_for_each("paho", tuple(VERSIONS))


def numbered(topic: str, count: int) -> list[tuple[str, str]]:
    """Messages "0", "1", … to one topic."""
    return [(topic, str(n)) for n in range(count)]


@_each_version
def session_survives_an_absence(broker: Address, version: str) -> None:
    """My application is restarted; what came meanwhile arrives once and in order."""
    once, exactly, name = unique_topic("qos-1"), unique_topic("qos-2"), unique("app")
    with Peer(broker, version, name, clean=False, connect_properties=AWAY) as app:
        expect("Session Present of the new session", app.connack.session_present, False)
        expect("SUBACK", app.subscribe(once, qos=1) + app.subscribe(exactly, qos=2), [1, 2])
    with Peer(broker, version) as publisher:
        publisher.publish_all(numbered(once, 50), qos=1)
        publisher.publish_all(numbered(exactly, 50), qos=2)
        with Peer(broker, version, name, clean=False, connect_properties=AWAY) as back:
            expect("Session Present of the known session", back.connack.session_present, True)
            publisher.publish(once, "end", qos=1)
            publisher.publish(exactly, "end", qos=2)
            seen = back.messages.wait_for(102)
    expected = [str(n) for n in range(50)] + ["end"]
    for topic, qos in ((once, 1), (exactly, 2)):
        expect(f"QoS {qos}", [m.text for m in seen if m.topic == topic], expected)
        expect(f"QoS {qos}", {m.qos for m in seen if m.topic == topic}, {qos})
    forget(broker, version, name)


@_each_version
def clean_session_is_forgotten(broker: Address, version: str) -> None:
    """I connect with a clean session: nothing of before is left, nor of now afterwards."""
    topic, name = unique_topic("clean"), unique("cleaner")
    with Peer(broker, version, name, clean=False, connect_properties=AWAY) as before:
        before.subscribe(topic, qos=1)
    with (
        Peer(broker, version, name, clean=True) as now,
        Peer(broker, version) as publisher,
    ):
        expect("Session Present", now.connack.session_present, False)
        publisher.publish(topic, "for the session that is gone")
        now.subscribe(topic, qos=1)
        publisher.publish(topic, "m")
        expect("messages", [m.text for m in now.messages.wait_for(1)], ["m"])
    with Peer(broker, version, name, clean=False) as after:
        expect("Session Present afterwards", after.connack.session_present, False)
    forget(broker, version, name)


@_each_version
def unacknowledged_messages_come_again(broker: Address, version: str) -> None:
    """My connection breaks before I could process five messages; I get them again, marked DUP."""
    topic, name = unique_topic("again"), unique("worker")
    worker = Peer(broker, version, name, clean=False, acknowledges=False, connect_properties=AWAY)
    with Peer(broker, version) as publisher:
        worker.subscribe(topic, qos=1)
        publisher.publish_all(numbered(topic, 6))
        worker.acknowledge(worker.messages.wait_for(6)[0])
        # The answer to a later packet shows that the PUBACK before it has arrived.
        worker.unsubscribe(unique_topic("nothing"))
        worker.cut()
        with Peer(broker, version, name, clean=False, connect_properties=AWAY) as again:
            seen = again.messages.wait_for(5)
    worker.stop()
    expect("texts", [m.text for m in seen], ["1", "2", "3", "4", "5"])
    expect("DUP", {m.dup for m in seen}, {True})
    forget(broker, version, name)


@_each_version
def paho_reconnects_and_loses_nothing(broker: Address, version: str) -> None:
    """My publisher's connection breaks amid QoS 2 messages, twice; each arrives exactly once."""
    topic, name = unique_topic("exactly-once"), unique("publisher")
    publisher = Peer(broker, version, name, clean=False, reconnects=True, connect_properties=AWAY)
    with Peer(broker, version) as subscriber, publisher:
        subscriber.subscribe(topic, qos=2)
        for cuts in range(2):
            # Not more at once than paho's window of 20: after a reconnect it forgets its window
            # and sends all, which a broker may refuse with 0x93 (Receive Maximum exceeded).
            batch = [(topic, f"{n}".ljust(20_000)) for n in range(20 * cuts, 20 * (cuts + 1))]
            under_way = publisher.start_publishing(batch, qos=2)
            subscriber.messages.wait_for(20 * cuts + 1)
            publisher.cut()
            publisher.connacks.wait_for(cuts + 2)
            expect("Session Present", publisher.connack.session_present, True)
            publisher.wait_for_all(under_way)
            subscriber.messages.wait_for(20 * (cuts + 1))
        publisher.publish(topic, "end", qos=2)
        seen = until_the_end(subscriber)[:-1]
        expect("each message once", sorted(int(m.text) for m in seen), list(range(40)))
    forget(broker, version, name)


@_each_version
def second_client_takes_over(broker: Address, version: str) -> None:
    """I start my application twice: the older one is told, and ends [MQTT-3.1.4-3]."""
    topic, name = unique_topic("take-over"), unique("twin")
    older = Peer(broker, version, name, clean=False, connect_properties=AWAY)
    older.subscribe(topic, qos=1)
    with (
        Peer(broker, version, name, clean=False, connect_properties=AWAY) as newer,
        Peer(broker, version) as publisher,
    ):
        reason = older.ends.wait_for(1)[0]
        if version == "v5":
            expect("DISCONNECT to the older one", hex(reason), hex(TAKEN_OVER))
        expect("Session Present", newer.connack.session_present, True)
        publisher.publish(topic, "m")
        expect("the newer one's messages", [m.text for m in newer.messages.wait_for(1)], ["m"])
    expect("the older one's messages", older.messages.all(), [])
    older.stop()
    forget(broker, version, name)


@_each_version
def messages_stay_in_order(broker: Address, version: str) -> None:
    """I log 1,000 values with each QoS; every log shows them in the order I sent them."""
    topic = unique_topic("order")
    with Peer(broker, version) as log, Peer(broker, version) as meter:
        log.subscribe(f"{topic}/#", qos=2)
        for qos in (0, 1, 2):
            meter.publish_all(numbered(f"{topic}/{qos}", 1000), qos)
            seen = log.messages.wait_for(1000 * (qos + 1))[-1000:]
            expect(f"QoS {qos}", [m.text for m in seen], [str(n) for n in range(1000)])


@_each_version
def retained_message_is_marked_for_newcomers_only(broker: Address, version: str) -> None:
    """I tell an old value from a live one by the RETAIN flag."""
    topic = unique_topic("retain-flag")
    with Peer(broker, version) as early, Peer(broker, version) as publisher:
        early.subscribe(topic, qos=1)
        publisher.publish(topic, "21", retain=True)
        expect("RETAIN when live", [m.retain for m in early.messages.wait_for(1)], [False])
        with Peer(broker, version) as late:
            late.subscribe(topic, qos=1)
            expect("RETAIN for a newcomer", [m.retain for m in late.messages.wait_for(1)], [True])
        publisher.publish(topic, "", retain=True)


@_each_version
def unsubscribing_ends_delivery(broker: Address, version: str) -> None:
    """I unsubscribe from one of two topics and get only the other's messages from then on."""
    one, other = unique_topic("one"), unique_topic("other")
    with Peer(broker, version) as reader, Peer(broker, version) as publisher:
        expect("SUBACK", reader.subscribe(one, other, qos=1), [1, 1])
        reader.unsubscribe(one)
        publisher.publish_all([(one, "no"), (other, "yes")])
        expect("messages", [m.text for m in reader.messages.wait_for(1)], ["yes"])


@scenario("paho v3.1.1 and v5")
def versions_understand_each_other(broker: Address) -> None:
    """My old sensors and my new dashboards share one broker."""
    topic = unique_topic("mixed")
    with Peer(broker, "v3.1.1") as old, Peer(broker, "v5") as new:
        old.subscribe(topic, qos=1)
        new.subscribe(topic, qos=1)
        old.publish(topic, "from v3.1.1")
        new.publish(topic, "from v5", properties={"ContentType": "text/plain"})
        for reader in (old, new):
            texts = [m.text for m in reader.messages.wait_for(2)]
            expect("messages", sorted(texts), ["from v3.1.1", "from v5"])


@scenario("paho v3.1.1 and v5")
def pinging_keeps_an_idle_connection(broker: Address) -> None:
    """With a Keep Alive of 2 seconds and nothing to say, my clients stay connected."""
    idle = [Peer(broker, version, keep_alive_seconds=2) for version in VERSIONS]
    time.sleep(4)  # a second more than one and a half times the Keep Alive
    expect("connected", [peer.is_connected for peer in idle], [True, True])
    expect("ends of connection", [peer.ends.all() for peer in idle], [[], []])
    for peer in idle:
        peer.stop()


@_each_version
def silent_client_is_given_up(broker: Address, version: str) -> None:
    """My device freezes; after one and a half times its Keep Alive of 1 s, its will is sent."""
    status = unique_topic("status")
    with Peer(broker, version) as dashboard:
        dashboard.subscribe(status, qos=1)
        device = Peer(broker, version, keep_alive_seconds=1, will=Will(status))
        connected_at = time.monotonic()
        device.freeze()
        # Mosquitto looks every few seconds.
        expect("the will", [m.text for m in dashboard.messages.wait_for(1, 8)], ["offline"])
        waited = time.monotonic() - connected_at
        device.stop()
    expect_that("the will not before 1.5 s", waited > 1.4, f"{waited:.1f} s")
