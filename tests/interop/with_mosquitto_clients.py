"""Stories told with mosquitto_pub, mosquitto_sub and mosquitto_rr."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from harness import (
    Address,
    expect,
    expect_that,
    scenario,
    scenario_for_each,
    ticks,
    unique,
    unique_topic,
)
from mosquitto_tools import Listener, publish, run

VERSIONS = ("-V 31", "-V 311", "-V 5")
_each_version = scenario_for_each("mosquitto", VERSIONS)
SYS_VALUES = {
    "$SYS/broker/version": r".*\d+\.\d+.*",
    "$SYS/broker/uptime": r"\d+ seconds",
    "$SYS/broker/clients/connected": r"\d+",
    "$SYS/broker/messages/received": r"\d+",
    "$SYS/broker/load/messages/received/1min": r"\d+\.\d+",
}
MEGABYTE = 1_000_000


def _v(option: str) -> str:
    return option.removeprefix("-V ")


@_each_version
def qos_0_1_and_2_round_trip(broker: Address, option: str) -> None:
    """I publish a line with each QoS and see each with that QoS in another terminal."""
    version, topic = _v(option), unique_topic("round-trip")
    with Listener(broker, version, "-q", "2", "-t", topic) as listener:
        for qos in "012":
            publish(broker, version, topic, "-q", qos, "-m", f"temperature {qos}°")
            listener.messages.wait_for(int(qos) + 1)
        expect(
            "messages",
            listener.messages.all(),
            [f"{topic} {qos} 0 temperature {qos}°" for qos in "012"],
        )


@_each_version
def granted_qos_lowers_the_message(broker: Address, option: str) -> None:
    """I subscribe with QoS 0 and 1 to what is published with QoS 2."""
    version, topic = _v(option), unique_topic("downgrade")
    with (
        Listener(broker, version, "-q", "0", "-t", topic) as at_most_once,
        Listener(broker, version, "-q", "1", "-t", topic) as at_least_once,
    ):
        publish(broker, version, topic, "-q", "2", "-m", "m")
        expect("messages with QoS 0", at_most_once.messages.wait_for(1), [f"{topic} 0 0 m"])
        expect("messages with QoS 1", at_least_once.messages.wait_for(1), [f"{topic} 1 0 m"])


@_each_version
def retained_message_is_set_seen_and_cleared(broker: Address, option: str) -> None:
    """A newcomer sees the last retained value at once; an empty one makes the broker forget it."""
    version, topic, other = _v(option), unique_topic("retained"), unique_topic("sentinel")
    for value in ("17", "18"):
        publish(broker, version, topic, "-q", "1", "-r", "-m", value)
    with Listener(broker, version, "-t", topic) as newcomer:
        expect("newcomer's messages", newcomer.messages.wait_for(1), [f"{topic} 0 1 18"])
    publish(broker, version, topic, "-q", "1", "-r", "-n")
    with Listener(broker, version, "-t", topic, "-t", other) as late:
        publish(broker, version, other, "-q", "1", "-m", "end")
        expect("messages after clearing", late.messages.wait_for(1), [f"{other} 0 0 end"])


@_each_version
def persistent_session_keeps_20_messages(broker: Address, option: str) -> None:
    """My logger goes away with -c; of the 20 messages sent meanwhile it misses none."""
    version, topic, name = _v(option), unique_topic("offline"), unique("logger")
    session = ["-i", name, "-c", "-q", "1", *(["-x", "60"] if version == "5" else [])]
    with Listener(broker, version, *session, "-t", topic):
        pass
    lines = [f"line {n}" for n in range(20)]
    publish(broker, version, topic, "-q", "1", "-l", stdin="\n".join(lines).encode() + b"\n")
    with Listener(broker, version, *session, "-t", topic, form="%p") as back:
        expect("messages sent while away", back.messages.wait_for(20), lines)
    # A connection with a clean session takes what is left of it away.
    run("mosquitto_sub", broker, version, "-i", name, "-t", topic, "-E")


@_each_version
def will_is_sent_when_a_client_is_killed(broker: Address, option: str) -> None:
    """My device is switched off without warning, and the dashboard shows it."""
    version, topic, status = _v(option), unique_topic("device"), unique_topic("status")
    will = ["--will-topic", status, "--will-payload", "offline", "--will-qos", "1"]
    with Listener(broker, version, "-q", "1", "-t", status) as dashboard:
        with Listener(broker, version, "-t", topic, *will) as device:
            device.kill()
        expect("the will", dashboard.messages.wait_for(1), [f"{status} 1 0 offline"])


@_each_version
def orderly_end_sends_no_will(broker: Address, option: str) -> None:
    """My device is shut down as it should, and nobody is alarmed."""
    version, topic, status = _v(option), unique_topic("device"), unique_topic("status")
    will = ["--will-topic", status, "--will-payload", "offline", "--will-qos", "1"]
    with Listener(broker, version, "-q", "1", "-t", status) as dashboard:
        with Listener(broker, version, "-t", topic, "-C", "1", *will) as device:
            publish(broker, version, topic, "-q", "1", "-m", "good night")
            device.wait_for_its_end()
        publish(broker, version, status, "-q", "1", "-m", "end")
        expect("messages", dashboard.messages.wait_for(1), [f"{status} 1 0 end"])


@scenario("mosquitto -V 5")
def disconnect_with_will_message_sends_it(broker: Address) -> None:
    """I end mosquitto_sub with Ctrl-C; it says DISCONNECT 0x04, so the will is sent."""
    topic, status = unique_topic("device"), unique_topic("status")
    with Listener(broker, "5", "-q", "1", "-t", status) as dashboard:
        with Listener(
            broker, "5", "-t", topic, "--will-topic", status, "--will-payload", "offline"
        ):
            pass
        expect("the will", dashboard.messages.wait_for(1), [f"{status} 0 0 offline"])


@_each_version
def wildcards_choose_topics(broker: Address, option: str) -> None:
    """I watch one level with + and a whole tree with #, and get nothing else."""
    version, base, end = _v(option), unique_topic("house"), unique_topic("sentinel")
    names = ["kitchen/temperature", "kitchen", "hall/temperature", "hall/temperature/max", ""]
    cases = {
        "+/temperature": ["kitchen/temperature", "hall/temperature"],
        "kitchen/#": ["kitchen/temperature", "kitchen"],
        "+/+/+": ["hall/temperature/max"],
        "+": ["kitchen", ""],
        "#": names,
    }
    with ExitStack() as running:
        listeners = {
            pattern: running.enter_context(
                Listener(broker, version, "-t", f"{base}/{pattern}", "-t", end, form="%t")
            )
            for pattern in cases
        }
        for name in names:
            publish(broker, version, f"{base}/{name}", "-q", "1", "-m", "x")
        publish(broker, version, end, "-q", "1", "-m", "end")
        for pattern, matching in cases.items():
            seen = listeners[pattern].messages.wait_until("the end", lambda got: end in got)
            expect(pattern, seen, [f"{base}/{name}" for name in matching] + [end])


