"""Stories told with paho-mqtt 2 about what only MQTT 5 has: options, properties, reason codes."""

from __future__ import annotations

from itertools import chain

from paho.mqtt.subscribeoptions import SubscribeOptions

from harness import Address, expect, expect_that, scenario, unique_topic
from paho_peer import Peer, forget, texts_of, until_the_end
from with_paho import AWAY, numbered

NO_MATCHING_SUBSCRIBERS = 0x10
NO_SUBSCRIPTION_EXISTED = 0x11

_v5 = scenario("paho v5")


@_v5
def shared_subscription_divides_the_work(broker: Address) -> None:
    """Three workers share 300 orders: nobody does one twice, and nobody is idle."""
    topic = unique_topic("orders")
    workers = [Peer(broker, "v5") for _ in range(3)]
    with Peer(broker, "v5") as shop:
        for worker in workers:
            expect("SUBACK", worker.subscribe(f"$share/workers/{topic}", qos=1), [1])
        shop.publish_all(numbered(topic, 300))
        # Each gets this after its last order.
        for worker in workers:
            worker.subscribe(f"{topic}/end", qos=1)
        shop.publish(f"{topic}/end", "end")
        done = [until_the_end(worker)[:-1] for worker in workers]
    for worker in workers:
        worker.stop()
    expect("every order once", sorted(int(m.text) for m in chain(*done)), list(range(300)))
    shares = [len(orders) for orders in done]
    expect_that("a share of at least 30 for each worker", min(shares) >= 30, shares)


@_v5
def shared_subscription_survives_a_worker(broker: Address) -> None:
    """One of two workers is unplugged amid its orders; the other gets them, too."""
    topic = unique_topic("orders")
    dies = Peer(broker, "v5", acknowledges=False)
    with Peer(broker, "v5") as stays, Peer(broker, "v5") as shop:
        for worker in (stays, dies):
            worker.subscribe(f"$share/workers/{topic}", qos=1)
        shop.publish_all(numbered(topic, 20))
        dies.messages.wait_for(1)
        dies.cut()
        seen = stays.messages.wait_for(20)
    expect("every order once", sorted(int(m.text) for m in seen), list(range(20)))
    dies.stop()


@_v5
def retain_handling_chooses_retained_messages(broker: Address) -> None:
    """I get retained messages at every subscription (0), at a new one only (1), or never (2)."""
    topic = unique_topic("handling")
    expected = {0: ["value", "value", "end"], 1: ["value", "end"], 2: ["end"]}
    with Peer(broker, "v5") as publisher:
        publisher.publish(topic, "value", retain=True)
        for handling, texts in expected.items():
            end = unique_topic("end")
            with Peer(broker, "v5") as reader:
                for _ in range(2):
                    reader.subscribe_v5(topic, SubscribeOptions(1, retainHandling=handling))
                reader.subscribe(end, qos=1)
                publisher.publish(end, "end")
                expect(f"Retain Handling {handling}", texts_of(until_the_end(reader)), texts)
        publisher.publish(topic, "", retain=True)


@_v5
def no_local_spares_me_my_own_messages(broker: Address) -> None:
    """My chat client does not hear itself, but hears the others."""
    topic = unique_topic("chat")
    with Peer(broker, "v5") as me, Peer(broker, "v5") as you:
        for peer in (me, you):
            peer.subscribe_v5(topic, SubscribeOptions(1, noLocal=True))
        me.publish(topic, "mine")
        you.publish(topic, "yours")
        expect("what I hear", texts_of(me.messages.wait_for(1)), ["yours"])
        expect("what you hear", texts_of(you.messages.wait_for(1)), ["mine"])


