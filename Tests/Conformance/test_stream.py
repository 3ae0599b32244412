"""The live stream as a client written from the contract alone sees it."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest
import websockets


def url(server):
    return f"ws://127.0.0.1:{server.port}/v1/asr/stream"


START = {"type": "start", "sample_rate": 16000, "channels": 1, "language": "en"}


def goforward(speech):
    """The utterance twice, with silence around: two finals."""
    one = open(speech.goforward, "rb").read()
    return (one + bytes(48_000)) * 2


async def collect(socket, until):
    messages = []
    async for text in socket:
        messages.append(json.loads(text))
        if until(messages[-1]):
            break
    return messages


def finals(messages):
    return [m for m in messages if m["type"] == "final"]


def test_real_speech_becomes_finals(server, speech):
    async def run():
        async with websockets.connect(url(server)) as socket:
            await socket.send(json.dumps(START))
            audio = goforward(speech)
            for at in range(0, len(audio), 6400):
                await socket.send(audio[at : at + 6400])
                # Faster than speech, but not all at once: partial results are for those who listen meanwhile.
                await asyncio.sleep(0.05)
            await socket.send('{"type":"end"}')
            return await collect(socket, lambda m: m["type"] == "ended")

    messages = asyncio.run(run())
    assert messages[0]["type"] == "ack" and messages[0]["resume_token"]
    assert [f["text"] for f in finals(messages)] == ["go forward ten meters"] * 2
    assert [f["sequence"] for f in finals(messages)] == [1, 2]
    for final in finals(messages):
        assert all(0 <= w["confidence"] <= 1 and w["start_ms"] <= w["end_ms"] for w in final["words"])
    assert messages[-1]["last_sequence"] == 2
    assert any(m["type"] == "partial" for m in messages)


def test_a_client_cut_off_in_mid_sentence_gets_each_final_once(server, speech):
    async def run():
        audio = goforward(speech)
        first = await websockets.connect(url(server))
        await first.send(json.dumps(START))
        ack = json.loads(await first.recv())
        # In the middle of the second sentence the connection breaks without a close frame.
        cut = len(audio) * 5 // 8 // 2 * 2
        for at in range(0, cut, 6400):
            await first.send(audio[at : min(at + 6400, cut)])
        before = await collect(first, lambda m: m["type"] == "final")
        first.transport.abort()
        async with websockets.connect(url(server)) as second:
            await second.send(json.dumps({
                "type": "start", "session_id": ack["session_id"], "resume_token": ack["resume_token"],
                "last_sequence": finals(before)[-1]["sequence"]}))
            resumed = json.loads(await second.recv())
            assert resumed["type"] == "resumed"
            rest = audio[resumed["next_sample"] * 2 :]
            for at in range(0, len(rest), 6400):
                await second.send(rest[at : at + 6400])
            await second.send('{"type":"end"}')
            after = await collect(second, lambda m: m["type"] == "ended")
        return finals(before) + finals(after)

    got = asyncio.run(run())
    assert [f["sequence"] for f in got] == [1, 2]
    assert [f["text"] for f in got] == ["go forward ten meters"] * 2


@pytest.mark.parametrize("messages, code", [
    (["not json"], "malformed-message"),
    (["[" * 5000], "malformed-message"),
    (['{"type":"dance"}'], "malformed-message"),
    (['{"type":"end"}'], "unexpected-message"),
    ([bytes(640)], "unexpected-message"),
    (['{"type":"position","sample":0}'], "unexpected-message"),
    ([json.dumps(START), '{"type":"position","sample":-1}'], "malformed-message"),
    ([json.dumps(START), bytes(640), '{"type":"position","sample":321}'], "resume-gap"),
    ([json.dumps(START), json.dumps(START)], "unexpected-message"),
    ([json.dumps(START | {"sample_rate": 7})], "unsupported-audio"),
    ([json.dumps(START | {"sample_rate": 1_000_000})], "unsupported-audio"),
    ([json.dumps(START | {"channels": 64})], "unsupported-audio"),
    ([json.dumps(START | {"encoding": "mp3"})], "unsupported-audio"),
    ([json.dumps(START | {"language": "tlh"})], "invalid-parameter"),
    ([json.dumps(START | {"encoding": "pcm_f32le"}), b"\x00\x00\xc0\x7f" * 2000], "invalid-audio"),
    (['{"type":"start","session_id":"ses_no","resume_token":"no","last_sequence":0}'], "session-unknown"),
])
def test_bad_input_is_told_and_closes_only_its_own_connection(server, messages, code):
    async def run():
        async with websockets.connect(url(server)) as neighbour:
            await neighbour.send(json.dumps(START))
            assert json.loads(await neighbour.recv())["type"] == "ack"
            async with websockets.connect(url(server)) as socket:
                for message in messages:
                    await socket.send(message)
                got = await asyncio.wait_for(collect(socket, lambda m: m["type"] == "error"), 10)
            await neighbour.send('{"type":"end"}')
            assert json.loads(await neighbour.recv())["type"] == "ended"
            return got[-1]

    error = asyncio.run(run())
    assert error["code"] == code
    assert len(error["message"]) > 20


def test_another_sites_page_is_refused(server):
    async def run():
        async with websockets.connect(url(server), origin="https://evil.example"):
            pass

    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        asyncio.run(run())
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/status", "/metrics", "/docs", "/openapi.json", "/"])
def test_every_path_answers(server, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
        assert answer.status == 200 and answer.read()


def test_an_unknown_path_is_a_problem_with_a_code(server):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/nothing")
    assert error.value.code == 404
    assert json.load(error.value)["code"] == "not-found"


@pytest.mark.parametrize("path", ["/health", "/metrics", "/docs", "/"])
def test_a_path_can_be_asked_for_its_head_only(server, path):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method="HEAD")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200 and not answer.read()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_can_only_be_read_says_so(server, method):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{server.port}/health", method=method))
    assert error.value.code == 405 and error.value.headers["Allow"] == "GET, HEAD"
    assert json.load(error.value)["code"] == "method-not-allowed"
