"""What the scenarios share: how they are declared, what they expect, how they are run.

A scenario is a function that gets the broker's address (and, with variants, one of them), tells a
user's story in its docstring, and raises `Mismatch` where the story ends otherwise. Every wait in
it is for an event and has a limit; nobody sleeps to be on the safe side.
"""

from __future__ import annotations

import itertools
import os
import reprlib
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PATIENCE_SECONDS = 5.0
"""How long a scenario waits for something that should come at once."""

T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    """Where the broker listens."""

    host: str
    port: int


class Mismatch(Exception):
    """The broker did something else than the scenario expects."""


@dataclass(frozen=True)
class Scenario:
    """One story, ready to run."""

    name: str
    run: Callable[[Address], None]


_scenarios: list[Scenario] = []
_serial = itertools.count(1)


def scenario(client: str) -> Callable[[Callable[[Address], None]], Callable[[Address], None]]:
    """Declares a function as a scenario of the named client."""

    def declare(story: Callable[[Address], None]) -> Callable[[Address], None]:
        _scenarios.append(Scenario(f"{client}: {_title(story)}", story))
        return story

    return declare


def scenario_for_each(
    client: str, variants: Sequence[T]
) -> Callable[[Callable[[Address, T], None]], Callable[[Address, T], None]]:
    """Declares a function as one scenario per variant, such as a protocol version."""

    def declare(story: Callable[[Address, T], None]) -> Callable[[Address, T], None]:
        for variant in variants:
            _scenarios.append(
                Scenario(
                    f"{client} {variant}: {_title(story)}",
                    lambda broker, variant=variant: story(broker, variant),  # type: ignore[misc]
                )
            )
        return story

    return declare


def _title(story: Callable[..., None]) -> str:
    return story.__name__.replace("_", " ")


def unique(word: str) -> str:
    """A name no other scenario and no earlier run uses, for topics and client identifiers."""
    return f"{word}-{os.getpid():x}-{next(_serial)}"


def unique_topic(word: str) -> str:
    """A Topic Name of this scenario's own."""
    return f"interop/{unique(word)}"


def _short(value: object) -> str:
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = 160
    brief.maxlist = brief.maxtuple = 8
    text = brief.repr(value)
    return text if len(text) <= 500 else f"{text[:499]}…"


def expect(what: str, actual: object, expected: object) -> None:
    """Fails the scenario unless both are equal."""
    if actual != expected:
        raise Mismatch(f"{what}: expected {_short(expected)}, came {_short(actual)}")


def expect_that(what: str, holds: bool, came: object) -> None:
    """Fails the scenario unless the statement `what` holds; `came` is what was seen instead."""
    if not holds:
        raise Mismatch(f"expected {what}, came {_short(came)}")


class Mailbox(Generic[T]):
    """What a client's thread has received so far, for the scenario's thread to wait on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._items: list[T] = []
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Adds what just came."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def all(self) -> list[T]:
        """A copy of everything received so far."""
        with self._changed:
            return list(self._items)

    def wait_until(
        self,
        what: str,
        done: Callable[[list[T]], bool],
        timeout_seconds: float = PATIENCE_SECONDS,
    ) -> list[T]:
        """Everything received, as soon as `done` says yes to it."""
        with self._changed:
            if not self._changed.wait_for(lambda: done(self._items), timeout_seconds):
                raise Mismatch(
                    f"{self._name}: expected {what} within {timeout_seconds:g} s, "
                    f"came {len(self._items)}: {_short(self._items)}"
                )
            return list(self._items)

    def wait_for(self, count: int, timeout_seconds: float = PATIENCE_SECONDS) -> list[T]:
        """Everything received, as soon as it is at least `count` items."""
        return self.wait_until(f"{count} of them", lambda i: len(i) >= count, timeout_seconds)


def run_scenarios(broker: Address, wanted: Sequence[str], alive: Callable[[], bool]) -> Result:
    """Runs the scenarios whose name contains a wanted word, or all; prints a line each."""
    result = Result()
    for story in _scenarios:
        if wanted and not any(word in story.name for word in wanted):
            result.left_out += 1
        elif not alive():
            result.failed(story.name, "expected a running broker, came its end")
        else:
            result.count(story, broker)
    return result


class Result:
    """Counts and prints how the scenarios went."""

    def __init__(self) -> None:
        self.passes = 0
        self.failures = 0
        self.left_out = 0

    def count(self, story: Scenario, broker: Address) -> None:
        """Runs one scenario and counts it."""
        try:
            story.run(broker)
        except Mismatch as mismatch:
            self.failed(story.name, str(mismatch))
        except Exception as error:  # a client library's own, or a fault in the scenario
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(where.filename)}:{where.lineno}"
            self.failed(story.name, f"expected no error, came {error!r} at {place}")
        else:
            self.passed(story.name)

    def passed(self, name: str) -> None:
        """Counts a scenario that went as told."""
        self.passes += 1
        print(f"ok   {name}", flush=True)

    def failed(self, name: str, why: str) -> None:
        """Counts a scenario that did not, and says what came instead."""
        self.failures += 1
        print(f"FAIL {name}: {' '.join(why.split())}", flush=True)


def ticks(seconds: float, step_seconds: float = 0.02) -> Iterator[None]:
    """Yields at short intervals until the time is over: for what can only be polled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(step_seconds)