@scenario_for_each("mosquitto", ("-V 311", "-V 5"))
def payload_of_a_megabyte_arrives_unchanged(broker: Address, option: str) -> None:
    """I send a firmware image over MQTT; its checksum is the same on the other side."""
    version, topic, image = _v(option), unique_topic("firmware"), os.urandom(MEGABYTE)
    with Listener(broker, version, "-q", "1", "-t", topic, form="%x") as listener:
        publish(broker, version, topic, "-q", "1", "-s", stdin=image)
        received = bytes.fromhex(listener.messages.wait_for(1)[0])
    expect("length", len(received), len(image))
    expect("SHA-256", hashlib.sha256(received).hexdigest(), hashlib.sha256(image).hexdigest())


@scenario_for_each("mosquitto", ("-V 311", "-V 5"))
def empty_client_identifier_is_accepted(broker: Address, option: str) -> None:
    """I name no client identifier, twice at once: both are clients of their own."""
    version, topic = _v(option), unique_topic("nameless")
    with (  # without -i, the tools of 2.0 send an empty Client Identifier
        Listener(broker, version, "-q", "1", "-t", topic) as one,
        Listener(broker, version, "-q", "1", "-t", topic) as another,
    ):
        publish(broker, version, topic, "-q", "1", "-m", "m")
        expect("the first one's messages", one.messages.wait_for(1), [f"{topic} 1 0 m"])
        expect("the second one's messages", another.messages.wait_for(1), [f"{topic} 1 0 m"])


