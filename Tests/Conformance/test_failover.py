"""A primary and its standby as their clients, subscribers and operators see them."""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager

import pytest
import websockets
from conftest import free_ports, repository
from resumable_client import ResumableClient
from zmq_helpers import subscribed

takeover_seconds = 5  # a time to give up after, not the promise: these machines are noisy


def status(server):
    with urllib.request.urlopen(f"{server.url}/status", timeout=2) as answer:
        return json.load(answer)


def until(condition, seconds=20, what="what was waited for"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    pytest.fail(f"{what} did not happen within {seconds} s")


def leads(server, in_sync=None):
    now = status(server)
    return now["role"] == "primary" and in_sync in (None, now["failover"]["in_sync"])


class Pair:
    """Two servers of which one answers. Either can be started again."""

    def __init__(self, start_server, program, folder, witness=None):
        self.start_server = start_server
        self.stack = ExitStack()
        self.links = free_ports(2)
        self.folder = folder
        self.key = folder / "failover.key"
        subprocess.run([program, "keygen", self.key], check=True, capture_output=True)
        self.witness = witness

    def start(self, name, *flags, key=None, port=None):
        mine, other = self.links if name == "primary" else reversed(self.links)
        return self.stack.enter_context(self.start_server(
            "--set", f"failover.role={name}", "--set", f"failover.peer=127.0.0.1:{other}",
            "--set", f"failover.listen=127.0.0.1:{mine}", "--set", f"failover.key_file={key or self.key}",
            "--set", f"failover.lease_directory={self.folder / 'not-made/lease'}",
            *(["--set", f"failover.witness={self.witness}"] if self.witness else []),
            "--set", "stt.decoders=4", *flags, port=port, awaited="/livez"))

    def start_both(self):
        self.primary = self.start("primary")
        self.standby = self.start("standby")
        until(lambda: leads(self.primary, in_sync=True), what="a primary with a standby in sync")
        # It hears so with the next heartbeat.
        until(lambda: status(self.standby)["failover"]["in_sync"], what="a standby that knows it")
        return self

    @property
    def urls(self):
        return [self.primary.stream_url, self.standby.stream_url]


@pytest.fixture(scope="module")
def program():
    return os.environ.get("MYNAH_BIN", repository / ".build/debug/mynah")


@pytest.fixture
def pair(request, start_server, program, tmp_path):
    """Two servers with one lease directory; for tests that are `decided_by` it, also with a witness."""
    with ExitStack() as stack:
        pair = Pair(start_server, program, tmp_path)
        if getattr(request, "param", "lease") == "witness":
            pair.witness = stack.enter_context(witness(program, pair.key, tmp_path))
        stack.enter_context(pair.stack)
        yield pair


@contextmanager
def witness(program, key, folder):
    address = f"127.0.0.1:{free_ports(1)[0]}"
    process = subprocess.Popen(
        [program, "witness", "--listen", address, "--key-file", key, "--state", folder / "witness"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(10)


decided_by = pytest.mark.parametrize("pair", ["lease", "witness"], indirect=True)


def sentences(speech, count):
    """The utterance so many times, with a second and a half of silence after each."""
    return (open(speech.goforward, "rb").read() + bytes(48_000)) * count


def check(client, count):
    assert [final["sequence"] for final in client.finals] == list(range(1, count + 1)), (client.errors, client.resumptions)
    assert [final["text"] for final in client.finals] == ["go forward ten meters"] * count


class Subscribers:
    """ZeroMQ subscribers of both servers' transcripts, who see every number and tell repeats by it."""

    def __init__(self, stack, pair):
        self.sockets = [
            stack.enter_context(subscribed(server.transcripts_port)) for server in (pair.primary, pair.standby)]
        self.seen = {}
        self.stale = 0
        self.term = 0

    def read(self):
        for socket in self.sockets:
            while (message := socket.receive(0.3)) is not None:
                body = message[1]
                if body["term"] < self.term:
                    self.stale += 1
                    continue
                self.term = max(self.term, body["term"])
                key = (body["session_id"], body["sequence_number"])
                first = self.seen.setdefault(key, body)
                assert {k: v for k, v in first.items() if k != "term"} == {k: v for k, v in body.items() if k != "term"}
        return self


def disturb_in_the_middle(client, act):
    """Runs the client, and acts when a few finals are there."""

    async def run():
        async def watch():
            while len(client.finals) < 2:
                await asyncio.sleep(0.02)
            # In the middle of the next sentence.
            await asyncio.sleep(0.3)
            await asyncio.to_thread(act)

        watching = asyncio.create_task(watch())
        await client.run()
        await watching

    asyncio.run(run())


def test_one_answers_and_the_other_mirrors(pair, speech):
    pair.start_both()
    standby = status(pair.standby)
    assert standby["role"] == "standby" and standby["is_healthy"] and standby["failover"]["in_sync"]
    assert standby["failover"]["term"] == status(pair.primary)["failover"]["term"]
    # What the alerts ask for.
    for server, leading in [(pair.primary, 1), (pair.standby, 0)]:
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=2) as answer:
            assert {f"mynah_failover_leads {leading}", "mynah_failover_in_sync 1"} <= set(answer.read().decode().splitlines())
    # It is healthy, and takes no traffic.
    with urllib.request.urlopen(f"{pair.standby.url}/health", timeout=2) as answer:
        assert json.load(answer)["status"] == "healthy"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{pair.standby.url}/readyz", timeout=2)
    assert refused.value.code == 503 and json.load(refused.value)["status"] == "standby"
    check_up = subprocess.run([repository / "healthcheck.sh", "--url", pair.standby.url], capture_output=True, text=True)
    assert check_up.returncode == 0 and "standby" in check_up.stdout

    async def refused_stream():
        async with websockets.connect(pair.standby.stream_url) as socket:
            await socket.send('{"type":"start","sample_rate":16000}')
            error = json.loads(await socket.recv())
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
            return error, closed.value.rcvd.code

    error, code = asyncio.run(refused_stream())
    assert error["code"] == "not-primary" and code == 1013

    with subscribed(pair.standby.transcripts_port) as quiet, subscribed(pair.primary.transcripts_port) as loud:
        client = ResumableClient(pair.urls, sentences(speech, 1))
        asyncio.run(client.run())
        check(client, 1)
        assert loud.receive()[1]["term"] == status(pair.primary)["failover"]["term"]
        assert quiet.receive(0.5) is None


@decided_by
@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_no_final_is_lost_or_renumbered_when_the_primary_ends(pair, speech, end):
    pair.start_both()
    with ExitStack() as stack:
        subscribers = Subscribers(stack, pair)
        client = ResumableClient(pair.urls, sentences(speech, 6))
        disturb_in_the_middle(client, getattr(pair.primary.process, end))
        check(client, 6)
        assert [url for url, *_ in client.resumptions][-1] == pair.standby.stream_url
        numbers = sorted(number for _, number in subscribers.read().seen)
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert subscribers.stale == 0
    after = status(pair.standby)
    assert after["role"] == "primary" and after["failover"]["term"] == 2
    pair.primary.process.wait(10)
    # It comes back as the follower, although it is configured as the primary.
    again = pair.start("primary")
    until(lambda: leads(pair.standby, in_sync=True), what="the old primary in sync")
    assert status(again)["role"] == "standby"


@decided_by
def test_a_primary_that_wakes_from_a_stop_finds_its_term_over(pair, speech):
    pair.start_both()
    with ExitStack() as stack:
        subscribers = Subscribers(stack, pair)

        def stop_and_wake():
            pair.primary.process.send_signal(signal.SIGSTOP)
            try:
                until(lambda: leads(pair.standby), takeover_seconds, "the take-over")
                time.sleep(0.5)
            finally:
                pair.primary.process.send_signal(signal.SIGCONT)

        client = ResumableClient(pair.urls, sentences(speech, 6))
        disturb_in_the_middle(client, stop_and_wake)
        check(client, 6)
        subscribers.read()
    assert sorted(number for _, number in subscribers.seen) == [1, 2, 3, 4, 5, 6]
    until(lambda: leads(pair.standby, in_sync=True), what="the woken one in sync")
    assert status(pair.primary)["role"] == "standby"


def test_a_planned_hand_over_there_and_back(pair, program, speech):
    pair.start_both()

    def hand_over():
        for server in (pair.primary, pair.primary):
            answer = subprocess.run(
                [program, "failover", "--server", server.url, "--json"], capture_output=True, text=True, timeout=20)
            assert answer.returncode == 0, answer.stderr
            until(lambda: leads(pair.primary, True) or leads(pair.standby, True), what="both in sync again")
            terms.append(json.loads(answer.stdout))

    terms = []
    client = ResumableClient(pair.urls, sentences(speech, 8))
    disturb_in_the_middle(client, hand_over)
    check(client, 8)
    assert [answer["term"] for answer in terms] == [2, 3]
    assert [answer["role"] for answer in terms] == ["standby", "primary"]
    assert leads(pair.primary)


def test_a_rolling_update_is_not_noticed(pair, speech):
    pair.start_both()
    servers = {"primary": pair.primary, "standby": pair.standby}

    class Operator(threading.Thread):
        """Restarts a server when the script wants it, as systemd would."""

        def run(self):
            self.restarted = []
            while not (pair.folder / "over").exists():
                for name in servers:
                    wish = pair.folder / f"restart-{name}"
                    if wish.exists():
                        servers[name].process.terminate()
                        servers[name].process.wait(10)
                        servers[name] = pair.start(name, port=servers[name].port)
                        self.restarted.append(name)
                        wish.unlink()
                time.sleep(0.05)

    operator = Operator()
    operator.start()

    def update():
        restart = "touch {0}; while [ -e {0} ]; do sleep 0.05; done"
        answer = subprocess.run(
            [repository / "infra/rolling-update.sh", "--primary", pair.primary.url, "--standby", pair.standby.url,
             "--restart-primary", restart.format(pair.folder / "restart-primary"),
             "--restart-standby", restart.format(pair.folder / "restart-standby")],
            capture_output=True, text=True, timeout=100)
        answers.append(answer)

    answers = []
    client = ResumableClient(pair.urls, sentences(speech, 16))
    try:
        disturb_in_the_middle(client, update)
    finally:
        (pair.folder / "over").touch()
        operator.join()
    assert answers[0].returncode == 0, answers[0].stderr
    assert operator.restarted == ["standby", "primary"]
    check(client, 16)
    assert leads(servers["primary"], in_sync=True)


def test_a_standby_that_is_not_in_sync_does_not_lead(pair, speech):
    pair.start_both()
    pair.standby.kill()
    until(lambda: leads(pair.primary, in_sync=False), what="the primary alone")
    # It goes on alone.
    client = ResumableClient(pair.urls[:1], sentences(speech, 1))
    asyncio.run(client.run())
    check(client, 1)
    pair.primary.kill()
    late = pair.start("standby")
    time.sleep(2)
    assert status(late)["role"] == "standby"
    # And says that it does not stand by for anybody.
    until(lambda: status(late)["failover"]["leader"] == "nobody", what="that nobody leads")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{late.url}/readyz", timeout=2)
    answer = json.load(refused.value)
    assert answer["status"] == "not-ready" and "nobody leads" in answer["reason"]
    with urllib.request.urlopen(f"{late.url}/health", timeout=2) as answer:
        health = json.load(answer)
    assert health["status"] == "degraded" and health["components"] == {"asr": "healthy", "failover": "degraded"}
    check_up = subprocess.run([repository / "healthcheck.sh", "--url", late.url], capture_output=True, text=True)
    assert check_up.returncode == 1 and "nobody leads" in check_up.stdout
    # Unless an operator insists.
    request = urllib.request.Request(f"{late.url}/failover?force=true", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["role"] == "primary"
    assert leads(late)


def test_a_standby_with_another_key_is_kept_out(pair, program, speech):
    wrong = pair.folder / "wrong.key"
    subprocess.run([program, "keygen", wrong], check=True, capture_output=True)
    primary = pair.start("primary")
    until(lambda: leads(primary), what="a primary")
    stranger = pair.start("standby", key=wrong)
    time.sleep(2)
    assert status(stranger)["role"] == "standby" and not status(stranger)["failover"]["in_sync"]
    assert leads(primary, in_sync=False)
    for server in (primary, stranger):
        until(lambda: '"incident":"peer_refused"' in server.log.read_text(), what="a word about the key")
    client = ResumableClient([primary.stream_url], sentences(speech, 1))
    asyncio.run(client.run())
    check(client, 1)


def test_listen_goes_on_at_the_other_server(pair, program, speech):
    pair.start_both()
    listening = subprocess.Popen(
        [program, "listen", "--stdin", "--to", pair.urls[0], "--to", pair.urls[1]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    audio = sentences(speech, 4)
    step = 3200
    for at in range(0, len(audio), step):
        listening.stdin.write(audio[at : at + step])
        listening.stdin.flush()
        time.sleep(0.03)
        if at < len(audio) // 2 <= at + step:
            pair.primary.kill()
    captions, _ = listening.communicate(timeout=60)
    assert captions.decode().count("go forward ten meters") == 4, captions


def test_a_server_by_itself_has_nobody_to_hand_over_to(server, program):
    answer = subprocess.run(
        [program, "failover", "--server", server.url], capture_output=True, text=True, timeout=20)
    assert answer.returncode == 69 and "failover.peer" in answer.stderr
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/failover", timeout=2)
    assert refused.value.code == 405 and refused.value.headers["Allow"] == "POST"
