"""TLS: client certificates, passwords over TLS, and sessions that are resumed."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from harness import PATIENCE_SECONDS, Address, expect, expect_that, scenario
from with_proxy import Behind, _free_port

# The listener of the documents, as it stands.
CONF = """
listener {port} 127.0.0.1
allow_anonymous false
certfile DIR/server.crt
keyfile DIR/server.key
cafile DIR/ca.crt
require_certificate true
"""
WITH_PASSWORDS = CONF + "password_file DIR/passwd\nacl_file DIR/acl\n"


@dataclass
class Tls:
    """midge, its port and the folder of the certificates."""

    broker: Behind
    port: int
    folder: Path

    def pub(self, *arguments: str, client: str | None = "alice") -> int:
        """mosquitto_pub's exit code."""
        certificate = (
            ["--cert", f"{client}.crt", "--key", f"{client}.key"] if client is not None else []
        )
        return subprocess.run(
            ["mosquitto_pub", "-h", "localhost", "-p", str(self.port), "--cafile", "ca.crt"]
            + [*certificate, "-q", "1", "-t", "home/a", "-m", "b", *arguments],
            cwd=self.folder,
            capture_output=True,
            timeout=PATIENCE_SECONDS * 2,
            check=False,
        ).returncode


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_files(folder: Path) -> None:
    """Two CAs, a server's certificate, alice's of the one, mallory's (who says alice) of the other."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for ca in ("ca", "strange"):
        names = ("-keyout", f"{ca}.key", "-out", f"{ca}.crt", "-subj", f"/CN={ca}")
        _openssl(folder, "req", "-x509", *curve, "-days", "2", *names)
    (folder / "ext").write_text("basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n")
    for name, common_name, ca in (
        ("server", "localhost", "ca"),
        ("alice", "alice", "ca"),
        ("mallory", "alice", "strange"),
    ):
        names = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={common_name}")
        _openssl(folder, "req", *curve, *names)
        signer = ("-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2")
        files = ("-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", "ext")
        _openssl(folder, "x509", "-req", *signer, *files)
    settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=2\n"
    (folder / "ca.cnf").write_text(settings + "certificate=ca.crt\nprivate_key=ca.key\n")
    (folder / "index").touch()
    _make_list(folder)
    _openssl(folder, "ec", "-in", "alice.key", "-out", "alice-sec1.key")
    subprocess.run(
        ["mosquitto_passwd", "-c", "-b", str(folder / "passwd"), "alice", "secret"], check=True
    )
    (folder / "acl").write_text("user alice\ntopic readwrite home/#\n")


def _make_list(folder: Path) -> None:
    """Of the certificates that are revoked by now."""
    _openssl(folder, "ca", "-config", "ca.cnf", "-gencrl", "-out", "list")


@contextlib.contextmanager
def _tls(conf: str) -> Iterator[Tls]:
    with tempfile.TemporaryDirectory(prefix="midge-tls-") as name:
        folder = Path(name)
        make_files(folder)
        port = _free_port()
        broker = Behind(folder, conf.replace("DIR", name).format(port=port))
        try:
            yield Tls(broker, port, folder)
        finally:
            broker.stop()


@scenario("mosquitto_pub")
def comes_in_over_tls_with_its_certificate_and_its_password(_: Address) -> None:
    with _tls(WITH_PASSWORDS) as tls:
        right = ("-u", "alice", "-P", "secret")
        for version in ("311", "5"):
            expect(f"-V {version}", tls.pub("-V", version, *right), 0)
        expect_that("a wrong password", tls.pub("-u", "alice", "-P", "x") != 0, 0)
        expect_that("no certificate", tls.pub(*right, client=None) != 0, 0)
        tls.broker.line("it has no certificate")
        expect_that("a certificate of another CA", tls.pub(*right, client="mallory") != 0, 0)
        tls.broker.line("issued by CN=strange")


@scenario("mosquitto_sub")
def receives_over_tls_what_was_published_over_tls(_: Address) -> None:
    with _tls(WITH_PASSWORDS) as tls:
        login = ["-u", "alice", "-P", "secret", "--cafile", "ca.crt"]
        login += ["--cert", "alice.crt", "--key", "alice-sec1.key"]
        with subprocess.Popen(
            ["mosquitto_sub", "-h", "localhost", "-p", str(tls.port), *login]
            + ["-t", "home/#", "-v", "-C", "1", "-W", "10"],
            cwd=tls.folder,
            stdout=subprocess.PIPE,
            text=True,
        ) as subscriber:
            tls.broker.line("Sending SUBACK")
            expect("exit code", tls.pub("-u", "alice", "-P", "secret"), 0)
            output, _ = subscriber.communicate(timeout=PATIENCE_SECONDS * 2)
            expect("output", output, "home/a b\n")


@scenario("paho")
def comes_in_with_tls_set_and_gets_large_messages_back(_: Address) -> None:
    with _tls(WITH_PASSWORDS) as tls:
        for version in (mqtt.MQTTv311, mqtt.MQTTv5):
            expect("length", _echo_with_paho(tls, version, 300_000), 300_000)


def _echo_with_paho(tls: Tls, version: mqtt.MQTTProtocolVersion, length: int) -> int:
    """The length of the message that comes back."""
    lengths: list[int] = []
    done = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=version)
    client.tls_set(
        ca_certs=str(tls.folder / "ca.crt"),
        certfile=str(tls.folder / "alice.crt"),
        keyfile=str(tls.folder / "alice.key"),
    )
    client.username_pw_set("alice", "secret")
    client.on_connect = lambda *_: client.subscribe("home/#", 1)
    client.on_subscribe = lambda *_: client.publish("home/large", bytes(length), 1)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        lengths.append(len(message.payload))
        done.set()

    client.on_message = on_message
    client.connect("localhost", tls.port)
    client.loop_start()
    try:
        done.wait(PATIENCE_SECONDS)
    finally:
        client.disconnect()
        client.loop_stop()
    return lengths[0] if lengths else 0


@scenario("openssl s_client")
def gets_no_further_with_a_session_of_a_certificate_that_was_refused(_: Address) -> None:
    conf = CONF + "use_identity_as_username true\n"
    with _tls(conf) as tls:
        for version in ("-tls1_2", "-tls1_3"):
            _s_client(tls, version, "-cert", "mallory.crt", "-key", "mallory.key", "-sess_out", "s")
            tls.broker.line("issued by CN=strange")
            resumed = _s_client(tls, version, "-sess_in", "s")
            expect_that("the session is resumed", "Reused" in resumed, resumed)
            tls.broker.line("it resumed a session whose certificate was not found right here")
        for version in ("-tls1_2", "-tls1_3"):
            _s_client(tls, version, "-cert", "alice.crt", "-key", "alice.key", "-sess_out", "t")
            resumed = _s_client(tls, version, "-sess_in", "t")
            expect_that("the session is resumed", "Reused" in resumed, resumed)
            tls.broker.line("u'alice'")


def _s_client(tls: Tls, *arguments: str) -> str:
    """What it says; it sends a CONNECT and stays for a moment, so that a ticket may come."""
    with subprocess.Popen(
        ["openssl", "s_client", "-connect", f"localhost:{tls.port}", "-CAfile", "ca.crt", *arguments],
        cwd=tls.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        assert client.stdin is not None
        connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01s"
        with contextlib.suppress(BrokenPipeError):
            client.stdin.write(connect)
            client.stdin.flush()
        try:
            client.wait(0.5)
        except subprocess.TimeoutExpired:
            client.terminate()
        assert client.stdout is not None
        return client.stdout.read().decode(errors="replace")


@scenario("mosquitto_pub")
def is_refused_once_its_certificate_is_revoked(_: Address) -> None:
    with _tls(CONF + "use_identity_as_username true\ncrlfile DIR/list\n") as tls:
        expect("before", tls.pub(), 0)
        _openssl(tls.folder, "ca", "-config", "ca.cnf", "-revoke", "alice.crt")
        _make_list(tls.folder)
        tls.broker.reload()
        tls.broker.line("The configuration is that of the files now")
        expect_that("after", tls.pub() != 0, 0)
        tls.broker.line("has been revoked")
