"""mosquitto_pub, mosquitto_sub and mosquitto_rr as a shell user runs them."""

from __future__ import annotations

import subprocess
import threading
from types import TracebackType

from harness import PATIENCE_SECONDS, Address, Mailbox, Mismatch

_MARK = "MESSAGE "  # tells messages from the debug lines that say when a subscription stands


def _command(tool: str, broker: Address, version: str, *arguments: str) -> list[str]:
    return [tool, "-h", broker.host, "-p", str(broker.port), "-V", version, *arguments]


def run(
    tool: str,
    broker: Address,
    version: str,
    *arguments: str,
    stdin: bytes = b"",
    exit_code: int | None = 0,
) -> str:
    """Runs a tool to its end and returns what it printed."""
    try:
        done = subprocess.run(
            _command(tool, broker, version, *arguments),
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS * 2,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Mismatch(f"expected an end of {tool} {arguments}, came none") from None
    if exit_code is not None and done.returncode != exit_code:
        raise Mismatch(
            f"{tool} {arguments}: expected exit code {exit_code}, "
            f"came {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout.decode(errors="replace")


def publish(broker: Address, version: str, topic: str, *arguments: str, stdin: bytes = b"") -> None:
    """Runs mosquitto_pub; it ends when the broker has acknowledged what was published."""
    run("mosquitto_pub", broker, version, "-t", topic, *arguments, stdin=stdin)


class Listener:
    """A running mosquitto_sub, subscribed once the constructor returns.

    `messages` holds one line per message, in the given mosquitto_sub format. Leaving the `with`
    block ends it the way Ctrl-C does: with a DISCONNECT.
    """

    def __init__(
        self, broker: Address, version: str, *arguments: str, form: str = "%t %q %r %p"
    ) -> None:
        self.messages: Mailbox[str] = Mailbox("mosquitto_sub's messages")
        self._subscribed: Mailbox[str] = Mailbox("mosquitto_sub's subscription")
        # To a pipe, the C library would hold lines back until there are 4 KiB of them.
        command = _command("mosquitto_sub", broker, version, "-d", "-F", _MARK + form, *arguments)
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._subscribed.wait_for(1)
        except Mismatch:
            self.kill()
            raise

    def _read(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith(_MARK):
                self.messages.put(line.removeprefix(_MARK))
            elif line.startswith("Subscribed (mid:"):
                self._subscribed.put(line)

    def wait_for_its_end(self) -> None:
        """Waits until it has ended by itself, as -C makes it do."""
        try:
            self._ended()
        except subprocess.TimeoutExpired:
            raise Mismatch("expected mosquitto_sub to end by itself, came no end") from None

    def kill(self) -> None:
        """Ends it as `kill -9` does: the connection closes without a DISCONNECT."""
        self._process.kill()
        self._ended()

    def _ended(self) -> None:
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._ended()
        except subprocess.TimeoutExpired:
            self.kill()  # it waits for an answer that the scenario has missed already
