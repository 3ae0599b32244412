"""The witness as an operator runs it, and as a node that is not ours sees it."""

import json
import os
import signal
import struct
import subprocess
from pathlib import Path

import pytest
import zmq

from conftest import free_port

repository = Path(__file__).resolve().parents[2]
program = os.environ.get("MYNAH_BIN", str(repository / ".build/debug/mynah"))


def integer(value):
    return struct.pack("<Q", value)


NODE = b"\0" + integer(7)
CURRENT = integer(0)
TAKE_FIRST = integer(1) + integer(1) + b"\0" + NODE + integer(600_000_000)


class Witness:
    def __init__(self, folder, state="state"):
        self.folder = folder
        self.state = folder / state
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.public, secret = zmq.curve_keypair()
        (folder / "pair.key").write_bytes(secret)
        self.secret = secret
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [program, "witness", "--listen", self.address, "--key-file", self.folder / "pair.key", "--state", self.state],
            stderr=subprocess.PIPE,
        )
        assert json.loads(self.process.stderr.readline())["message"] == "the witness listens"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, log
        return [json.loads(line) for line in log.splitlines()]

    def ask(self, body, number=1, client=1, keys=None, timeout=5000):
        """The reply to one request after its number, or None."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            if keys != "none":
                public, secret = keys or (self.public, self.secret)
                socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = public, secret, self.public
            socket.connect(self.address)
            socket.send(b"MW\x01" + integer(client) + integer(number) + body)
            if not socket.poll(timeout):
                return None
            reply = socket.recv()
            assert reply[:3] == b"MW\x01" and reply[3:11] == integer(number)
            return reply[11:]


@pytest.fixture
def witness(tmp_path):
    witness = Witness(tmp_path)
    yield witness
    if witness.process.poll() is None:
        witness.process.kill()
        witness.process.communicate()


def test_a_term_is_given_once_logged_and_remembered(witness):
    assert witness.ask(CURRENT) == b"\x01\x01\x00"
    granted = witness.ask(TAKE_FIRST, number=2)
    assert granted == b"\x01\x01\x01" + integer(1) + NODE + b"\x00" + integer(600_000_000)
    refused = witness.ask(TAKE_FIRST, client=2)
    assert refused[:3] == b"\x01\x00\x01"
    # What comes after a later request of the same node is passed over.
    assert witness.ask(CURRENT, number=1, timeout=300) is None
    changed = [line for line in witness.stop() if line["message"] == "the lease changed"]
    assert [(line["term"], line["successor"]) for line in changed] in ([("1", "none")], [(1, "none")])
    witness.start()
    again = witness.ask(CURRENT, number=3)
    assert again[:11] == b"\x01\x01\x01" + integer(1)
    # After its restart the lease lasts as long again.
    assert 0 < struct.unpack("<Q", again[-8:])[0] <= 600_000_000
    witness.stop()


def test_whoever_lacks_the_key_gets_no_answer(witness):
    assert witness.ask(TAKE_FIRST, keys="none", timeout=500) is None
    assert witness.ask(TAKE_FIRST, keys=zmq.curve_keypair(), timeout=500) is None
    assert witness.ask(CURRENT) == b"\x01\x01\x00"
    assert [line["message"] for line in witness.stop()].count("a client without the pair's key was refused") >= 1


def test_nonsense_is_logged_and_harms_nobody(witness):
    for body in [b"", b"\xff" * 8, TAKE_FIRST + b"\0"]:
        assert witness.ask(body, timeout=200) is None
    assert witness.ask(CURRENT) == b"\x01\x01\x00"
    assert [line["message"] for line in witness.stop()].count("a request was not carried out") == 1


def run(*arguments):
    return subprocess.run([program, "witness", *map(str, arguments)], capture_output=True, text=True, timeout=30)


def test_faults_of_the_command_line_are_told(tmp_path, witness):
    key = witness.folder / "pair.key"
    assert "tcp://10.0.0.3:6560" in run("--help").stdout
    assert run().returncode == 64
    address = "tcp://127.0.0.1:0"
    missing = run("--listen", address, "--key-file", tmp_path / "none", "--state", tmp_path / "s")
    assert missing.returncode == 66 and "CURVE key file" in missing.stderr
    wrong = run("--listen", "nowhere", "--key-file", key, "--state", tmp_path / "s")
    assert wrong.returncode == 78 and "tcp://HOST:PORT" in wrong.stderr
    taken = run("--listen", witness.address, "--key-file", key, "--state", tmp_path / "s")
    assert taken.returncode == 69 and "ss -ltnp" in taken.stderr
    (tmp_path / "broken").write_text("x")
    damaged = run("--listen", address, "--key-file", key, "--state", tmp_path / "broken")
    assert damaged.returncode == 66 and "damaged" in damaged.stderr
    nowhere = run("--listen", address, "--key-file", key, "--state", tmp_path / "broken/state")
    assert nowhere.returncode == 73 and "cannot be written" in nowhere.stderr


def test_the_folder_of_the_state_is_made(tmp_path):
    witness = Witness(tmp_path, state="not/there/state")
    try:
        assert witness.ask(TAKE_FIRST)[:3] == b"\x01\x01\x01"
    finally:
        witness.stop()
    assert (tmp_path / "not/there/state").exists()
