"""A ZeroMQ subscriber that is not ours, for the conformance tests."""

import json
import time
from contextlib import contextmanager

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

connect_seconds = 10


class Subscriber:
    """A connected SUB socket."""

    def __init__(self, socket):
        self.socket = socket

    def receive(self, seconds=10):
        """The next message as (topic, object), or None after `seconds` without one."""
        if not self.socket.poll(int(seconds * 1000)):
            return None
        parts = self.socket.recv_multipart()
        assert len(parts) == 2, f"a message has two parts, not {len(parts)}"
        return parts[0].decode(), json.loads(parts[1])

    def until(self, found, seconds=30):
        """Messages up to the first that `found(topic, object)` says yes to."""
        messages = []
        deadline = time.monotonic() + seconds
        while (message := self.receive(max(0, deadline - time.monotonic()))) is not None:
            messages.append(message)
            if found(*message):
                return messages
        pytest.fail(f"not published within {seconds} s; topics so far: {[topic for topic, _ in messages]}")


@contextmanager
def subscribed(port, *topics, server_key=None, expect_refusal=False):
    """A subscriber to `topics` (all without any) of a port on loopback. With `server_key` it speaks CURVE with a new pair of its own.

    On entry the connection is up. What is published right then can still be missed: the subscription is on its way.
    With `expect_refusal` entry fails unless the publisher turns the connection down.
    """
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.linger = 0
    socket.rcvhwm = 0  # what is missing was never sent
    if server_key is not None:
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.curve_serverkey = server_key
    for topic in topics or [""]:
        socket.subscribe(topic)
    monitor = socket.get_monitor_socket()
    try:
        socket.connect(f"tcp://127.0.0.1:{port}")
        is_in = wait_for_handshake(monitor)
        assert is_in != expect_refusal, "let in" if is_in else "refused"
        yield Subscriber(socket)
    finally:
        socket.disable_monitor()
        monitor.close(0)
        socket.close(0)
        context.term()


def wait_for_handshake(monitor):
    """Whether the publisher lets the subscriber in. An error in the handshake, or a connection cut in it, is a refusal."""
    deadline = time.monotonic() + connect_seconds
    while monitor.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        match recv_monitor_message(monitor)["event"]:
            case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return True
            case (
                zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
                | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
                | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            ):
                return False
    pytest.fail(f"no handshake within {connect_seconds} s")
