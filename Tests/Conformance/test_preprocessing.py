"""Faint voices and rumble, as a client's microphone may deliver them."""

import array
import asyncio
import json
import math

import pytest
import websockets

sentence = "go forward ten meters"


def recording(speech):
    """The sentence three times with pauses, as floats; its loud parts are at -18 dB."""
    samples = array.array("h", speech.goforward.read_bytes())
    one = [sample / 32768 * 2 for sample in samples] + [0.0] * 16_000
    return [0.0] * 16_000 + one * 3


def faint(samples):
    return [sample * 0.008 for sample in samples]


def in_rumble(samples):
    def rumble(index):
        return sum(math.sin(2 * math.pi * hertz * index / 16_000) for hertz in (23, 31, 38)) / 3

    return [sample * 0.1 + 0.6 * rumble(index) for index, sample in enumerate(samples)]


def finals(server, samples):
    """The texts of a session that hears `samples`."""

    async def run():
        async with websockets.connect(server.stream_url) as socket:
            await socket.send(json.dumps({"type": "start", "sample_rate": 16_000, "channels": 1, "encoding": "pcm_f32le"}))
            audio = array.array("f", samples).tobytes()
            for at in range(0, len(audio), 12_800):
                await socket.send(audio[at : at + 12_800])
                # Faster than speech, and not faster than a busy machine.
                await asyncio.sleep(0.05)
            await socket.send('{"type":"end"}')
            found = []
            async for message in socket:
                message = json.loads(message)
                if message["type"] == "final":
                    found.append(message["text"])
                if message["type"] == "ended":
                    return found

    return asyncio.run(run())


def understood(texts):
    """How many have the sentence; a breath more or less may be heard in what was that disturbed."""
    return sum(sentence in text for text in texts)


@pytest.mark.parametrize("key, disturbed", [("gain", faint), ("high_pass", in_rumble)])
def test_a_voice_is_made_audible_where_it_is_needed(server, start_server, speech, key, disturbed):
    # The first sentence is when the need for it is heard, and a busy machine leaves the recogniser no time to learn the voice.
    heard = understood(finals(server, disturbed(recording(speech))))
    assert heard >= 1
    with start_server("--set", f"preprocess.{key}=off") as without:
        # How much is left of a faint voice without it depends on what else the machine does.
        assert understood(finals(without, disturbed(recording(speech)))) <= (0 if key == "high_pass" else heard)


def test_a_clear_voice_is_left_alone(server, start_server, speech):
    heard = finals(server, recording(speech))
    assert heard == [sentence] * 3
    with start_server("--set", "preprocess.gain=off", "--set", "preprocess.high_pass=off") as without:
        assert finals(without, recording(speech)) == heard
