"""The outputs of the live pipeline, ZeroMQ and `/stream` first, as consumers written from the contract alone see them."""

import asyncio
import base64
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest
import websockets
import zmq
from conftest import free_ports, output_flags
from feed_models import Event, Partial, Status, Transcript, check_model, models
from referencing import Registry, Resource
from test_program import program
from test_stream import START, collect, finals
from test_stream_life import decoders
from websockets.sync.client import connect
from zmq_helpers import subscribed

text = "go forward ten meters"
stages = ["capture", "wakeword", "preprocess", "stt", "language", "publish"]
round_trip = ["idle", "listening", "processing", "emit", "idle"]
pause = bytes(48_000)  # 1.5 s: an utterance ends in it
heartbeat_seconds = 30
output_settings = ["output.zmq_pub_port_events", "output.zmq_pub_port_transcripts", "output.websocket_port"]


# MARK: what is asked by HTTP


def fetch(url, token=None, **fields):
    """The body; JSON is read."""
    fields |= {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=10) as answer:
        body = answer.read()
        return json.loads(body) if "json" in answer.headers["Content-Type"] else body.decode()


def problem(url, token=None, **fields):
    """The status and the problem document of a request that fails."""
    with pytest.raises(urllib.error.HTTPError) as error:
        fetch(url, token, **fields)
    assert error.value.headers["Content-Type"].startswith("application/problem+json")
    return error.value.code, json.load(error.value)


def http_urls(server):
    """Of both ports that serve the feed."""
    return [f"http://127.0.0.1:{port}" for port in (server.feed_port, server.port)]


def stream_urls(server):
    return [f"ws://127.0.0.1:{port}/stream" for port in (server.feed_port, server.port)]


