"""The captions page in a real browser with recorded human speech as its microphone."""

import json
import re
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import write_wav
from playwright.sync_api import expect, sync_playwright

spoken_timeout = 30_000
rate = 16_000
phone = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}

# Notes what the page shows in the order of its changes: [partial text, number of finals].
observe_captions = """
    addEventListener("DOMContentLoaded", () => {
        window.seen = [];
        const note = () => seen.push([
            document.getElementById("partial").textContent.trim(), document.querySelectorAll("#finals .final").length]);
        const changes = { childList: true, subtree: true, characterData: true };
        new MutationObserver(note).observe(document.getElementById("captions"), changes);
    });
"""


# MARK: the microphone and the browser


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def go_forward(speech):
    return speech.goforward.read_bytes()


@pytest.fixture(scope="module")
def launch(playwright):
    """Launches a browser that hears `microphone` once and then silence."""

    @contextmanager
    def start(microphone):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[
            "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop"])
        try:
            yield browser
        finally:
            browser.close()

    return start


@pytest.fixture(scope="module")
def browser(launch, go_forward, tmp_path_factory):
    """Hears "go forward ten meters" twice."""
    microphone = write_wav(tmp_path_factory.mktemp("microphone") / "twice.wav", 1.0, go_forward, 1.5, go_forward, 4.0)
    with launch(microphone) as browser:
        yield browser


class Watched:
    """A page whose every complaint, request and received message is noted."""

    def __init__(self, browser, url, init_script="", **options):
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(spoken_timeout)
        self.context.add_init_script(observe_captions + init_script)
        self.page = self.context.new_page()
        self.complaints, self.requests, self.received = [], [], []
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", self._socket)
        self.answer = self.page.goto(url)

    def _socket(self, opened):
        self.requests.append(opened.url)
        opened.on("framereceived", lambda payload: self.received.append(json.loads(payload)))

    def finals(self):
        return self.page.eval_on_selector_all("#finals .final", "all => all.map((one) => one.lastChild.textContent)")

    def expect_state(self, name):
        expect(self.page.locator("#state")).to_have_text(name, timeout=spoken_timeout)

    def expect_finals(self, count):
        expect(self.page.locator("#finals .final")).to_have_count(count, timeout=spoken_timeout)

    def expect_partial(self):
        expect(self.page.locator("#partial")).to_contain_text(re.compile(r"\w+ \w+"), timeout=spoken_timeout)

    def record(self, finals):
        """Starts, waits for so many finals, stops, and waits until the server has ended the session."""
        self.page.get_by_role("button", name="Start").click()
        self.expect_finals(finals)
        self.page.get_by_role("button", name="Stop").click()
        self.expect_state("Ready")

    def download(self, name):
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name=name).click()
        return started.value.suggested_filename, Path(started.value.path()).read_text()


