"""Access rules by the thousand: a random ACL file in a live Mosquitto and in a live midge."""

from __future__ import annotations

import os
import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from harness import Address, expect, expect_that, scenario
from with_acl import (
    PUBLISHER,
    Case,
    midge_command,
    mosquitto_command,
    observe,
    running,
    write_files,
)

SEEDS = [int(seed) for seed in os.environ.get("MIDGE_ACL_SEEDS", "2011").split(",")]
"""More of them, separated by commas, for a longer search."""

USERS = ("bob", "jo hn", "a+b", "zoe", "a/b", "%c", "b$x", "é")
CLIENTS = (
    *((None, client) for client in ("c1", "d/e", "c+", "b$x")),
    *((user, "c1") for user in USERS),
    ("bob", "bob"),
    ("zoe", "%u"),
    ("zoe", "#"),
    ("zoe", "a b"),
)
LEVELS = ("a", "b", "c c", "$x", "é", "", "c1", "bob", "zoe", "x-c1", "d", "e", "%u")
RULE_LEVELS = (*LEVELS, "%c", "%u", "%c", "%u", "+", "+", "x-%c", "$%c")
ENDS = ("", "", "", " ", "\t", "  \t ", "\r", " \r")
GAPS = (" ", " ", "  ", "   ")
NOISE = ("", "# a comment", "#topic read a", "   ", "\t", "\r")
PUBLISHER_RULES = ("#", "$x/#", "$other/#", "$SYS/broker/connection/+/state")
TOPICS = 45
RULES = 160


@scenario("acl")
def a_random_acl_file_means_the_same_to_both(_broker: Address) -> None:
    """My ACL file has grown for ten years; nobody remembers what half of it is for."""
    for seed in SEEDS:
        _compare(seed)


def _compare(seed: int) -> None:
    chance = random.Random(seed)
    topics = sorted({_topic(chance) for _ in range(TOPICS)})
    topics += ["$SYS/broker/connection/c1/state", "$other/c1"]
    cases = [
        Case(user, client, access, topic)
        for (user, client), access, topic in product(CLIENTS, ("read", "write"), topics)
    ]
    with tempfile.TemporaryDirectory() as folder:
        _, config = write_files(Path(folder), _acl_file(chance), USERS)
        commands = (
            [mosquitto_command(), "-c", str(config)],
            [*midge_command("--allow-read", "--allow-env", "--allow-sys"), "-c", str(config)],
        )
        with ThreadPoolExecutor(len(commands)) as pool:
            theirs, ours = pool.map(lambda command: _seen_by(command, cases), commands)
    allowed = sum(theirs.values())
    expect_that("dozens of cases of each kind", 60 < allowed < len(cases) - 60, allowed)
    differing = [case for case in cases if theirs[case] != ours[case]]
    expect(f"cases of {len(cases)} (seed {seed}) where Mosquitto does otherwise", differing, [])


def _seen_by(command: list[str], cases: list[Case]) -> dict[Case, bool]:
    with running(command) as address:
        return observe(address, cases)


def _topic(chance: random.Random) -> str:
    topic = "/".join(chance.choice(LEVELS) for _ in range(chance.randint(1, 4)))
    return topic or "/"


def _acl_file(chance: random.Random) -> bytes:
    """Every kind of line that Mosquitto takes, those that people write by mistake included."""
    lines: list[str] = []
    for _ in range(RULES):
        kind = chance.random()
        if kind < 0.1:
            lines.append(chance.choice(NOISE))
        elif kind < 0.25:
            lines.append(f"user{chance.choice(GAPS)}{chance.choice(USERS)}{chance.choice(ENDS)}")
        else:
            lines.append(_rule(chance))
    lines += [f"user {PUBLISHER}", *(f"topic write {each}" for each in PUBLISHER_RULES)]
    return "\n".join(lines).encode() + b"\n"


def _rule(chance: random.Random) -> str:
    levels = [chance.choice(RULE_LEVELS) for _ in range(chance.randint(1, 4))]
    if chance.random() < 0.3:
        levels[-1] = "#"
    topic = "/".join(levels) or "/"
    access = chance.choice(("read", "write", "readwrite", "deny", ""))
    if access == "" and (" " in topic or topic in ("read", "write", "deny")):
        access = "readwrite"  # the first word would be taken for the access
    words = [chance.choice(("topic", "topic", "pattern")), access, topic]
    gap = chance.choice(GAPS)
    start = chance.choice(("", "", "", " ", "   "))
    return start + gap.join(word for word in words if word) + chance.choice(ENDS)
