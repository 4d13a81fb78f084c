"""Runs all interop scenarios against one broker; see README.md for the environment it reads."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from types import FrameType

from broker import BrokerProcess, accepts
from harness import Address, Mismatch, Result, run_scenarios

# Each declares its scenarios when it is imported; they run in this order.
STORIES = (
    "with_mosquitto_clients",
    "with_paho",
    "with_paho_v5",
    "with_paho_v5_limits",
    "with_aiomqtt",
    "as_home_assistant",
    "with_acl",
    "with_logs",
    "with_acl_random",
    "with_bridge",
    "with_bridge_outage",
    "with_bridge_peers",
    "with_proxy",
    "with_tls",
    "with_websocket",
)


def main(wanted: list[str]) -> int:
    """Returns the exit code: 0 when every scenario passed."""
    started = time.monotonic()
    for module in STORIES:
        importlib.import_module(module)
    port = os.environ.get("MIDGE_PORT")
    result = against_running(int(port), wanted) if port else against_started(wanted)
    if result.left_out:
        print(f"{result.left_out} scenarios left out: their names contain none of {wanted}")
    print(f"in {time.monotonic() - started:.1f} s")
    print(f"{result.passes} passed, {result.failures} failed")
    return 0 if result.failures == 0 and result.passes > 0 else 1


def against_running(port: int, wanted: list[str]) -> Result:
    """Uses the broker that already listens there, and leaves it running."""
    address = Address("127.0.0.1", port)
    return run_scenarios(address, wanted, lambda: accepts(address))


def against_started(wanted: list[str]) -> Result:
    """Starts the broker, and stops it whatever happens."""
    result = Result()
    try:
        broker = BrokerProcess(os.environ["MIDGE_BROKER"])
    except OSError as error:
        result.failed("the broker starts", f"expected a process, came {error}")
        return result
    try:
        broker.wait_until_it_accepts()
        result = run_scenarios(broker.address, wanted, broker.is_running)
        broker.terminate()
        result.passed("the broker ends with exit code 0 on SIGTERM")
    except Mismatch as mismatch:
        result.failed("the broker starts, and ends on SIGTERM", str(mismatch))
    finally:
        broker.kill()
        if result.failures:
            print(f"--- the broker's last lines\n{broker.last_words()}\n---")
    return result


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)  # by an exception, so that `finally` stops the broker


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main(sys.argv[1:]))