def metrics(server):
    """[(name, labels, value)]"""
    lines = [line for line in fetch(f"{server.url}/metrics").splitlines() if line and not line.startswith("#")]
    parts = [re.fullmatch(r"([\w:]+)(?:\{(.*)\})? (\S+)(?: \d+)?", line).groups() for line in lines]
    return [(name, dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")), float(value)) for name, labels, value in parts]


def sample(samples, name, **labels):
    """The sum of a family's members with these labels; `from_` stands for `from`. None without a member."""
    wanted = {key.rstrip("_"): value for key, value in labels.items()}.items()
    values = [value for found, has, value in samples if found == name and wanted <= has.items()]
    return sum(values) if values else None


def rise(before, after, name, **labels):
    return (sample(after, name, **labels) or 0) - (sample(before, name, **labels) or 0)


def counts(stats, word):
    """{path: number} of all numbers and lengths of lists under keys with `word` in them."""
    found = {}

    def walk(path, value):
        if isinstance(value, dict):
            for key, one in value.items():
                walk([*path, key], one)
        elif isinstance(value, list):
            found["/".join(path)] = len(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found["/".join(path)] = value

    walk([], stats)
    return {path: number for path, number in found.items() if word in path}


def rises(before, after, word):
    """How much each count under `word` rose."""
    earlier = counts(before, word)
    return {path: number - earlier.get(path, 0) for path, number in counts(after, word).items()}


class Schemas:
    """The JSON Schemas that a server publishes; they may refer to each other."""

    def __init__(self, base):
        self.schemas = {name: fetch(f"{base}/schemas/{name}.json") for name in models}
        registry = Registry()
        for name, schema in self.schemas.items():
            assert "$schema" in schema, f"{name} does not say by which draft it is to be read"
            resource = Resource.from_contents(schema)
            names = {schema.get("$id"), f"{base}/schemas/{name}.json", f"/schemas/{name}.json", f"{name}.json"} - {None}
            registry = registry.with_resources((uri, resource) for uri in names)
        self.validators = {}
        for name, schema in self.schemas.items():
            kind = jsonschema.validators.validator_for(schema)
            kind.check_schema(schema)
            self.validators[name] = kind(schema, registry=registry)

    def check(self, name, message):
        """Fails unless the message is valid by the schema that is published and by the model made from the contract."""
        self.validators[name].validate(message)
        check_model(name, message)

    def check_stream(self, messages):
        for message in messages:
            self.check("stream", message)
            kind = message["message_type"]
            payload = message[kind]
            self.check("partial" if kind == "transcript" and is_partial(payload) else kind, payload)


# MARK: subscribers


def is_partial(payload):
    """Of all transcripts only finals are numbered."""
    return "sequence_number" not in payload


class Follower:
    """A subscriber of `/stream` that keeps what it is sent."""

    def __init__(self, socket):
        self.socket = socket
        self.messages = []
        self.size = 0

    async def read(self):
        async for message in self.socket:
            self.size += len(message)
            self.messages.append(json.loads(message))

    async def has(self, found, seconds):
        """Whether such a message comes in time."""
        deadline = time.monotonic() + seconds
        while not any(map(found, self.messages)):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def until(self, found, seconds=20):
        is_there = await self.has(found, seconds)
        assert is_there, f"not sent within {seconds} s; so far {[summary(m) for m in self.messages]}"


@asynccontextmanager
async def following(url, token=None):
    """On entry the first message is there, so that nothing that happens from now on is missed."""
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(url, max_queue=None, additional_headers=fields) as socket:
        follower = Follower(socket)
        reader = asyncio.create_task(follower.read())
        try:
            await follower.until(lambda _: True, 10)
            yield follower
        finally:
            reader.cancel()


def summary(message):
    kind = message["message_type"]
    payload = message.get(kind, {})
    return payload.get("event_type") or payload.get("sequence_number") or kind


def transcripts_in(messages, session=None):
    found = [m["transcript"] for m in messages if m["message_type"] == "transcript"]
    return [one for one in found if session in (None, one["session_id"])]


def finals_in(messages, session=None):
    return [one for one in transcripts_in(messages, session) if not is_partial(one)]


def events_in(messages, session):
    return [m["event"] for m in messages if m["message_type"] == "event" and m["event"]["session_id"] == session]


def has_final(session, number=1):
    return lambda m: any(one["sequence_number"] == number for one in finals_in([m], session))


def has_stopped(session):
    return lambda m: any(event["event_type"] == "pipeline_stopped" for event in events_in([m], session))


@dataclass
class Feed:
    """Subscribers to everything on both ZeroMQ ports."""

    transcripts: object
    events: object

    def all_events(self, *sessions):
        """[(topic, event)] up to the end of these sessions, without those of others."""
        running, messages = set(sessions), []

        def is_last(_, event):
            if event["event_type"] == "pipeline_stopped":
                running.discard(event["session_id"])
            return not running

        messages = self.events.until(is_last)
        return [(topic, event) for topic, event in messages if event["session_id"] in sessions]

    def waiting_transcripts(self, quiet_seconds=0.5):
        """[(topic, transcript)] up to a quiet moment."""
        return list(iter(lambda: self.transcripts.receive(quiet_seconds), None))


@contextmanager
def listening(server, token=None, **options):
    """Subscribers that have been seen to get messages, so that nothing that happens from now on is missed."""
    with (
        subscribed(server.transcripts_port, **options) as transcripts,
        subscribed(server.events_port, **options) as events,
    ):
        for _ in range(20):
            session = asyncio.run(speak(server, b"", token))[0]["session_id"]
            while (message := events.receive(1)) is not None:
                if message[1]["event_type"] == "pipeline_stopped" and message[1]["session_id"] == session:
                    yield Feed(transcripts, events)
                    return
        pytest.fail("no events of sessions are published")


# MARK: speakers


class Speaker:
    """A session of `WS /v1/asr/stream`."""

    def __init__(self, socket, ack):
        self.socket = socket
        self.session = ack["session_id"]
        self.messages = [ack]
        self.reader = asyncio.create_task(collect(socket, lambda m: self.messages.append(m) or m["type"] == "ended"))

    async def say(self, audio):
        """Four times as fast as speech, so that there are partial results, too."""
        for at in range(0, len(audio), 6400):
            await self.socket.send(audio[at : at + 6400])
            await asyncio.sleep(0.05)

    async def until(self, type, count=1, seconds=20):
        deadline = time.monotonic() + seconds
        while len([m for m in self.messages if m["type"] == type]) < count:
            assert time.monotonic() < deadline, f"no {type} within {seconds} s"
            await asyncio.sleep(0.02)

    async def end(self):
        await self.socket.send('{"type":"end"}')
        await asyncio.wait_for(self.reader, 30)
        return self.messages


@asynccontextmanager
async def speaker(server, token=None):
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(server.stream_url, additional_headers=fields) as socket:
        await socket.send(json.dumps(START))
        yield Speaker(socket, json.loads(await socket.recv()))


async def speak(server, audio, token=None):
    """Says `audio` on a session of its own; all of its messages."""
    async with speaker(server, token) as one:
        await one.say(audio)
        return await one.end()


# MARK: servers and what was said to them


@pytest.fixture(scope="module")
def served(start_server):
    """A server on which nobody else speaks, so that what it counts is known."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="module")
def schemas(served):
    return Schemas(http_urls(served)[0])


@pytest.fixture(scope="module")
def heartbeats(served):
    """When a subscriber was there, and the heartbeats that it has got since then, as (time, message)."""
    beats, began = [], time.monotonic()

    def listen(client):
        try:
            for message in client:
                if (message := json.loads(message))["message_type"] == "heartbeat":
                    beats.append((time.monotonic(), message))
        except websockets.ConnectionClosed:
            pass  # the last heartbeat was long ago then

    with connect(served.feed_url) as client:
        thread = threading.Thread(target=listen, args=[client])
        thread.start()
        yield began, beats
        client.close()
        thread.join()


@dataclass
class Spoken:
    """One session with one sentence, and all that was heard of it."""

    session: str = ""
    began: float = 0
    ended: float = 0
    client: list = field(default_factory=list)  # what the speaker was sent
    transcripts: list = field(default_factory=list)  # (topic, message)
    events: list = field(default_factory=list)  # (topic, message)
    streams: dict = field(default_factory=dict)  # {query: messages}
    before: dict = field(default_factory=dict)  # {path: what was served}
    during: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)


def look(server):
    return {path: fetch(server.url + path) for path in ("/status", "/stats")} | {"/metrics": metrics(server)}


@pytest.fixture(scope="module")
def spoken(served, speech, heartbeats):
    record = Spoken()

    async def run():
        async with AsyncExitStack() as stack:
            urls = {url: url for url in stream_urls(served)}
            urls |= {query: served.feed_url + query for query in ("?partials=1", "?language=en", "?language=de")}
            followers = {name: await stack.enter_async_context(following(url)) for name, url in urls.items()}
            record.before, record.began = look(served), time.time()
            async with speaker(served) as one:
                record.session = one.session
                await one.say(speech.goforward.read_bytes() + pause)
                await one.until("final")
                await followers["?partials=1"].has(has_final(one.session), 5)
                record.during = look(served)
                record.client = await one.end()
            for url in stream_urls(served):
                await followers[url].has(has_stopped(one.session), 5)
            for query in ("?partials=1", "?language=en"):
                await followers[query].has(has_final(one.session), 5)
            await asyncio.sleep(0.5)  # a second final would come now, and one of a language that was not asked for
            record.ended, record.after = time.time(), look(served)
            record.streams = {name: follower.messages for name, follower in followers.items()}

    with listening(served) as feed:
        asyncio.run(run())
        record.events = feed.all_events(record.session)
        record.transcripts = feed.waiting_transcripts()
    return record


# MARK: one sentence


def test_a_sentence_is_one_transcript(spoken, schemas):
    (told,) = finals(spoken.client)
    ((topic, transcript),) = spoken.transcripts
    schemas.check("transcript", transcript)
    assert topic == "transcript.en" and transcript["language"] == "en"
    assert transcript["transcript"] == told["text"] == text
    assert transcript["session_id"] == spoken.session
    assert transcript["sequence_number"] == told["sequence"] == 1
    assert transcript["confidence"] == pytest.approx(told["confidence"], abs=0.001)
    assert transcript["sentiment"] == "neutral"
    assert (transcript["sample_rate"], transcript["channels"]) == (START["sample_rate"], START["channels"])
    assert transcript["term"] >= 1
    assert spoken.began - 0.1 <= transcript["timestamp"] <= spoken.ended + 0.1


def test_its_times_are_those_that_the_speaker_is_told(spoken, speech):
    (told,) = finals(spoken.client)
    ((_, transcript),) = spoken.transcripts
    assert transcript["audio_start_time"] * 1000 == pytest.approx(told["start_ms"], abs=1)
    assert transcript["audio_end_time"] * 1000 == pytest.approx(told["end_ms"], abs=1)
    assert transcript["audio_end_time"] <= speech.goforward.stat().st_size / 32_000 + 1.5
    assert [word["word"] for word in transcript["words"]] == text.split()
    for word, same in zip(transcript["words"], told["words"], strict=True):
        for key in ("start_ms", "end_ms"):
            assert word[key] == pytest.approx(same[key], abs=1)
        assert transcript["audio_start_time"] * 1000 - 1 <= word["start_ms"] <= word["end_ms"]


def test_its_stages_add_up(spoken):
    ((_, transcript),) = spoken.transcripts
    took = transcript["stage_latencies"]
    assert sorted(took) == sorted(stages)
    assert sum(took.values()) == pytest.approx(transcript["processing_time_ms"], abs=1)
    assert took["stt"] > 0, "recognition takes time"
    assert 0 < transcript["processing_time_ms"] < (spoken.ended - spoken.began) * 1000


def test_its_events_are_valid_and_in_their_order(spoken, schemas):
    for topic, event in spoken.events:
        schemas.check("event", event)
        assert topic == f"event.{event['event_type']}"
        assert spoken.began - 0.1 <= event["timestamp"] <= spoken.ended + 0.1
    assert [event["event_type"] for _, event in spoken.events if event["event_type"] != "state_changed"] == [
        "pipeline_started", "speech_started", "speech_stopped", "processing_started", "processing_completed",
        "transcript_ready", "pipeline_stopped",
    ]
    assert spoken.events[0][1]["event_type"] == "pipeline_started"
    assert spoken.events[-1][1]["event_type"] == "pipeline_stopped"
    times = [event["timestamp"] for _, event in spoken.events]
    assert times == sorted(times)


def state_changes(events):
    changes = [event["metadata"] for _, event in events if event["event_type"] == "state_changed"]
    return [(change["from"], change["to"]) for change in changes]


def test_its_states_form_a_round_trip_and_each_is_counted(spoken):
    expected = list(itertools.pairwise(round_trip))
    assert state_changes(spoken.events) == expected
    before, after = spoken.before["/metrics"], spoken.after["/metrics"]
    for state, next_state in expected:
        assert rise(before, after, "rtap_state_transitions_total", from_=state, to=next_state) == 1, (state, next_state)
    assert rise(before, after, "rtap_state_transitions_total") == len(expected), "something else was counted, too"


def test_it_is_measured(spoken):
    before, after = spoken.before["/metrics"], spoken.after["/metrics"]
    name = "rtap_pipeline_latency_seconds"
    assert rise(before, after, f"{name}_count", stage="total") == 1
    assert sample(after, f"{name}_bucket", stage="total", le="+Inf") == sample(after, f"{name}_count", stage="total")
    for stage in stages:
        assert (sample(after, f"{name}_count", stage=stage) or 0) >= 1, stage
    assert {labels["stage"] for found, labels, _ in after if found == f"{name}_count"} == {*stages, "total"}
    assert 0 < rise(before, after, f"{name}_sum", stage="total") < spoken.ended - spoken.began
    assert rise(before, after, "rtap_frames_processed_total") > 0
    assert not rise(before, after, "rtap_errors_total")
    fill = [value for found, labels, value in after if found == "rtap_buffer_utilization_ratio" and labels["buffer"]]
    assert fill and all(0 <= value <= 1 for value in fill)
    assert sample(after, "container_health_status") == 1
    assert sample(after, "rtap_memory_usage_bytes") > 1e6 and sample(after, "rtap_cpu_usage_percent") >= 0


# MARK: /stream


def test_everything_on_the_stream_is_valid(spoken, schemas):
    for messages in spoken.streams.values():
        assert messages[0]["message_type"] == "status", "who connects is told the status first"
        schemas.check_stream(messages)
        assert all(spoken.began - 10 <= m["timestamp"] <= spoken.ended + 0.1 for m in messages)


def test_each_subscriber_has_an_id_of_its_own(spoken):
    ids = [{m["client_id"] for m in messages} for messages in spoken.streams.values()]
    assert all(len(one) == 1 for one in ids)
    assert len(set.union(*ids)) == len(ids)


def test_the_stream_carries_the_same_as_zeromq(spoken, served):
    for url in stream_urls(served):
        messages = spoken.streams[url]
        assert transcripts_in(messages) == [transcript for _, transcript in spoken.transcripts], "finals only, unless asked"
        assert events_in(messages, spoken.session) == [event for _, event in spoken.events]


def test_partials_are_sent_to_those_who_ask(spoken):
    messages = spoken.streams["?partials=1"]
    partials = [one for one in transcripts_in(messages) if is_partial(one)]
    assert partials and all(one["session_id"] == spoken.session for one in partials)
    assert any(one["transcript"].startswith("go") for one in partials)
    assert finals_in(messages) == [transcript for _, transcript in spoken.transcripts]
    order = [is_partial(one) for one in transcripts_in(messages)]
    assert order == sorted(order, reverse=True), "a partial came after its final"
    assert any(m["type"] == "partial" for m in spoken.client)
    assert [topic for topic, _ in spoken.transcripts] == ["transcript.en"], "on ZeroMQ they are off"


def test_a_language_can_be_asked_for(spoken):
    assert finals_in(spoken.streams["?language=en"]) == [transcript for _, transcript in spoken.transcripts]
    assert transcripts_in(spoken.streams["?language=de"]) == []


# MARK: several sessions


@dataclass
class Pair:
    """Two sessions at once with three sentences each."""

    sessions: list = field(default_factory=list)
    transcripts: list = field(default_factory=list)
    events: list = field(default_factory=list)
    everything: list = field(default_factory=list)  # messages of a subscriber to all
    first_only: list = field(default_factory=list)  # of one to the first session
    latecomers: list = field(default_factory=list)  # of those who came while the first was spoken and asked for all of it


@pytest.fixture(scope="module")
def pair(served, speech):
    record = Pair()

    async def come_late(session, latecomers, stack):
        while True:
            url = f"{served.feed_url}?session={session}&from_sequence=1"
            latecomers.append(await stack.enter_async_context(following(url)))
            await asyncio.sleep(0.25)

    async def run():
        async with AsyncExitStack() as stack:
            everything = await stack.enter_async_context(following(served.feed_url))
            speakers = [await stack.enter_async_context(speaker(served)) for _ in range(2)]
            record.sessions = [one.session for one in speakers]
            first = record.sessions[0]
            first_only = await stack.enter_async_context(following(f"{served.feed_url}?session={first}"))
            latecomers = []
            coming = asyncio.create_task(come_late(first, latecomers, stack))
            audio = (speech.goforward.read_bytes() + pause) * 3
            await asyncio.gather(*(one.say(audio) for one in speakers))
            await asyncio.gather(*(one.end() for one in speakers))
            assert not coming.done(), coming.exception()
            coming.cancel()
            for session in record.sessions:
                await everything.has(has_stopped(session), 5)
            # What they have got by then is for the tests to judge.
            await asyncio.gather(*(follower.has(has_final(first, 3), 5) for follower in [first_only, *latecomers]))
            await asyncio.sleep(0.3)  # for what comes twice
            record.everything, record.first_only = everything.messages, first_only.messages
            record.latecomers = [follower.messages for follower in latecomers]

    with listening(served) as feed:
        asyncio.run(run())
        record.events = feed.all_events(*record.sessions)
        record.transcripts = [transcript for _, transcript in feed.waiting_transcripts()]
    return record


def of_session(transcripts, session):
    return [one for one in transcripts if one["session_id"] == session]


def numbers(transcripts):
    return [one["sequence_number"] for one in transcripts]


def test_each_session_counts_for_itself(pair, schemas):
    assert len(pair.transcripts) == 6
    for session in pair.sessions:
        found = of_session(pair.transcripts, session)
        assert numbers(found) == [1, 2, 3]
        assert [one["transcript"] for one in found] == [text] * 3
        for earlier, later in itertools.pairwise(found):
            assert earlier["audio_end_time"] <= later["audio_start_time"]
    for transcript in pair.transcripts:
        schemas.check("transcript", transcript)


def test_each_session_has_states_of_its_own(pair):
    for session in pair.sessions:
        events = [(topic, event) for topic, event in pair.events if event["session_id"] == session]
        assert state_changes(events) == list(itertools.pairwise(round_trip)) * 3
        assert [event["event_type"] for _, event in events].count("transcript_ready") == 3


def test_zeromq_and_the_stream_carry_the_same_of_both(pair):
    for session in pair.sessions:
        assert finals_in(pair.everything, session) == of_session(pair.transcripts, session)
        assert events_in(pair.everything, session) == [event for _, event in pair.events if event["session_id"] == session]


def test_a_session_can_be_asked_for(pair):
    first, second = pair.sessions
    assert numbers(transcripts_in(pair.first_only)) == [1, 2, 3]
    assert {one["session_id"] for one in transcripts_in(pair.first_only)} == {first}
    assert events_in(pair.first_only, first) and not events_in(pair.first_only, second)


def test_who_comes_late_gets_what_was_missed_and_then_the_rest_once(pair):
    assert len(pair.latecomers) >= 5
    wanted = of_session(pair.transcripts, pair.sessions[0])
    for messages in pair.latecomers:
        assert transcripts_in(messages) == wanted


@pytest.mark.parametrize("number", [1, 2, 3])
def test_who_comes_after_the_end_gets_what_was_missed(pair, served, schemas, number):
    async def run(url):
        async with following(f"{url}?session={pair.sessions[1]}&from_sequence={number}") as follower:
            await follower.until(has_final(pair.sessions[1], 3))
            await asyncio.sleep(0.2)
            return follower.messages

    for url in stream_urls(served):
        messages = asyncio.run(run(url))
        assert messages[0]["message_type"] == "status"
        schemas.check_stream(messages)
        assert transcripts_in(messages) == of_session(pair.transcripts, pair.sessions[1])[number - 1 :]


# MARK: wrong requests


async def refusal(url):
    """The status and the problem of a refused upgrade, or 101 and the error message that follows it."""
    try:
        async with websockets.connect(url) as socket:
            async with asyncio.timeout(5):
                async for message in socket:
                    message = json.loads(message)
                    if message["message_type"] == "error":
                        check_model("stream", message)
                        return 101, message["error"]
    except websockets.InvalidStatus as refused:
        assert refused.response.headers["Content-Type"].startswith("application/problem+json")
        return refused.response.status_code, json.loads(refused.response.body)
    except TimeoutError:
        pass
    pytest.fail("accepted without a word")


def advice(error):
    """What the text of an error says."""
    said = " ".join(value for key, value in error.items() if key in ("detail", "message") and isinstance(value, str))
    assert len(said) > 20, error
    return said


@pytest.mark.parametrize("parameter, value", [
    ("from_sequence", "abc"), ("from_sequence", "-1"), ("from_sequence", "1.5"), ("from_sequence", "99999999999999999999"),
    ("partials", "perhaps"), ("language", "English"),
])
def test_a_parameter_that_makes_no_sense_is_refused(served, spoken, parameter, value):
    for url in stream_urls(served):
        status, error = asyncio.run(refusal(f"{url}?session={spoken.session}&{parameter}={value}"))
        assert status == 400 and error["code"] == "invalid-parameter"
        assert parameter in advice(error)


@pytest.mark.parametrize("query", ["?session=ses_nobody", "?session=ses_nobody&from_sequence=1"])
def test_an_unknown_session_is_told(served, schemas, query):
    for url in stream_urls(served):
        status, error = asyncio.run(refusal(url + query))
        assert status in (101, 400, 404) and error["code"] == "session-unknown"
        assert "session" in advice(error)
        if status == 101:
            schemas.check("error", error)


def test_the_stream_is_for_websockets_and_not_for_other_sites(served):
    for url in http_urls(served):
        status, error = problem(url + "/stream")
        assert 400 <= status < 500 and "WebSocket" in advice(error)
        assert problem(url + "/stats", Host="evil.example")[0] == 403
    for url in stream_urls(served):
        with pytest.raises(websockets.InvalidStatus) as refused:
            connect(url, origin="https://evil.example")
        assert refused.value.response.status_code == 403


# MARK: slow subscribers


@contextmanager
def never_reading(server):
    """A subscriber that does not read, with so little room in its kernel that the server notices soon."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        client.settimeout(10)
        client.connect(("127.0.0.1", server.feed_port))
        client.sendall(
            f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{server.feed_port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 101"
        yield


def test_a_subscriber_that_never_reads_holds_up_nobody(served, speech):
    enough = 200_000  # bytes: more than what the kernel keeps for such a subscriber

    async def run():
        async with following(served.feed_url) as twin:
            sessions = 0
            while twin.size < enough:
                await asyncio.wait_for(asyncio.gather(*(speak(served, b"") for _ in range(20))), 20)
                sessions += 20
                assert sessions < 2000, f"{twin.size} bytes only for {sessions} sessions"
            session = (await asyncio.wait_for(speak(served, speech.goforward.read_bytes() + pause), 20))[0]["session_id"]
            await twin.until(has_stopped(session), 5)
            stopped = [m for m in twin.messages if m.get("event", {}).get("event_type") == "pipeline_stopped"]
            assert len(stopped) == sessions + 1
            return finals_in(twin.messages, session)

    with listening(served) as feed, never_reading(served):
        shown = asyncio.run(run())
        assert [one["transcript"] for one in shown] == [text]
        assert [transcript for _, transcript in feed.waiting_transcripts()] == shown


@contextmanager
def flooding(*ports):
    """A ZeroMQ subscriber that never reads and asks for ever more topics."""
    stopped = threading.Event()
    topics = itertools.count()

    def flood():
        with zmq.Context() as context, context.socket(zmq.SUB) as client:
            client.linger, client.rcvhwm, client.rcvbuf = 0, 1, 4096
            for port in ports:
                client.connect(f"tcp://127.0.0.1:{port}")
            client.subscribe("")
            while not stopped.is_set():
                client.subscribe(f"transcript.flood.{next(topics)}")

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield topics
    finally:
        stopped.set()
        thread.join(30)


def test_a_flood_of_topics_holds_up_nobody_and_who_was_away_fetches_the_gap(served, speech):
    sentence = speech.goforward.read_bytes() + pause

    async def run():
        said = 0

        async def first_heard(one):
            """What a newcomer hears first. Its subscription stands in line with the flood's, so what is said meanwhile may pass it by."""
            nonlocal said
            with subscribed(served.transcripts_port, "transcript.") as hurried:
                for _ in range(5):
                    await one.say(sentence)
                    said += 1
                    if message := hurried.receive(10):
                        assert message[1]["session_id"] == one.session
                        return message[1]["sequence_number"]
            pytest.fail("a newcomer hears nothing")

        async with speaker(served) as one:
            last = await first_heard(one)
            for _ in range(2):
                await one.say(sentence)
                said += 1
                await one.until("final", said)
            came = await first_heard(one)
            # It sees the gap, and where it is.
            assert came > last + 2
            async with following(served.feed_url + f"?session={one.session}&from_sequence={last + 1}") as fetched:
                await fetched.until(has_final(one.session, said), 10)
            return await one.end(), finals_in(fetched.messages), last, said

    with listening(served) as feed, flooding(served.transcripts_port, served.events_port) as topics:
        messages, fetched, last, said = asyncio.run(run())
        session = messages[0]["session_id"]
        assert numbers(fetched) == list(range(last + 1, said + 1))
        assert {transcript["transcript"] for transcript in fetched} == {text}
        heard = [transcript for _, transcript in feed.waiting_transcripts()]
        assert numbers(heard) == list(range(1, said + 1)) and heard[last:] == fetched
        assert [event["event_type"] for _, event in feed.all_events(session)].count("transcript_ready") == said
        assert next(topics) > 1000


# MARK: what the feed's port serves besides


@pytest.mark.parametrize("path, holds", [("/docs", "<html"), ("/redoc", "<html"), ("/openapi.json", "openapi")])
def test_the_reference_is_on_both_ports(served, path, holds):
    for url in http_urls(served):
        assert holds in fetch(url + path)


def test_the_schemas_are_the_same_on_both_ports(served, schemas):
    feed, main = http_urls(served)
    assert Schemas(main).schemas == schemas.schemas
    for url in (feed, main):
        status, error = problem(f"{url}/schemas/nothing.json")
        assert status == 404 and error["code"] == "not-found"


described = {
    "transcript": "Transcript", "partial": "PartialTranscript", "event": "Event", "status": "PipelineStatus", "error": "Fault",
    "heartbeat": "Heartbeat",
}


def meaning(schema, document):
    """A schema without its words, and what it refers to in the place of the reference."""
    if isinstance(schema, list):
        return [meaning(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return meaning(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    said = {"description", "title", "$schema", "$id"}
    whole = {key: meaning(value, document) for key, value in schema.items() if key not in said and key != "properties"}
    if "properties" in schema:
        # What must not be there is not mentioned in a reference.
        whole["properties"] = {name: meaning(one, document) for name, one in schema["properties"].items() if one is not False}
    if "required" in whole:
        whole["required"] = sorted(whole["required"])
    return whole


@pytest.mark.parametrize("name", described)
def test_the_reference_describes_messages_as_the_schemas_do(served, name):
    base = http_urls(served)[0]
    document = fetch(f"{base}/openapi.json")
    assert meaning(document["components"]["schemas"][described[name]], document) == meaning(
        fetch(f"{base}/schemas/{name}.json"), document)


def faulty(message, required):
    """The message with each required field missing, and with each of another type."""
    for key in required:
        yield {other: value for other, value in message.items() if other != key}
        yield message | {key: 7 if isinstance(message[key], str) else "seven"}


def required_fields(model):
    return [name for name, one in model.model_fields.items() if one.is_required()]


def test_the_schemas_refuse_what_the_contract_does_not_allow(spoken, schemas, served):
    ((_, transcript),) = spoken.transcripts
    event = spoken.events[0][1]
    stream = spoken.streams[served.feed_url]
    partial = next(one for one in transcripts_in(spoken.streams["?partials=1"]) if is_partial(one))
    of_transcript = next(m for m in stream if m["message_type"] == "transcript")
    wrong = {
        "transcript": [
            *faulty(transcript, required_fields(Transcript)),
            *(transcript | one for one in (
                {"sequence_number": 0}, {"sequence_number": 1.5}, {"processing_time_ms": 1.5}, {"confidence": 1.5},
                {"sentiment": "cheerful"}, {"words": [{"word": "go"}]}, {"stage_latencies": {"stt": 1}}, {"term": 0})),
        ],
        "partial": list(faulty(partial, required_fields(Partial))),
        "event": [*faulty(event, required_fields(Event)), event | {"event_type": "gossip"}, event | {"metadata": []}],
        "status": [
            *faulty(spoken.after["/status"], required_fields(Status)), spoken.after["/status"] | {"state": "bored"},
            spoken.after["/status"] | {"role": "extra"}, spoken.after["/status"] | {"queue_sizes": {"a": "b"}},
        ],
        "error": [{"code": 7, "message": "seven"}, {}, [], "error"],
        "heartbeat": ["beat", 1, []],
        "stream": [
            *faulty(of_transcript, of_transcript), of_transcript | {"message_type": "gossip"},
            of_transcript | {"message_type": "event"}, of_transcript | {"transcript": transcript | {"transcript": 7}},
        ],
    }
    assert set(wrong) == set(models)
    accepted = [(name, m) for name, messages in wrong.items() for m in messages if schemas.validators[name].is_valid(m)]
    assert accepted == []


def test_the_status_has_what_the_contract_names(spoken, schemas):
    ((_, transcript),) = spoken.transcripts
    before, after = spoken.before["/status"], spoken.after["/status"]
    for status in (before, spoken.during["/status"], after):
        schemas.check("status", status)
        assert status["is_healthy"] is True and status["role"] == "primary" and status["state"] != "error"
    assert after["last_transcript_time"] == pytest.approx(transcript["timestamp"], abs=1)
    assert after["average_latency_ms"] > 0
    assert after["transcripts_completed"] == before["transcripts_completed"] + 1
    assert after["frames_processed"] > before["frames_processed"]
    assert after["total_errors"] == before["total_errors"]
    assert after["uptime_seconds"] - before["uptime_seconds"] == pytest.approx(
        after["status_timestamp"] - before["status_timestamp"], abs=1.1)
    assert spoken.began - 1 <= before["status_timestamp"] < after["status_timestamp"] <= spoken.ended + 1


def test_the_status_before_anything_was_said_is_valid_too(start_server):
    with start_server("--set", "stt.decoders=1", "--set", "output.enabled=false") as silent:
        status = fetch(f"{silent.url}/status")
        check_model("status", status)
        assert status["last_transcript_time"] is None and status["transcripts_completed"] == 0
        # Without the output nothing listens for it.
        for port in (silent.events_port, silent.transcripts_port, silent.feed_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 1)


def test_the_statistics_count_subscribers_and_publishers(spoken, served):
    for url in http_urls(served):
        before = fetch(f"{url}/stats")
        with connect(served.feed_url) as one, connect(served.feed_url) as two, connect(served.feed_url) as three:
            for client in (one, two, three):
                client.recv()
            assert 3 in rises(before, fetch(f"{url}/stats"), "subscriber").values(), before
    risen = rises(spoken.before["/stats"], spoken.during["/stats"], "publisher")
    assert any(number > 0 for number in risen.values()), risen


def listening_addresses(port):
    """In hexadecimal, as the kernel lists them."""
    lines = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]]
    return {fields[1].split(":")[0] for fields in lines if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port}


def test_everything_listens_on_loopback_only(served):
    for port in (served.port, served.events_port, served.transcripts_port, served.feed_port):
        assert listening_addresses(port) == {"0100007F"}


# MARK: partials, the end, and failures


def test_partials_on_zeromq_have_a_topic_of_their_own(start_server, speech, schemas):
    with start_server("--set", "output.partials=true", "--set", "stt.decoders=1") as server, listening(server) as feed:
        with subscribed(server.transcripts_port, "transcript.") as old_consumer:
            said = asyncio.run(speak(server, speech.goforward.read_bytes() + pause))
            messages = feed.waiting_transcripts()
            ((topic, final),) = list(iter(lambda: old_consumer.receive(0.5), None))
        assert topic == "transcript.en" and final["transcript"] == text
        topics = [topic for topic, _ in messages]
        assert topics == ["partial.en"] * (len(topics) - 1) + ["transcript.en"], topics
        assert len(topics) > 1 and any(m["type"] == "partial" for m in said)
        assert messages[-1][1] == final
        schemas.check("transcript", final)
        for _, partial in messages[:-1]:
            assert is_partial(partial)
            schemas.check("partial", partial)
            assert partial["session_id"] == final["session_id"] and text.startswith(partial["transcript"].split()[0])


def test_what_was_said_last_is_published_by_a_server_that_stops(start_server, speech):
    async def run(server):
        async with speaker(server) as one:
            await one.say(speech.goforward.read_bytes())  # no silence after it: the utterance is open
            await one.until("partial")
            server.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(one.reader, 10)
            return one.session

    with start_server("--set", "stt.decoders=1") as server, listening(server) as feed:
        session = asyncio.run(run(server))
        ((topic, transcript),) = feed.waiting_transcripts(2)
        assert (topic, transcript["transcript"], transcript["sequence_number"]) == ("transcript.en", text, 1)
        assert feed.all_events(session)[-1][1]["event_type"] == "pipeline_stopped"
        assert server.process.wait(10) == 0


def test_a_recogniser_that_fails_twice_is_told_and_leaves_no_gap(start_server, speech, schemas):
    async def run(server):
        audio = speech.goforward.read_bytes()
        async with speaker(server) as one:
            await one.socket.send(audio[:48_000])
            await one.until("partial")
            for _ in range(2):
                (victim,) = decoders(server)
                os.kill(victim, signal.SIGKILL)
                # Its successor has heard everything again when it answers.
                while victim in decoders(server) or not decoders(server):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(1)
            await one.until("error")
            await one.say(pause + audio + pause)
            return await one.end()

    with start_server("--set", "stt.decoders=1", "--set", "stt.fallback=none") as server, listening(server) as feed:
        before = metrics(server)
        said = asyncio.run(run(server))
        session = said[0]["session_id"]
        events = feed.all_events(session)
        transcripts = [transcript for _, transcript in feed.waiting_transcripts()]
        assert [one["transcript"] for one in transcripts] == [final["text"] for final in finals(said)]
        assert transcripts[-1]["transcript"] == text
        assert numbers(transcripts) == list(range(1, len(transcripts) + 1))
        for _, event in events:
            schemas.check("event", event)
        errors = [event for _, event in events if event["event_type"] in ("stage_error", "error_occurred")]
        assert errors and all(event["level"] == "error" for event in errors)
        assert "stt" in {event["source"] for event in errors}
        changes = state_changes(events)
        assert any(state == "error" for _, state in changes)
        assert all(earlier[1] == later[0] for earlier, later in itertools.pairwise(changes))
        assert (changes[0][0], changes[-1][1]) == ("idle", "idle")
        assert rise(before, metrics(server), "rtap_errors_total", stage="stt") >= 1
        assert fetch(f"{server.url}/status")["total_errors"] >= 1


# MARK: beyond loopback


@dataclass
class Locked:
    server: object
    token: str
    public_key: bytes


def token_file(folder):
    """A file with a token, and the token."""
    file = folder / "token"
    file.write_text("s3cret-of-the-feed\n")
    return file, "s3cret-of-the-feed"


@pytest.fixture(scope="module")
def locked(start_server, tmp_path_factory):
    """A server that listens beyond loopback, with a token and a CURVE key as it has to."""
    folder = tmp_path_factory.mktemp("keys")
    public, secret = zmq.curve_keypair()
    key = folder / "curve"
    key.write_bytes(secret + b"\n")
    key.chmod(0o600)
    file, token = token_file(folder)
    flags = [f"server.token_file={file}", f"output.zmq_curve_key_file={key}", "stt.decoders=1"]
    with start_server(*itertools.chain(*(("--set", flag) for flag in flags)), host="0.0.0.0") as running:
        yield Locked(running, token, public)


def test_with_a_key_only_those_who_know_it_hear_anything(locked, speech):
    server = locked.server
    strangers = [
        subscribed(port, server_key=key, expect_refusal=True)
        for port in (server.transcripts_port, server.events_port) for key in (None, zmq.curve_keypair()[0])
    ]
    with ExitStack() as stack:
        refused = [stack.enter_context(stranger) for stranger in strangers]
        feed = stack.enter_context(listening(server, locked.token, server_key=locked.public_key))
        session = asyncio.run(speak(server, speech.goforward.read_bytes() + pause, locked.token))[0]["session_id"]
        assert feed.all_events(session)[-1][1]["event_type"] == "pipeline_stopped"
        assert [transcript["transcript"] for _, transcript in feed.waiting_transcripts()] == [text]
        assert [stranger.receive(0.2) for stranger in refused] == [None] * 4


def test_beyond_loopback_the_stream_asks_for_the_token(locked):
    for url in stream_urls(locked.server):
        status, error = asyncio.run(refusal(url))
        assert status == 401 and error["code"] == "unauthorised"

        async def first_message(url=url):
            async with following(url, locked.token) as follower:
                return follower.messages[0]["message_type"]

        assert asyncio.run(first_message()) == "status"


@pytest.mark.parametrize("path", ["/metrics", "/status", "/stats"])
def test_beyond_loopback_operators_pages_are_not_served(locked, path):
    for url in http_urls(locked.server):
        assert problem(url + path)[0] == 401
        assert problem(url + path, locked.token)[0] == 404


def run(*arguments):
    """Runs the program to its end, which must come soon."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def test_beyond_loopback_a_key_is_demanded(tmp_path):
    port, *outputs = free_ports(4)
    file, _ = token_file(tmp_path)
    done = run("serve", "--listen", f"0.0.0.0:{port}", "--set", f"server.token_file={file}", *output_flags(*outputs))
    assert done.returncode == 78, done.stderr
    assert "output.zmq_curve_key_file" in done.stderr and "0.0.0.0" in done.stderr, done.stderr
    assert "mynah starts" not in done.stderr, "it is known before anything starts"


@pytest.mark.parametrize("content", [None, "", "no key at all\n", "x" * 39 + "\n", "x" * 41 + "\n", "~" * 40 + "\n"])
def test_a_file_without_a_key_is_refused_and_not_repeated(tmp_path, content):
    port, *outputs = free_ports(4)
    key = tmp_path / "curve"
    if content is not None:
        key.write_text(content)
        key.chmod(0o600)
    done = run("serve", "--listen", f"127.0.0.1:{port}", "--set", f"output.zmq_curve_key_file={key}", *output_flags(*outputs))
    assert done.returncode in (66, 78), done.stderr
    assert str(key) in done.stderr
    assert not content or not content.strip() or content.strip() not in done.stderr


# MARK: ports


@pytest.mark.parametrize("setting", output_settings)
def test_a_port_that_is_taken_is_told(setting):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        port, *outputs = free_ports(4)
        outputs[output_settings.index(setting)] = taken
        done = run("serve", "--listen", f"127.0.0.1:{port}", "--set", "stt.decoders=1", *output_flags(*outputs))
    assert done.returncode == 69, done.stderr
    message = done.stderr.splitlines()[-1]
    assert f"127.0.0.1:{taken}" in message and "in use" in message and setting in done.stderr, done.stderr
    # Known before models are loaded for nothing.
    assert "models are warm" not in done.stderr


@pytest.mark.parametrize("setting", output_settings)
@pytest.mark.parametrize("value", ["1023", "65536", "many"])
def test_a_port_out_of_its_range_is_told(setting, value):
    done = run("config", "check", "--set", f"{setting}={value}")
    assert done.returncode == 78
    (message,) = [line for line in done.stderr.splitlines() if setting in line]
    assert value in message and "1024" in message and "65535" in message


# MARK: heartbeats


def test_a_subscriber_hears_a_heartbeat_every_30_seconds(heartbeats, schemas):
    """The last test of the file: most of the time has passed in the others."""
    began, beats = heartbeats
    while not beats and time.monotonic() < began + heartbeat_seconds + 2:
        time.sleep(0.1)
    assert beats, "no heartbeat"
    schemas.check_stream([message for _, message in beats])
    times = [at for at, _ in beats]
    assert times[0] - began <= heartbeat_seconds + 1.5
    for earlier, later in itertools.pairwise(times):
        assert later - earlier == pytest.approx(heartbeat_seconds, abs=1.5)