@_each_version
def sys_topics_show_known_values(broker: Address, option: str) -> None:
    """My monitoring reads $SYS/broker/… as it does with Mosquitto."""
    version = _v(option)
    topics = [word for topic in SYS_VALUES for word in ("-t", topic)]
    with Listener(broker, version, *topics, form="%t %p") as monitor:
        # A broker publishes them at an interval, 10 seconds by default; the first ones may be due.
        lines = monitor.messages.wait_until(
            "every topic once",
            lambda lines: {line.split(" ", 1)[0] for line in lines} == set(SYS_VALUES),
            timeout_seconds=12,
        )
    for line in lines:
        topic, value = line.split(" ", 1)
        expect_that(
            f"{topic} to be like {SYS_VALUES[topic]}",
            bool(re.fullmatch(SYS_VALUES[topic], value)),
            value,
        )


@_each_version
def plain_wildcard_does_not_show_sys(broker: Address, option: str) -> None:
    """I subscribe to # and to +/…, and am spared the broker's own topics [MQTT-4.7.2-1]."""
    version, end = _v(option), unique_topic("sentinel")
    with Listener(broker, version, "-t", "#", "-t", "+/broker/#", form="%t") as listener:
        publish(broker, version, end, "-q", "1", "-m", "end")
        seen = listener.messages.wait_until("the end", lambda topics: end in topics)
    expect("topics with $", [topic for topic in seen if topic.startswith("$")], [])


@scenario("mosquitto -V 5")
def request_is_answered_to_mosquitto_rr(broker: Address) -> None:
    """I ask with mosquitto_rr; a script of mosquitto_sub and mosquitto_pub answers."""
    request, answer = unique_topic("request"), unique_topic("answer")
    ask = [
        "-t",
        request,
        "-e",
        answer,
        "-m",
        "how warm?",
        "-D",
        "publish",
        "correlation-data",
        "q1",
    ]
    with (
        Listener(broker, "5", "-q", "1", "-t", request, form="%R %D %p") as script,
        ThreadPoolExecutor(max_workers=1) as background,
    ):
        asked = background.submit(
            run, "mosquitto_rr", broker, "5", "-q", "1", "-W", "5", "-F", "%t %D %p", *ask
        )
        expect("the question", script.messages.wait_for(1), [f"{answer} q1 how warm?"])
        reply = ["-m", "21", "-D", "publish", "correlation-data", "q1"]
        publish(broker, "5", answer, "-q", "1", *reply)
        expect("what mosquitto_rr printed", asked.result(), f"{answer} q1 21\n")


@scenario("mosquitto -V 5")
def properties_are_forwarded(broker: Address) -> None:
    """Whatever properties I publish with, the receiver sees them [MQTT-3.3.2-15 and others]."""
    topic = unique_topic("properties")
    sent = {
        "content-type": "application/json",
        "response-topic": "interop/answer/here",
        "correlation-data": "c-17",
        "payload-format-indicator": "1",
        "message-expiry-interval": "60",
    }
    options = [word for name, value in sent.items() for word in ("-D", "publish", name, value)]
    for value in ("first", "second"):  # one name twice: both stay, in order [MQTT-3.3.2-18]
        options += ["-D", "publish", "user-property", "note", value]
    with (
        Listener(broker, "5", "-q", "1", "-t", topic, form="%j") as as_json,
        Listener(broker, "5", "-t", topic, form="%C|%R|%D|%F|%E|%P") as by_field,
    ):
        publish(broker, "5", topic, "-q", "1", "-m", "{}", *options)
        fields = by_field.messages.wait_for(1)[0].split("|")
        document = json.loads(as_json.messages.wait_for(1)[0])
    names = ("content-type", "response-topic", "correlation-data", "payload-format-indicator")
    expect("properties", fields[:4], [sent[name] for name in names])
    expect_that("59 or 60 seconds left", fields[4] in ("59", "60"), fields[4])
    expect("User Properties", fields[5], "note:first note:second")
    expect("the topic in JSON", document["topic"], topic)


@scenario("mosquitto -V 5")
def message_expiry_interval_counts_down(broker: Address) -> None:
    """The broker takes the time a message waited off its expiry [MQTT-3.3.2-6]."""
    topic, expiry = unique_topic("expiry"), ["-D", "publish", "message-expiry-interval", "100"]
    publish(broker, "5", topic, "-q", "1", "-r", "-m", "m", *expiry)
    remaining = 100
    for _ in ticks(3):
        printed = run("mosquitto_sub", broker, "5", "-t", topic, "-C", "1", "-W", "5", "-F", "%E")
        remaining = int(printed)
        if remaining < 100:
            break
    publish(broker, "5", topic, "-q", "1", "-r", "-n")
    expect_that("95 to 99 seconds left after a while", 95 <= remaining < 100, remaining)
