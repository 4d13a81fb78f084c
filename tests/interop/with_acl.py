"""Access rules: the same ACL file in a live Mosquitto and in `midge acl test`."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from broker import START_SECONDS, BrokerProcess
from harness import Address, Mismatch, expect, expect_that, scenario
from paho_peer import Peer

PASSWORD = "secret"
PUBLISHER = "publisher"
NOT_AUTHORIZED = 0x87

RULES = """\
# what clients without a user name may do
topic read public/#
topic deny public/secret
topic readwrite guest

user bob
topic readwrite home/#
topic deny home/safe/#
topic read log/+
topic write log/bob
topic read living room/lamp
topic deny shared/bob/x
topic write shared/bob/y
  topic  write   spaces
topic read \ttab
topic read $SYS/#

user jo hn
topic #
user bob
topic write late
user publisher
topic write #
topic write $other/#
user a+b
topic read plus
pattern read shared/%u/#
pattern deny shared/%u/y
pattern readwrite dev/%c/state
pattern write $SYS/broker/connection/%c/state
pattern read both/%c/%u/+
pattern read part/x-%c-y
"""
USERS = ("bob", "jo hn", "a+b", "zoe", "a/b")
CLIENTS = ((None, "c1"), ("bob", "c1"), ("jo hn", "c2"), ("a+b", "c1"), ("zoe", "c1"), ("zoe", "#"))
SLASHED = ((None, "d/e"), ("a/b", "c1"), ("zoe", "%u"))
TOPICS = (
    "public",
    "public/secret",
    "guest",
    "home/a/b",
    "home/safe",
    "home/safe/key",
    "log/bob",
    "log/eve",
    "living room/lamp",
    "shared/bob/x",
    "shared/bob/y",
    "shared/zoe/a",
    "spaces",
    "tab",
    "late",
    "plus",
    "dev/c1/state",
    "both/c1/bob/x",
    "part/x-c1-y",
    "$other/a",
)
SLASHED_TOPICS = ("dev/d/e/state", "dev/d/state", "shared/a/b/c", "dev/%u/state", "dev/zoe/state")


@dataclass(frozen=True)
class Case:
    """One question that both answer."""

    user: str | None
    client: str
    access: str
    topic: str


CASES = [
    Case(user, client, access, topic)
    for clients, topics in ((CLIENTS, TOPICS), (SLASHED, SLASHED_TOPICS))
    for (user, client), access, topic in product(clients, ("read", "write"), topics)
]

DENIED_CASES = 60  # that are compared; each takes a process


@scenario("acl")
def acl_test_answers_as_mosquitto_behaves(_broker: Address) -> None:
    """I move from Mosquitto with my ACL file; nobody may do more or less than before."""
    midge = midge_command("--allow-read")
    with tempfile.TemporaryDirectory() as folder:
        acl, config = write_files(Path(folder), RULES.encode(), USERS)
        with running([mosquitto_command(), "-c", str(config)]) as address:
            seen = observe(address, CASES)
        allowed = [case for case in CASES if seen[case]]
        denied = [case for case in CASES if not seen[case]]
        expect_that("dozens of cases of each kind", len(allowed) > 40 < len(denied), seen)
        asked = allowed + random.Random(2011).sample(denied, DENIED_CASES)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(lambda case: _ask(midge, acl, case), asked))
    differing = [
        (case, answer)
        for case, answer in zip(asked, answers, strict=True)
        if answer.startswith("allowed") != seen[case]
    ]
    expect(f"cases of {len(asked)} where Mosquitto does otherwise", differing, [])


def midge_command(*permissions: str) -> list[str]:
    """How midge is started to answer questions, or to serve with files."""
    broker = os.environ.get("MIDGE_BROKER", "deno run main.ts")
    words = shlex.split(os.environ.get("MIDGE_ACL", broker))
    if "run" in words:
        at = words.index("run") + 1
        words[at:at] = permissions
    return words


def _ask(midge: list[str], acl: Path, case: Case) -> str:
    """What `midge acl test` answers: the decision and the line that made it."""
    user = [] if case.user is None else ["--user", case.user]
    done = subprocess.run(
        [*midge, "acl", "test", "--acl-file", acl, *user, "--client", case.client]
        + [case.access, case.topic],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    expected = {0: "allowed", 1: "denied"}.get(done.returncode)
    if expected is None or not done.stdout.startswith(expected):
        raise Mismatch(f"{case}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def mosquitto_command() -> str:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    server = shutil.which("mosquitto", path=path)
    if server is None:
        raise Mismatch("needs a mosquitto: apt-get install mosquitto")
    return server


def write_files(folder: Path, rules: bytes, users: Iterable[str]) -> tuple[Path, Path]:
    """An ACL file, and a mosquitto.conf with a password file that Mosquitto's own tool has written."""
    acl, passwords, config = folder / "acl", folder / "passwd", folder / "mosquitto.conf"
    acl.write_bytes(rules)
    passwords.touch(0o600)
    for user in (*users, PUBLISHER):
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, PASSWORD], check=True)
    config.write_text(
        f"allow_anonymous true\nacl_file {acl}\npassword_file {passwords}\n"
        + ("user root\n" if os.geteuid() == 0 else "")
    )
    return acl, config


@contextlib.contextmanager
def running(command: list[str], configured: Address | None = None) -> Iterator[Address]:
    """A broker that a command with a configuration starts."""
    broker = BrokerProcess(shlex.join(command), configured)
    try:
        broker.wait_until_it_accepts()
        yield broker.address
    finally:
        broker.kill()


class _Member(Peer):
    """A client with a user name, over MQTT 5: its PUBACK says what is not authorized."""

    def __init__(self, broker: Address, user: str | None, client_id: str) -> None:
        self._user = user
        super().__init__(broker, "v5", client_id)

    def _connect(self, *arguments: Any) -> None:
        if self._user is not None:
            self._client.username_pw_set(self._user, PASSWORD)
        super()._connect(*arguments)


def observe(broker: Address, cases: list[Case]) -> dict[Case, bool]:
    """Which of the cases a live broker allows."""
    seen: dict[Case, bool] = {}
    with _Member(broker, PUBLISHER, "publisher") as publisher:
        for user, client in dict.fromkeys((case.user, case.client) for case in cases):
            topics = {case.topic for case in cases if (case.user, case.client) == (user, client)}
            with _Member(broker, user, client) as member:
                for topic in topics:
                    code = member.publish(topic, "written")
                    seen[Case(user, client, "write", topic)] = code != NOT_AUTHORIZED
                member.subscribe(*topics)
                for topic in topics:
                    expect(f"refusal of {topic}", publisher.publish(topic, "read") & 0x80, 0)
                member.subscribe("barrier")  # its SUBACK comes behind what came before it
                received = {message.topic for message in member.messages.all()}
            for topic in topics:
                seen[Case(user, client, "read", topic)] = topic in received
    return seen