@pytest.fixture
def watch(browser):
    """Opens a watched page and closes it after the test."""
    opened = []

    def open_page(url, **options):
        opened.append(Watched(browser, url, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()


# MARK: captions


def test_human_speech_becomes_captions_that_can_be_taken_along(watch, server, tmp_path):
    watched = watch(server.url, color_scheme="light", permissions=["clipboard-read", "clipboard-write"])
    page = watched.page
    assert "default-src 'self'" in watched.answer.headers["content-security-policy"]
    expect(page.locator("#copy")).to_be_disabled()

    page.get_by_role("button", name="Start").click()
    watched.expect_state("Listening")
    watched.expect_partial()
    meter = page.get_by_role("meter", name="Microphone level")
    expect(meter).to_have_attribute("aria-valuenow", re.compile(r"-[123]?\d"))
    expect(meter).to_have_attribute("aria-valuetext", re.compile("decibels"))
    watched.expect_finals(2)
    tall_columns = page.evaluate("""() => {
        const canvas = document.getElementById("waveform");
        const { data } = canvas.getContext("2d").getImageData(0, Math.round(canvas.height * 3 / 8), canvas.width, 1);
        return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    }""")
    assert tall_columns > 20, "the waveform shows speech"
    page.screenshot(path=tmp_path / "captions.png")
    page.get_by_role("button", name="Stop").click()
    watched.expect_state("Ready")

    finals = watched.finals()
    assert all("forward" in final for final in finals), finals
    seen = page.evaluate("window.seen")
    assert [True for partial, count in seen if partial and count == 0], "a partial came before the first final"
    assert [True for partial, count in seen if partial and count == 1], "and before the second"
    assert page.locator("#partial").is_hidden(), "nothing unfinished is left"

    latency = page.locator("#latency").text_content()
    assert re.fullmatch(r"\d+ ms", latency) and 0 < int(latency.split()[0]) < 5000, latency
    expect(page.locator("#latency-parts")).to_have_text(re.compile(r"pause [\d.]+ · recogniser [\d.]+ · intake [\d.]+"))

    name, text = watched.download("Download as text")
    assert name.endswith(".txt") and text.splitlines() == finals
    name, srt = watched.download("Download as SRT")
    assert name.endswith(".srt") and subtitle_words(srt_cues(srt)) == " ".join(finals).split()
    name, vtt = watched.download("Download as WebVTT")
    assert name.endswith(".vtt") and subtitle_words(vtt_cues(vtt)) == " ".join(finals).split()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text

    assert watched.complaints == []
    assert all(re.match(rf"(http|ws)://127\.0\.0\.1:{server.port}/|blob:", url) for url in watched.requests), watched.requests


def test_a_second_recording_continues_the_timeline(watch, server):
    watched = watch(server.url)
    watched.record(finals=2)
    watched.page.get_by_role("button", name="Start").click()
    watched.expect_finals(4)
    watched.page.get_by_role("button", name="Stop").click()
    watched.expect_state("Ready")
    cues = srt_cues(watched.download("Download as SRT")[1])
    assert sum("forward" in text for _, _, text in cues) == 4
    assert watched.complaints == []


# MARK: what goes wrong


class Proxy:
    """A TCP proxy whose connections can be cut."""

    def __init__(self, port):
        self.target = port
        self.refusing = False
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        for end in list(self._open):
            close(end)

    def close(self):
        self.refusing = True
        close(self._listener)
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                if self.refusing:
                    close(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                if self._listener.fileno() < 0:
                    return
                close(client)
                continue
            self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        close(source)
        close(sink)
        self._open -= {source, sink}


def close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


@pytest.fixture
def proxy(server):
    running = Proxy(server.port)
    yield running
    running.close()


def test_a_page_that_is_cut_off_in_mid_sentence_shows_each_final_exactly_once(watch, proxy):
    watched = watch(proxy.url)
    watched.page.get_by_role("button", name="Start").click()
    watched.expect_partial()
    proxy.cut()
    watched.expect_finals(1)
    watched.expect_partial()
    proxy.refusing = True
    proxy.cut()
    expect(watched.page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    watched.page.wait_for_timeout(2000)
    proxy.refusing = False
    watched.expect_finals(2)
    expect(watched.page.get_by_role("alert")).to_be_hidden()
    watched.page.get_by_role("button", name="Stop").click()
    watched.expect_state("Ready")

    sessions = {message["session_id"] for message in watched.received if message["type"] == "ack"}
    assert len(sessions) == 1, "the session was resumed, not begun again"
    assert sum(message["type"] == "resumed" for message in watched.received) == 2
    numbered = {message["sequence"]: message["text"] for message in watched.received if message["type"] == "final"}
    assert sorted(numbered) == list(range(1, len(numbered) + 1))
    assert watched.finals() == [numbered[sequence] for sequence in sorted(numbered)]
    assert sum("forward ten" in final for final in watched.finals()) == 2, watched.finals()


def test_a_server_that_died_is_followed_by_another_and_no_word_is_lost(watch, start_server):
    with start_server() as first:
        proxy = Proxy(first.port)
        watched = watch(proxy.url)
        watched.page.get_by_role("button", name="Start").click()
        watched.expect_finals(1)
        watched.expect_partial()
        first.kill()
    with start_server() as second:
        proxy.target = second.port
        watched.expect_finals(2)
        watched.page.get_by_role("button", name="Stop").click()
        watched.expect_state("Ready")
    proxy.close()
    assert sum(message["type"] == "ack" for message in watched.received) == 2, "a new session was begun"
    assert all("forward ten" in final for final in watched.finals()), watched.finals()
    first_end, second_start = (cue[index] for cue, index in zip(srt_cues(watched.download("Download as SRT")[1]), (1, 0)))
    assert second_start - first_end > 1000, "the new session's times are placed on the recording's timeline"


def test_a_busy_server_is_tried_again_and_then_captions_what_was_said_meanwhile(watch, server):
    watched = watch(server.url)
    tries = []

    def turn_away_twice(route):
        tries.append(route)
        if len(tries) > 2:
            route.connect_to_server()
            return
        route.send(json.dumps({"type": "error", "code": "overloaded", "message": "All recognisers are busy."}))
        route.close(code=1013)

    watched.page.route_web_socket("**/v1/asr/stream", turn_away_twice)
    watched.page.reload()
    watched.page.get_by_role("button", name="Start").click()
    expect(watched.page.get_by_role("alert")).to_contain_text("The server is busy.")
    watched.expect_finals(2)
    expect(watched.page.get_by_role("alert")).to_be_hidden()
    assert len(tries) == 3
    assert watched.complaints == []


def test_an_error_that_trying_again_cannot_help_ends_the_recording_and_is_shown(watch, server):
    watched = watch(server.url)
    watched.page.route_web_socket("**/v1/asr/stream", lambda route: route.send(json.dumps(
        {"type": "error", "code": "unsupported-audio", "message": "The rate is 7 Hz. Send 8000 to 48000."})))
    watched.page.reload()
    watched.page.get_by_role("button", name="Start").click()
    expect(watched.page.get_by_role("alert")).to_contain_text("The rate is 7 Hz.")
    watched.expect_state("Ready")
    assert watched.complaints == []


def test_an_outage_longer_than_the_kept_audio_is_owned_up_to(watch, server):
    """The server forgets the session while more audio passes than the page keeps: it begins anew with what it has."""
    page = watch(server.url).page
    starts = []

    def serve(route):
        def answer(message):
            if not isinstance(message, str):
                return
            starts.append(json.loads(message))
            if len(starts) == 1:
                route.send(json.dumps({"type": "ack", "session_id": "one", "resume_token": "secret", "audio_id": "a"}))
            elif len(starts) == 2:
                route.send(json.dumps({"type": "error", "code": "session-unknown", "message": "Begin anew."}))
            else:
                route.send(json.dumps({"type": "ack", "session_id": "two", "resume_token": "secret", "audio_id": "b"}))

        route.on_message(answer)

    page.route_web_socket("**/v1/asr/stream", serve)
    page.reload()
    lost = page.evaluate("""async (seconds) => {
        const { CaptionStream } = await import("/captions/caption-stream.js");
        const address = new URL("/v1/asr/stream", location.href.replace("http", "ws"));
        return new Promise((resolve) => {
            let lives = 0;
            const stream = new CaptionStream({ url: address, sampleRate: 8000, language: "en", on: {
                lost: resolve,
                state: (name) => {
                    if (name !== "live") return;
                    lives += 1;
                    if (lives > 1) return;
                    dispatchEvent(new Event("offline"));
                    for (let second = 0; second < seconds; second += 1) stream.push(new Int16Array(8000));
                },
            } });
        });
    }""", 150)
    assert lost == 30
    assert [start.get("session_id") for start in starts] == [None, "one", None]


@pytest.mark.parametrize("name, advice", [
    ("NotAllowedError", "Allow it for this page"),
    ("NotFoundError", "Connect one"),
    ("NotReadableError", "Another program may be using it"),
])
def test_a_microphone_that_cannot_be_had_is_explained(watch, server, name, advice):
    watched = watch(server.url, init_script=f"""
        navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException("no", "{name}"); }};""")
    watched.page.get_by_role("button", name="Start").click()
    expect(watched.page.get_by_role("alert")).to_contain_text(advice)
    watched.expect_state("Ready")
    watched.page.get_by_role("button", name="Dismiss").click()
    expect(watched.page.get_by_role("alert")).to_be_hidden()
    expect(watched.page.get_by_role("button", name="Start")).to_be_focused()


def test_an_insecure_address_is_explained(watch, server):
    watched = watch(server.url, init_script="Object.defineProperty(window, 'isSecureContext', { value: false });")
    watched.page.get_by_role("button", name="Start").click()
    expect(watched.page.get_by_role("alert")).to_contain_text("https")


def test_long_captions_become_readable_subtitles(watch, server):
    page = watch(server.url).page
    words = [{"word": word, "start_ms": 400 * index, "end_ms": 400 * index + 350} for index, word in enumerate(
        ("<b>fish</b> & chips " * 12).split())]
    made = page.evaluate("""async (words) => {
        const { srt, vtt } = await import("/captions/formats.js");
        const caption = { start_ms: 0, end_ms: 15_000, text: words.map(({ word }) => word).join(" "), words };
        return [srt([caption]), vtt([caption])];
    }""", words)
    cues = srt_cues(made[0])
    assert subtitle_words(cues) == [word["word"] for word in words]
    assert all(end - start <= 7000 and len(text) <= 84 for start, end, text in cues)
    assert "<b>" not in made[1] and "&lt;b&gt;fish&lt;/b&gt; &amp; chips" in made[1]
    assert len(vtt_cues(made[1])) == len(cues)


# MARK: everybody


def test_the_keyboard_alone_is_enough(watch, server):
    watched = watch(server.url, permissions=["clipboard-read", "clipboard-write"])
    page = watched.page
    page.keyboard.press("Space")
    watched.expect_finals(2)
    page.keyboard.press("Space")
    watched.expect_state("Ready")
    page.keyboard.press("Control+c")
    expect(page.locator("#copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == watched.finals()

    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        focused, outline = page.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            return [document.activeElement.id || document.activeElement.dataset.download,
                    style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)];
        }""")
        if focused:
            reached.add(focused)
            assert outline >= 2, f"the focus on {focused} is visible"
    assert reached >= {"theme", "captions", "toggle", "copy", "txt", "srt", "vtt"}
    assert watched.complaints == []


def test_a_screen_reader_hears_finals_but_not_partials(watch, server):
    page = watch(server.url).page
    log = page.get_by_role("log", name="Final captions")
    expect(log).to_have_attribute("aria-live", "polite")
    assert page.locator("[role=log] #partial").count() == 0
    expect(page.locator("#partial")).to_have_attribute("aria-live", "off")
    assert page.locator("[aria-live=polite], [aria-live=assertive], [role=status], output").count() == 1
    unnamed = page.eval_on_selector_all("button, canvas, [role]", """all => all.filter((one) =>
        !one.getAttribute("aria-label") && !one.textContent.trim() && one.id !== "notice").map((one) => one.outerHTML)""")
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_follow_the_system_are_legible_and_can_be_switched_for_good(watch, server, scheme):
    watched = watch(server.url, color_scheme=scheme)
    page = watched.page
    other = {"light": "dark", "dark": "light"}[scheme]
    assert theme(page) == scheme
    assert lowest_contrast(page) >= 4.5
    page.locator("#theme").click()
    assert theme(page) == other
    assert lowest_contrast(page) >= 4.5
    page.reload()
    assert theme(page) == other
    expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", str(other == "dark").lower())
    assert watched.complaints == []


def test_a_phone_shows_captions_without_scrolling_sideways(watch, server, tmp_path):
    watched = watch(server.url, color_scheme="dark", **phone)
    watched.record(finals=2)
    watched.page.screenshot(path=tmp_path / "phone.png")
    for width in (390, 320):
        watched.page.set_viewport_size({"width": width, "height": 844})
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        for button in watched.page.get_by_role("button").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, "each button is whole"
            assert box["height"] >= 44, "and finger-sized"
    assert watched.complaints == []


def test_who_asked_for_less_motion_gets_none(watch, server):
    watched = watch(server.url, reduced_motion="reduce")
    watched.page.get_by_role("button", name="Start").click()
    watched.expect_state("Listening")
    assert watched.page.eval_on_selector(".dot", "one => getComputedStyle(one).animationName") == "none"


# MARK: reading what the page made


def milliseconds(text):
    hours, minutes, seconds, fraction = map(int, re.split(r"[:.,]", text))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction


def srt_cues(text):
    """Reads SubRip strictly: numbered from 1, times rising, a blank line between cues."""
    cues = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n"), start=1):
        index, times, *lines = block.split("\n")
        assert index == str(number)
        cues.append(cue(times, ",", lines))
    return in_order(cues)


def vtt_cues(text):
    """Reads WebVTT strictly."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    return in_order([cue(times, r"\.", lines) for times, *lines in (block.split("\n") for block in blocks)])


def cue(times, point, lines):
    stamp = rf"(\d\d:[0-5]\d:[0-5]\d{point}\d{{3}})"
    start, end = re.fullmatch(f"{stamp} --> {stamp}", times).groups()
    assert 1 <= len(lines) <= 2 and all(lines)
    return milliseconds(start), milliseconds(end), " ".join(lines)


def in_order(cues):
    assert cues
    assert all(start < end for start, end, _ in cues)
    assert all(before[1] <= after[0] for before, after in zip(cues, cues[1:]))
    return cues


def subtitle_words(cues):
    return " ".join(text for _, _, text in cues).split()


def theme(page):
    ground = page.eval_on_selector("#captions", "one => getComputedStyle(one).backgroundColor")
    return "dark" if sum(map(int, re.findall(r"\d+", ground))) < 384 else "light"


def lowest_contrast(page):
    """The lowest contrast ratio (WCAG 2.2) of any text on the ground that it stands on."""
    return page.evaluate("""() => {
        const luminance = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
        document.getElementById("partial").hidden = false;
        const pairs = [["#state", "body"], ["h1", "body"], ["#latency-parts", "body"], ["#toggle", "#toggle"], ["#copy", "#copy"],
                       ["#partial .stable", "#captions"], ["#partial .tail", "#captions"], ["#empty", "#captions"]];
        return Math.min(...pairs.map(([text, ground]) => {
            const [a, b] = [luminance(getComputedStyle(document.querySelector(text)).color),
                            luminance(getComputedStyle(document.querySelector(ground)).backgroundColor)];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }));
    }""")
