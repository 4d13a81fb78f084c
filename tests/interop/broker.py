"""The broker under test: started on a free port, waited for, stopped as an operator stops it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile

from harness import Address, Mismatch, ticks

START_SECONDS = 60.0  # a first start may fetch the broker's own dependencies
STOP_SECONDS = 5.0


class BrokerProcess:
    """A broker as a child process, its output kept for the case that it fails."""

    def __init__(self, command: str, configured: Address | None = None) -> None:
        """Without an address that its configuration has, it is told a free port."""
        self.address = configured or Address("127.0.0.1", free_port())
        port = [] if configured else ["-p", str(self.address.port)]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [*shlex.split(command), *port],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that kill() reaches its children too
        )

    def wait_until_it_accepts(self) -> None:
        """Returns when a connection to the port succeeds."""
        for _ in ticks(START_SECONDS):
            if not self.is_running():
                raise Mismatch(f"the broker ended with exit code {self._process.returncode}")
            if accepts(self.address):
                return
        raise Mismatch(f"expected a listener on {self.address} within {START_SECONDS:g} s")

    def is_running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def terminate(self) -> None:
        """Sends SIGTERM, and expects a clean end within a few seconds."""
        self._process.terminate()
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Mismatch(
                f"expected exit code 0 within {STOP_SECONDS:g} s of SIGTERM, came no end"
            ) from None
        if code != 0:
            raise Mismatch(f"expected exit code 0 after SIGTERM, came {code}")

    def kill(self) -> None:
        """Makes sure that nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def output(self) -> str:
        """All that it has printed."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def last_words(self) -> str:
        """The end of that."""
        return "\n".join(self.output().splitlines()[-30:])


def accepts(address: Address) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((address.host, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
