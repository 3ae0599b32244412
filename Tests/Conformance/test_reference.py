"""The API reference in a real browser, in both of its views."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect
from test_captions_page import playwright  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def browser(playwright):  # noqa: F811
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture(params=["docs", "redoc"])
def page(request, browser, server):
    page = browser.new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda message: message.type in ("error", "warning") and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(f"{server.url}/{request.param}")
    expect(page.locator("#reference")).not_to_have_attribute("aria-busy", "true")
    yield page
    page.close()


def test_every_path_and_error_is_there_and_every_link_leads_somewhere(page, server):
    document = json.load(urllib.request.urlopen(server.url + "/openapi.json"))
    expect(page.locator(".entry")).to_have_count(len(document["paths"]))
    expect(page.locator("#version")).to_have_text(document["info"]["version"])
    expect(page.locator("tbody tr[id]")).to_have_count(len(document["x-error-codes"]))
    assert page.evaluate(
        "[...document.querySelectorAll(\"a[href^='#']\")].map(a => a.hash.slice(1)).filter(id => !document.getElementById(id))") == []
    assert page.complaints == []
    assert all(url.startswith(server.url) for url in page.requests)


def test_it_can_be_searched(page):
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("resume-gap")
    expect(page.locator("tr#resume-gap")).to_be_visible()
    page.locator("#search").fill("zzz")
    expect(page.locator("#matches")).to_have_text("No matches")


def test_a_path_can_be_tried(page):
    page.locator("#contents a", has_text="/status").click()
    entry = page.locator(".entry:has(#status)")
    entry.get_by_role("button", name="Try it").click()
    expect(entry.locator(".answer")).to_contain_text("200 OK")


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