@_v5
def retain_as_published_keeps_the_flag(broker: Address) -> None:
    """My bridge must know which live messages were published as retained."""
    topic = unique_topic("as-published")
    with Peer(broker, "v5") as keeps, Peer(broker, "v5") as clears, Peer(broker, "v5") as publisher:
        keeps.subscribe_v5(topic, SubscribeOptions(1, retainAsPublished=True))
        clears.subscribe_v5(topic, SubscribeOptions(1, retainAsPublished=False))
        for retain in (True, False):
            publisher.publish(topic, "m", retain=retain)
        kept = [m.retain for m in keeps.messages.wait_for(2)]
        cleared = [m.retain for m in clears.messages.wait_for(2)]
        publisher.publish(topic, "", retain=True)
    expect("RETAIN with Retain As Published", kept, [True, False])
    expect("RETAIN without", cleared, [False, False])


@_v5
def subscription_identifier_tells_the_subscription(broker: Address) -> None:
    """I find the handler of a message by number instead of by comparing topics."""
    base = unique_topic("identifiers")
    with Peer(broker, "v5") as reader, Peer(broker, "v5") as publisher:
        reader.subscribe_v5(f"{base}/+", SubscribeOptions(1), identifier=1)
        reader.subscribe_v5(f"{base}/b/#", SubscribeOptions(1), identifier=268_435_455)
        for name in ("a", "b", "b/c"):
            publisher.publish(f"{base}/{name}", name)
        # `b` matches both: one message with both identifiers, or two with one each.
        seen = reader.messages.wait_until("b/c", lambda got: texts_of(got)[-1:] == ["b/c"])
    found: dict[str, set[int]] = {}
    for message in seen:
        identifiers = message.properties.get("SubscriptionIdentifier", [])
        found.setdefault(message.text, set()).update(identifiers)
    expect("identifiers", found, {"a": {1}, "b": {1, 268_435_455}, "b/c": {268_435_455}})


@_v5
def assigned_client_identifier_can_be_used(broker: Address) -> None:
    """I let the broker choose my client identifier, and come back under it to my session."""
    with Peer(broker, "v5", connect_properties=AWAY) as first:
        name = first.connack.properties.get("AssignedClientIdentifier", "")
    expect_that("an Assigned Client Identifier", len(name) > 0, name)
    with Peer(broker, "v5", name, clean=False, connect_properties=AWAY) as second:
        expect("Session Present", second.connack.session_present, True)
        named = "AssignedClientIdentifier" in second.connack.properties
        expect("Assigned Client Identifier to a client that has one", named, False)
    forget(broker, "v5", name)


@_v5
def reason_codes_tell_what_happened(broker: Address) -> None:
    """I learn that nobody listens (0x10), and that I was not subscribed (0x11)."""
    topic = unique_topic("reasons")
    with Peer(broker, "v5") as peer:
        expect("PUBACK without a subscriber", peer.publish(topic, "m"), NO_MATCHING_SUBSCRIBERS)
        expect("UNSUBACK", peer.unsubscribe(topic), [NO_SUBSCRIPTION_EXISTED])
        expect("SUBACK", peer.subscribe(topic, qos=2), [2])
        expect("PUBACK with a subscriber", peer.publish(topic, "m"), 0)
        expect("PUBCOMP with a subscriber", peer.publish(topic, "m", qos=2), 0)
        expect("UNSUBACK", peer.unsubscribe(topic), [0])


@_v5
def properties_reach_the_application(broker: Address) -> None:
    """Content type, user properties and the rest arrive as they were sent, in order."""
    topic = unique_topic("properties")
    sent = {
        "PayloadFormatIndicator": 1,
        "ContentType": "text/plain; charset=utf-8",
        "ResponseTopic": "interop/answers",
        "CorrelationData": bytes(range(256)),
        "UserProperty": [("b", "1"), ("a", "2"), ("b", "1"), ("", "")],
    }
    with Peer(broker, "v5") as reader, Peer(broker, "v5") as publisher:
        reader.subscribe(topic, qos=1)
        publisher.publish(topic, "grün", properties=sent)
        message = reader.messages.wait_for(1)[0]
    expected = sent | {"CorrelationData": bytes(range(256)).hex()}
    for name, value in expected.items():
        expect(name, message.properties.get(name), value)
    expect("text", message.text, "grün")
