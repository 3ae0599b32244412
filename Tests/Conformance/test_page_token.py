"""The captions page and the reference on a server that asks for a token: pages come without it, speech and status do not."""

import base64
import json
import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect
from test_captions_page import browser, go_forward, launch, playwright, spoken_timeout, watch  # noqa: F401 (fixtures)
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

# All that a token may hold and that base64url writes otherwise than base64.
secret = "subjects?_d=1>~~/+"


@pytest.fixture(scope="module")
def locked(start_server, tmp_path_factory):
    """A server that asks for `secret`."""
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text(secret + "\n")
    with start_server("--set", f"server.token_file={file}") as server:
        yield server


def protocols(token):
    return ["mynah.v1", "mynah.token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")]


def prompt(page):
    return page.get_by_role("dialog", name="Access token")


def give(page, token):
    prompt(page).get_by_label("Token", exact=True).fill(token)
    prompt(page).get_by_role("button", name="Continue").click()


def trouble(watched):
    """What the browser complained about, but for the refused attempts themselves."""
    return [text for text in watched.complaints if "401" not in text and "HTTP Authentication failed" not in text]


# MARK: the server


@pytest.mark.parametrize("path, holds", [
    ("/", "<title>Mynah"), ("/captions/app.js", "askForToken"), ("/captions/common.css", "--ground"),
    ("/docs", "reference/reference.js"), ("/redoc", "reference/reference.js"), ("/reference/reference.js", "openapi.json"),
    ("/openapi.json", '"openapi"'), ("/livez", "ok"),
])
def test_pages_hold_no_secret_and_need_no_token(locked, path, holds):
    with urllib.request.urlopen(locked.url + path, timeout=10) as answer:
        text = answer.read().decode()
    assert answer.status == 200 and holds in text
    assert secret not in text


@pytest.mark.parametrize("path", [
    "/status", "/metrics", "/v1/asr/stream", "/nothing", "//", "/captions", "/captions/", "/captionsx", "/docs/x",
    "/captions/../status", "/reference/%2e%2e/status", "/openapi.json/",
])
@pytest.mark.parametrize("token", [None, "wrong", secret[:-1], secret + "x"])
def test_everything_else_needs_it(locked, path, token):
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(locked.url + path, headers=fields), timeout=10)
    assert refused.value.code == 401
    assert json.load(refused.value)["code"] == "unauthorised"


def test_a_page_cannot_be_changed_without_the_token(locked):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(locked.url + "/", data=b"x", method="POST"), timeout=10)
    assert refused.value.code == 401


def test_the_token_opens_the_stream_as_a_subprotocol_and_is_not_repeated(locked):
    with connect(locked.stream_url, subprotocols=protocols(secret)) as socket:
        assert socket.subprotocol == "mynah.v1"
        socket.send(json.dumps({"type": "start", "sample_rate": 16000}))
        assert json.loads(socket.recv())["type"] == "ack"
        assert protocols(secret)[1] not in str(socket.response.headers)


@pytest.mark.parametrize("offered", [None, ["mynah.v1"], protocols("wrong"), ["mynah.v1", "mynah.token." + "A" * 24]])
def test_no_other_subprotocol_does(locked, offered):
    with pytest.raises(InvalidStatus) as refused:
        connect(locked.stream_url, subprotocols=offered)
    assert refused.value.response.status_code == 401


# MARK: the page


def test_the_page_asks_for_the_token_and_captions_what_was_said_meanwhile(watch, locked):  # noqa: F811
    watched = watch(locked.url)
    page = watched.page
    page.get_by_role("button", name="Start").click()
    expect(prompt(page)).to_be_visible(timeout=spoken_timeout)
    expect(prompt(page).get_by_role("alert")).to_be_hidden()
    expect(prompt(page).get_by_label("Token", exact=True)).to_be_focused()
    watched.expect_state("Waiting for the token")

    give(page, "wrong")
    expect(prompt(page).get_by_role("alert")).to_have_text("That token was not accepted.", timeout=spoken_timeout)
    page.wait_for_timeout(3000)  # the first utterance is being spoken into the microphone
    give(page, f" {secret}\n")
    expect(prompt(page)).to_have_count(0)
    watched.expect_finals(2)
    assert all("forward" in final for final in watched.finals()), watched.finals()
    page.get_by_role("button", name="Stop").click()
    watched.expect_state("Ready")
    assert trouble(watched) == []


def test_the_token_stays_in_its_tab_and_out_of_addresses(watch, locked):  # noqa: F811
    watched = watch(locked.url)
    page = watched.page
    page.get_by_role("button", name="Start").click()
    give(page, secret)
    watched.expect_state("Listening")
    kept = page.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]")
    assert kept == [[secret], [], ""]
    assert secret not in page.content()
    assert not [url for url in watched.requests if "token=" in url or "subjects" in url]

    page.reload()
    page.get_by_role("button", name="Start").click()
    watched.expect_state("Listening")
    assert prompt(page).count() == 0, "a reload does not ask again"
    other = watched.context.new_page()
    other.goto(locked.url)
    assert other.evaluate("Object.values(sessionStorage)") == [], "another tab does not have it"


def test_a_token_that_is_no_longer_right_is_forgotten(watch, locked):  # noqa: F811
    watched = watch(locked.url)
    page = watched.page
    page.evaluate("sessionStorage.setItem('mynah-token', 'of-last-week')")
    page.reload()
    page.get_by_role("button", name="Start").click()
    expect(prompt(page).get_by_role("alert")).to_be_visible(timeout=spoken_timeout)
    assert page.evaluate("Object.values(sessionStorage)") == []
    page.keyboard.press("Escape")
    watched.expect_state("Ready")


def test_who_has_no_token_is_told_and_may_try_again(watch, locked):  # noqa: F811
    watched = watch(locked.url)
    page = watched.page
    page.get_by_role("button", name="Start").click()
    prompt(page).get_by_role("button", name="Cancel").click()
    watched.expect_state("Ready")
    expect(page.get_by_role("alert")).to_contain_text("wants its access token")
    page.get_by_role("button", name="Start").click()
    give(page, secret)
    watched.expect_state("Listening")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert trouble(watched) == []


@pytest.mark.parametrize("typed", ["two words", "ümlaut", "   "])
def test_what_can_be_no_token_is_told_before_it_is_sent(watch, locked, typed):  # noqa: F811
    page = watch(locked.url).page
    page.get_by_role("button", name="Start").click()
    give(page, typed)
    field = prompt(page).get_by_label("Token", exact=True)
    expect(field).to_be_focused()
    assert "no spaces" in field.evaluate("one => one.validationMessage")
    assert page.evaluate("sessionStorage.length") == 0


def test_the_question_is_for_the_keyboard_too(watch, locked):  # noqa: F811
    watched = watch(locked.url)
    page = watched.page
    page.keyboard.press("Space")
    expect(prompt(page)).to_be_visible(timeout=spoken_timeout)
    page.keyboard.press("Space")  # typed, not a second press of Stop
    expect(page.locator("#state")).to_have_text("Waiting for the token")
    page.keyboard.press("Backspace")
    page.keyboard.type(secret)
    page.keyboard.press("Enter")
    watched.expect_state("Listening")
    assert re.fullmatch("Stop", page.get_by_role("button", name="Stop").inner_text().strip())


def test_a_server_without_a_token_asks_nobody(watch, server):  # noqa: F811
    watched = watch(server.url)
    watched.record(finals=2)
    assert prompt(watched.page).count() == 0
    assert watched.complaints == []
