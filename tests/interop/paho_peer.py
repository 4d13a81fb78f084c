"""A paho-mqtt client whose answers can be waited for, as the scenarios need it."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from harness import PATIENCE_SECONDS, Address, Mailbox, Mismatch, expect

VERSIONS = {"v3.1.1": mqtt.MQTTv311, "v5": mqtt.MQTTv5}


@dataclass(frozen=True)
class Received:
    """A PUBLISH as the application sees it."""

    topic: str
    text: str
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    properties: dict[str, Any]


@dataclass(frozen=True)
class Connack:
    """What the broker answered to CONNECT."""

    session_present: bool
    reason: int
    properties: dict[str, Any]


@dataclass(frozen=True)
class Will:
    """A Will Message, with the Will Delay Interval and other properties that MQTT 5 has."""

    topic: str
    text: str = "offline"
    qos: int = 1
    retain: bool = False
    properties: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class _Answer:
    packet_id: int
    reasons: list[int]


def properties_of(packet_type: int, values: Iterable[tuple[str, Any]]) -> Properties:
    """Paho's properties from pairs such as ("TopicAlias", 1)."""
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values:
        setattr(properties, name, value)
    return properties


class Peer:
    """One client, connected once the constructor returns.

    It stays away after a lost connection unless `reconnects`, and acknowledges by itself unless
    not `acknowledges`. `connect_properties` are for v5, as is the reason in its answers: v3.1.1
    always gives 0. Leaving the `with` block disconnects it.
    """

    transport = "tcp"

    def __init__(
        self,
        broker: Address,
        version: str,
        client_id: str = "",
        *,
        clean: bool = True,
        will: Will | None = None,
        keep_alive_seconds: int = 60,
        reconnects: bool = False,
        acknowledges: bool = True,
        connect_properties: dict[str, Any] | None = None,
    ) -> None:
        self.messages: Mailbox[Received] = Mailbox(f"{client_id or version}'s messages")
        self.connacks: Mailbox[Connack] = Mailbox(f"{client_id or version}'s CONNACK")
        self.ends: Mailbox[int] = Mailbox(f"{client_id or version}'s end of connection")
        self._answers: Mailbox[_Answer] = Mailbox(f"{client_id or version}'s acknowledgement")
        self._is_v5 = version == "v5"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if self._is_v5 else clean,
            protocol=VERSIONS[version],
            transport=self.transport,
            reconnect_on_failure=reconnects,
            manual_ack=not acknowledges,
        )
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self._answered(mid, [reason])
        self._client.on_subscribe = lambda _c, _u, mid, reasons, _p: self._answered(mid, reasons)
        self._client.on_unsubscribe = lambda _c, _u, mid, reasons, _p: self._answered(mid, reasons)
        if will:
            self._set_will(will)
        self._connect(broker, clean, keep_alive_seconds, connect_properties or {})

    def _set_will(self, will: Will) -> None:
        properties = properties_of(PacketTypes.WILLMESSAGE, will.properties)
        self._client.will_set(
            will.topic, will.text, will.qos, will.retain, properties if self._is_v5 else None
        )

    def _connect(
        self, broker: Address, clean: bool, keep_alive_seconds: int, properties: dict[str, Any]
    ) -> None:
        if self._is_v5:
            self._client.connect(
                broker.host,
                broker.port,
                keep_alive_seconds,
                clean_start=clean,
                properties=properties_of(PacketTypes.CONNECT, properties.items()),
            )
        else:
            self._client.connect(broker.host, broker.port, keep_alive_seconds)
        self._client.loop_start()
        try:
            expect("CONNACK's reason", self.connacks.wait_for(1)[0].reason, 0)
        except Mismatch:
            self.stop()
            raise

    @property
    def connack(self) -> Connack:
        """The latest CONNACK."""
        return self.connacks.all()[-1]

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands, as far as the client knows."""
        return self._client.is_connected()

    def subscribe(self, *filters: str, qos: int = 0) -> list[int]:
        """Subscribes and returns SUBACK's reason codes."""
        if not self._is_v5:
            return self._answer(self._client.subscribe([(name, qos) for name in filters]))
        options = SubscribeOptions(qos)
        return self._answer(self._client.subscribe([(name, options) for name in filters]))

    def subscribe_v5(
        self, topic_filter: str, options: SubscribeOptions, identifier: int | None = None
    ) -> list[int]:
        """Subscribes with MQTT 5's options and a Subscription Identifier."""
        pairs = [] if identifier is None else [("SubscriptionIdentifier", identifier)]
        properties = properties_of(PacketTypes.SUBSCRIBE, pairs)
        return self._answer(
            self._client.subscribe(topic_filter, options=options, properties=properties)
        )

    def unsubscribe(self, topic_filter: str) -> list[int]:
        """Unsubscribes and returns UNSUBACK's reason codes."""
        return self._answer(self._client.unsubscribe(topic_filter))

    def publish(
        self,
        topic: str,
        text: str,
        qos: int = 1,
        retain: bool = False,
        properties: dict[str, Any] | None = None,
    ) -> int:
        """Publishes, waits for the acknowledgement and returns its reason code."""
        info = self._client.publish(topic, text, qos, retain, self._publish_properties(properties))
        return self._answer((info.rc, info.mid))[0]

    def publish_all(
        self, messages: Iterable[tuple[str, str]], qos: int = 1, retain: bool = False
    ) -> None:
        """Publishes (topic, text) pairs without waiting in between, then waits for all."""
        self.wait_for_all(self.start_publishing(messages, qos, retain))

    def start_publishing(
        self, messages: Iterable[tuple[str, str]], qos: int = 1, retain: bool = False
    ) -> list[mqtt.MQTTMessageInfo]:
        """Publishes (topic, text) pairs and waits for nothing."""
        return [self._client.publish(topic, text, qos, retain) for topic, text in messages]

    @staticmethod
    def wait_for_all(published: list[mqtt.MQTTMessageInfo]) -> None:
        """Waits until all of them are acknowledged."""
        for info in published:
            info.wait_for_publish(PATIENCE_SECONDS)
            if not info.is_published():
                raise Mismatch(f"expected an acknowledgement of packet {info.mid}, came none")

    def acknowledge(self, message: Received) -> None:
        """Sends the PUBACK that a peer with `acknowledges=False` holds back."""
        self._client.ack(message.packet_id, message.qos)

    def cut(self) -> None:
        """Loses the connection: the broker sees it close, without a DISCONNECT."""
        ends = len(self.ends.all())
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)
        self.ends.wait_for(ends + 1)

    def freeze(self) -> None:
        """Keeps the connection but reads and writes nothing any more, not even a PINGREQ."""
        self._client.loop_stop()

    def stop(self) -> None:
        """Disconnects and ends the client's thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _publish_properties(self, properties: dict[str, Any] | None) -> Properties | None:
        return properties_of(PacketTypes.PUBLISH, properties.items()) if properties else None

    def _answer(self, sent: tuple[MQTTErrorCode, int | None]) -> list[int]:
        error, packet_id = sent
        if error != mqtt.MQTT_ERR_SUCCESS:
            raise Mismatch(f"expected to send a packet, came {mqtt.error_string(error)}")
        answers = self._answers.wait_until(
            f"one for packet {packet_id}",
            lambda answers: any(answer.packet_id == packet_id for answer in answers),
        )
        return next(answer.reasons for answer in answers if answer.packet_id == packet_id)

    def _answered(self, packet_id: int, reasons: list[ReasonCode]) -> None:
        self._answers.put(_Answer(packet_id, [reason.value for reason in reasons]))

    def _on_connect(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.connacks.put(Connack(flags.session_present, reason.value, _values(properties)))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.ends.put(reason.value)

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.messages.put(
            Received(
                message.topic,
                message.payload.decode(),
                message.qos,
                message.retain,
                message.dup,
                message.mid,
                _values(message.properties),
            )
        )

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


def forget(broker: Address, version: str, client_id: str) -> None:
    """Ends a session, so that nothing of a scenario stays behind."""
    Peer(broker, version, client_id, clean=True).stop()


def texts_of(messages: list[Received]) -> list[str]:
    """The payloads as text."""
    return [message.text for message in messages]


def until_the_end(reader: Peer) -> list[Received]:
    """Everything the peer receives, up to the message "end"."""
    return reader.messages.wait_until("the end", lambda got: texts_of(got)[-1:] == ["end"])


def _values(properties: Properties | None) -> dict[str, Any]:
    return dict(properties.json()) if properties else {}  # type: ignore[no-untyped-call]
