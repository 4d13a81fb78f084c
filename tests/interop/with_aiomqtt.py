"""Stories told with aiomqtt 2, in asyncio."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiomqtt import Client, Message, MqttError, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness import (
    PATIENCE_SECONDS,
    Address,
    Mismatch,
    expect,
    expect_that,
    scenario,
    scenario_for_each,
    unique,
    unique_topic,
)
from paho_peer import forget, properties_of

VERSIONS = {"v3.1.1": ProtocolVersion.V311, "v5": ProtocolVersion.V5}
SENSORS = 20
VALUES = 50
QUESTIONS = 30

Story = Callable[..., Awaitable[None]]


def _asynchronous(story: Story) -> Callable[..., None]:
    """Runs a coroutine in an event loop of its own, for a limited time."""

    @functools.wraps(story)
    def run(*arguments: Any) -> None:
        limit = PATIENCE_SECONDS * 3
        try:
            asyncio.run(asyncio.wait_for(story(*arguments), limit))
        except TimeoutError:
            raise Mismatch(f"expected the end of the story within {limit:g} s, came none") from None

    return run


def _client(broker: Address, version: str = "v5", **options: Any) -> Client:
    quiet = logging.Logger("lost connections are part of the story", logging.CRITICAL)
    client = Client(
        *(broker.host, broker.port),
        protocol=VERSIONS[version],
        timeout=PATIENCE_SECONDS,
        logger=quiet,
        **options,
    )
    client.pending_calls_threshold = 1000  # of calls under way, from which on aiomqtt warns
    return client


async def _take(client: Client, count: int) -> list[Message]:
    messages: list[Message] = []
    async for message in client.messages:
        messages.append(message)
        if len(messages) == count:
            break
    return messages


def _text(message: Message) -> str:
    assert isinstance(message.payload, bytes)
    return message.payload.decode()


@scenario_for_each("aiomqtt", tuple(VERSIONS))
@_asynchronous
async def many_tasks_publish_and_subscribe(broker: Address, version: str) -> None:
    """20 sensors publish 50 values each, all at once; the collector gets each one's in order."""
    base = unique_topic("sensors")

    async def sensor(number: int) -> None:
        async with _client(broker, version) as client:
            values = [f"{base}/{number}/{value}" for value in range(VALUES)]
            await asyncio.gather(*(client.publish(f"{base}/{number}", v, qos=1) for v in values))

    async with _client(broker, version) as collector:
        await collector.subscribe(f"{base}/+", qos=1)
        sensors = [sensor(number) for number in range(SENSORS)]
        _, messages = await asyncio.gather(
            asyncio.gather(*sensors), _take(collector, SENSORS * VALUES)
        )
    for number in range(SENSORS):
        topic = f"{base}/{number}"
        values = [_text(message) for message in messages if str(message.topic) == topic]
        expect(f"sensor {number}", values, [f"{topic}/{value}" for value in range(VALUES)])


@scenario("aiomqtt v5")
@_asynchronous
async def monitor_reads_sys_topics(broker: Address) -> None:
    """My monitoring task reads the broker's numbers from $SYS."""
    wanted = {"uptime", "clients/connected", "messages/received", "subscriptions/count"}
    prefix = "$SYS/broker/"
    found: dict[str, str] = {}
    async with _client(broker) as monitor:
        await monitor.subscribe(f"{prefix}#")
        async for message in monitor.messages:
            found[str(message.topic).removeprefix(prefix)] = _text(message)
            if wanted <= found.keys():
                break
    seconds = found.pop("uptime").removesuffix(" seconds")
    expect_that("uptime as N seconds", seconds.isdecimal(), seconds)
    for name in wanted - {"uptime"}:
        expect_that(f"{name} as a number", found[name].isdecimal(), found[name])


@scenario("aiomqtt v5")
@_asynchronous
async def requests_find_their_answers(broker: Address) -> None:
    """30 questions are under way at once; Correlation Data brings each its own answer."""
    service, inbox = unique_topic("service"), unique_topic("inbox")

    async def serve(client: Client) -> None:
        questions = await _take(client, QUESTIONS)
        for question in reversed(questions):
            properties = question.properties
            assert properties is not None
            back: Any = properties
            echo = _publish_properties(CorrelationData=back.CorrelationData)
            answer = f"answer to {_text(question)}"
            await client.publish(back.ResponseTopic, answer, qos=1, properties=echo)

    async with _client(broker) as server, _client(broker) as asker:
        await server.subscribe(service, qos=1)
        await asker.subscribe(inbox, qos=1)
        serving = asyncio.create_task(serve(server))
        for number in range(QUESTIONS):
            ask = _publish_properties(ResponseTopic=inbox, CorrelationData=bytes([number]))
            await asker.publish(service, str(number), qos=1, properties=ask)
        answers: list[Any] = await _take(asker, QUESTIONS)
        await serving
    found = {answer.properties.CorrelationData[0]: _text(answer) for answer in answers}
    expect("answers", found, {number: f"answer to {number}" for number in range(QUESTIONS)})


@scenario_for_each("aiomqtt", tuple(VERSIONS))
@_asynchronous
async def client_comes_back_after_a_lost_connection(broker: Address, version: str) -> None:
    """The cable is pulled; my task notices, connects again and has missed nothing."""
    topic, name = unique_topic("cable"), unique("reader")
    options: dict[str, Any] = (
        {"clean_start": False, "properties": _connect_properties(SessionExpiryInterval=60)}
        if version == "v5"
        else {"clean_session": False}
    )
    async with _client(broker, version) as publisher, _cable(broker) as cable:
        noticed = False
        try:
            async with _client(cable.address, version, identifier=name, **options) as reader:
                await reader.subscribe(topic, qos=1)
                await publisher.publish(topic, "before", qos=0)  # so that it can't come again
                expect("before", [_text(m) for m in await _take(reader, 1)], ["before"])
                cable.pull()
                await _take(reader, 1)
        except MqttError:
            noticed = True
        expect("the loss is noticed", noticed, True)
        texts = [str(number) for number in range(20)]
        for text in texts:
            await publisher.publish(topic, text, qos=1)
        async with _client(cable.address, version, identifier=name, **options) as again:
            expect("meanwhile", [_text(m) for m in await _take(again, 20)], texts)
            await publisher.publish(topic, "after", qos=1)
            expect("after", [_text(m) for m in await _take(again, 1)], ["after"])
    forget(broker, version, name)


class _Cable:
    """A way to the broker that can be cut, so that both sides lose the connection."""

    def __init__(self, broker: Address) -> None:
        self.address = broker
        self._broker = broker
        self._ends: list[asyncio.StreamWriter] = []

    async def plug(self) -> asyncio.Server:
        """Starts to listen at `address`."""
        server = await asyncio.start_server(self._join, self._broker.host, 0)
        self.address = Address(self._broker.host, server.sockets[0].getsockname()[1])
        return server

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._ends += [writer, far_writer]
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    def pull(self) -> None:
        """Resets every connection that goes through."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()


@asynccontextmanager
async def _cable(broker: Address) -> AsyncIterator[_Cable]:
    cable = _Cable(broker)
    server = await cable.plug()
    try:
        yield cable
    finally:
        cable.pull()
        server.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65_536):
            target.write(chunk)
            await target.drain()
    except OSError:
        pass  # pulled
    finally:
        target.close()


def _publish_properties(**values: Any) -> Properties:
    return properties_of(PacketTypes.PUBLISH, values.items())


def _connect_properties(**values: Any) -> Properties:
    return properties_of(PacketTypes.CONNECT, values.items())
