"""SIGHUP: a running server takes what it can of a new configuration, and none of one with a fault."""

import json
import signal
import time
import urllib.request
from contextlib import contextmanager

import pytest
from test_feed import metrics, sample
from websockets.sync.client import connect
from zmq_helpers import subscribed


@pytest.fixture
def configured(start_server, tmp_path):
    """A server with a configuration file, and a function that changes it and sends SIGHUP."""
    file = tmp_path / "default.yaml"
    file.write_text("session:\n  max_sessions: 5\n")
    with start_server("--config", tmp_path) as server, subscribed(
        server.events_port, "event.config_changed", "event.error_occurred"
    ) as events:
        time.sleep(0.5)  # the subscription is on its way

        def change(text):
            file.write_text(text)
            server.process.send_signal(signal.SIGHUP)
            return events.receive(10)[1]

        yield server, change


@contextmanager
def begun(server):
    """The answer to `start`, as long as its connection is open."""
    with connect(server.stream_url) as client:
        client.send(json.dumps({"type": "start"}))
        yield json.loads(client.recv(timeout=10))


def test_what_can_be_taken_over_is_and_the_rest_is_told(configured):
    server, change = configured
    event = change("session:\n  max_sessions: 1\nlog:\n  level: debug\nserver:\n  max_connections: 7\n")
    assert event["event_type"] == "config_changed"
    assert event["metadata"] == {"applied": "session.max_sessions, log.level", "after_restart": "server.max_connections"}
    with begun(server) as first, begun(server) as second:
        assert first["type"] == "ack" and second["code"] == "overloaded"
    assert sample(metrics(server), "mynah_configuration_reloads_total", result="applied") == 1
    assert "the configuration was read again" in server.log.read_text()


def test_with_a_fault_the_old_configuration_stays_and_the_fault_is_told(configured):
    server, change = configured
    event = change("session:\n  max_sessions: many\n")
    assert event["event_type"] == "error_occurred" and event["level"] == "error"
    time.sleep(0.2)
    log = server.log.read_text()
    assert "max_sessions" in log and "many" in log and "the old one stays" in log
    with begun(server) as answer:
        assert answer["type"] == "ack"
    assert sample(metrics(server), "mynah_configuration_reloads_total", result="refused") == 1
    # And the next one without a fault is taken.
    assert change("session:\n  max_sessions: 9\n")["metadata"]["applied"] == "session.max_sessions"
    with urllib.request.urlopen(server.url + "/readyz", timeout=10) as answer:
        assert answer.status == 200
