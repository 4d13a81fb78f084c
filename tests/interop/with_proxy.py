"""Unix sockets, and listeners behind HAProxy: its headers of version 1 and 2, with and without TLS."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
from broker import START_SECONDS
from harness import PATIENCE_SECONDS, Address, Mismatch, expect, expect_that, scenario, ticks
from with_acl import midge_command


class Behind:
    """midge with a mosquitto.conf, what it logs, and the folder that everything is in."""

    def __init__(self, folder: Path, conf: str) -> None:
        (folder / "midge.conf").write_text(f"{conf}\nlog_type all\nuser root\n")
        self.folder = folder
        self._lines: list[str] = []
        permissions = ("--allow-read", "--allow-write", "--allow-env", "--allow-sys")
        self._process = subprocess.Popen(
            [*midge_command(*permissions), "-c", str(folder / "midge.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.line("mosquitto_pub", START_SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)  # line by line, as it comes

    def line(self, part: str, seconds: float = PATIENCE_SECONDS) -> str:
        """The last line so far that holds this, once there is one."""
        for _ in ticks(seconds):
            for line in reversed(list(self._lines)):
                if part in line:
                    return line.strip()
        raise Mismatch(f"expected a line with {part!r}, came {''.join(self._lines)}")

    def reload(self) -> None:
        """Asks it to read its files again."""
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def midge(conf: str) -> Iterator[Behind]:
    """midge, stopped in the end. DIR in `conf` is the folder."""
    with tempfile.TemporaryDirectory(prefix="midge-") as folder:
        broker = Behind(Path(folder), conf.replace("DIR", folder))
        try:
            yield broker
        finally:
            broker.stop()


@contextlib.contextmanager
def haproxy(folder: Path, port: int, bind: str, server: str) -> Iterator[None]:
    """HAProxy on a port, with the options of its two sides."""
    path = folder / "haproxy.cfg"
    path.write_text(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n"
        f"listen mqtt\n bind 127.0.0.1:{port} {bind}\n server midge {server}\n"
    )
    process = subprocess.Popen(
        [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-q", "-f", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in ticks(PATIENCE_SECONDS):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _pub(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["mosquitto_pub", *arguments, "-q", "1", "-t", "a", "-m", "b"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )


def _certificates(folder: Path) -> None:
    """A CA, a server's certificate with its key behind it, and alice's."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=our CA")
    for name, common_name in (("server", "localhost"), ("alice", "alice")):
        openssl(
            *("req", "-x509", *curve, "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={common_name}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        )
    both = (folder / "server.crt").read_text() + (folder / "server.key").read_text()
    (folder / "server.pem").write_text(both)


@scenario("unix socket")
def local_clients_come_over_a_socket(_broker: Address) -> None:
    """I publish with mosquitto_pub --unix what paho has subscribed to over the same socket."""
    with midge("listener 0 DIR/midge.sock\nallow_anonymous true") as broker:
        path = str(broker.folder / "midge.sock")
        came, ready = threading.Event(), threading.Event()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, transport="unix")
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda *_: came.set()
        client.connect(path)
        client.loop_start()
        client.subscribe("a", 1)
        expect("a SUBACK", ready.wait(PATIENCE_SECONDS), True)
        expect("mosquitto_pub's end", _pub("--unix", path).returncode, 0)
        expect("a message", came.wait(PATIENCE_SECONDS), True)
        client.disconnect()
        client.loop_stop()
        expect_that("the log", f"from {path}:0 as" in broker.line("New client"), path)


@scenario("haproxy")
def version_1_and_2_tell_the_address(_broker: Address) -> None:
    """My clients come through HAProxy, from 127.0.0.7, and the log says so."""
    for version, option in ((1, "send-proxy"), (2, "send-proxy-v2"), (2, "send-proxy-v2-ssl")):
        inner, outer = _free_port(), _free_port()
        conf = f"listener {inner} 127.0.0.1\nallow_anonymous true\nenable_proxy_protocol {version}"
        server = f"127.0.0.1:{inner} {option} check inter 200ms"
        with midge(conf) as broker, haproxy(broker.folder, outer, "", server):
            done = _pub("-h", "127.0.0.1", "-p", str(outer), "-A", "127.0.0.7")
            expect(f"mosquitto_pub's end ({option})", done.returncode, 0)
            line = broker.line("New client connected")
            expect_that(f"the log ({option})", "from 127.0.0.7:" in line, line)
            direct = _pub("-h", "127.0.0.1", "-p", str(inner))
            expect_that("an end without a header", direct.returncode != 0, direct)
            broker.line("but an MQTT CONNECT: it did not come through the proxy")


@scenario("haproxy")
def a_socket_between_haproxy_and_midge(_broker: Address) -> None:
    """Nobody but HAProxy reaches the listener, since it is a Unix socket."""
    outer = _free_port()
    conf = "listener 0 DIR/midge.sock\nallow_anonymous true\nenable_proxy_protocol 2"
    with (
        midge(conf) as broker,
        haproxy(broker.folder, outer, "", f"unix@{broker.folder}/midge.sock send-proxy-v2"),
    ):
        done = _pub("-h", "127.0.0.1", "-p", str(outer), "-A", "127.0.0.7")
        expect("mosquitto_pub's end", done.returncode, 0)
        line = broker.line("New client connected")
        expect_that("the log", "from 127.0.0.7:" in line, line)


@scenario("haproxy")
def tls_ends_at_haproxy(_broker: Address) -> None:
    """HAProxy checks the certificates, and midge lets in whom it found in order."""
    inner, outer = _free_port(), _free_port()
    conf = (
        f"listener {inner} 127.0.0.1\nallow_anonymous false\nenable_proxy_protocol 2\n"
        "proxy_protocol_v2_require_tls true\nrequire_certificate true\n"
        "use_identity_as_username true\n"
    )
    server = f"127.0.0.1:{inner} send-proxy-v2-ssl-cn"
    with midge(conf) as broker:
        _certificates(broker.folder)
        ca = ("-h", "localhost", "-p", str(outer), "--cafile", str(broker.folder / "ca.crt"))
        own = [str(broker.folder / f"alice.{kind}") for kind in ("crt", "key")]
        bind = f"ssl crt {broker.folder}/server.pem verify optional ca-file {broker.folder}/ca.crt"
        with haproxy(broker.folder, outer, bind, server):
            done = _pub(*ca, "--cert", own[0], "--key", own[1], "-u", "somebody else")
            expect("the end with a certificate", (done.returncode, done.stderr), (0, ""))
            line = broker.line("New client connected")
            expect_that("the log", "u'alice'" in line, line)
            expect_that("an end without one", _pub(*ca).returncode != 0, 0)
            broker.line("did not show the proxy a valid certificate")
        with haproxy(broker.folder, outer, "", server):
            plain = _pub("-h", "127.0.0.1", "-p", str(outer))
            expect_that("an end without TLS", plain.returncode != 0, plain)
            broker.line("did not connect to the proxy using TLS")


@scenario("haproxy")
def tls_ends_at_midge(_broker: Address) -> None:
    """HAProxy passes TLS on, its header of version 1 in front."""
    inner, outer = _free_port(), _free_port()
    with tempfile.TemporaryDirectory(prefix="midge-") as folder:
        _certificates(Path(folder))
        conf = (
            f"listener {inner} 127.0.0.1\nallow_anonymous true\nenable_proxy_protocol 1\n"
            f"certfile {folder}/server.crt\nkeyfile {folder}/server.key"
        )
        server = f"127.0.0.1:{inner} send-proxy"
        with midge(conf) as broker, haproxy(broker.folder, outer, "", server):
            done = _pub(
                *("-h", "localhost", "-p", str(outer), "-A", "127.0.0.7"),
                *("--cafile", f"{folder}/ca.crt"),
            )
            expect("mosquitto_pub's end", (done.returncode, done.stderr), (0, ""))
            line = broker.line("New client connected")
            expect_that("the log", "from 127.0.0.7:" in line, line)
