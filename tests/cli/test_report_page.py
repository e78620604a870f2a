"""The page of runs in a real browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from model_server import Asked, ModelServer, Reply
from playwright.sync_api import Browser, Page, expect, sync_playwright
from student import Student

from openmedlm.data import load_split

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'> Answer: B"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; apt-get install chromium")


class HostileStudent(Student):
    """A student that to one question writes what no page should run."""

    def __call__(self, asked: Asked) -> Reply:
        return Reply(HOSTILE) if "tight cast" in asked.question else super().__call__(asked)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of three programs."""
    place = tmp_path_factory.mktemp("page")
    own = {**os.environ, "XDG_DATA_HOME": str(place / "data-home")}
    command = [sys.executable, "-m", "openmedlm"]
    with ModelServer() as server:
        server.reply = HostileStudent(load_split("mmlu", "dev", "sample"))
        asked = ["-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--api-base", server.base_url]
        how = ["--split", "dev", "--votes", "5", "--temperature", "0.8", "--member", "few-shot", "-o", "run"]
        for arguments in (["evaluate", "zero-shot", "few-shot", "ensemble", *asked, *how], ["report", "run"]):
            subprocess.run([*command, *arguments], check=True, cwd=place, env=own, capture_output=True)
    return place / "report.html"


@pytest.fixture(scope="module")
def browser(page_file: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(page_file: Path, browser: Browser) -> Iterator[Page]:
    """The page, opened; nothing went wrong in it when the test is over, and nothing was loaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page_file.as_uri())
    opened.wait_for_selector("body[data-ready]")
    yield opened
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def _rows(page: Page) -> list[str]:
    return page.locator("#list tr .stem").all_inner_texts()


def test_every_figure_is_drawn_once_it_comes_near(page: Page) -> None:
    plots = page.locator(".plot")
    assert plots.count() >= 7
    for number in range(plots.count()):
        plots.nth(number).scroll_into_view_if_needed()
        page.wait_for_function(
            "place => place.querySelector('.main-svg .points, .main-svg .scatterlayer')",
            arg=plots.nth(number).element_handle(),
        )


def test_the_filters_leave_what_they_say(page: Page) -> None:
    everything = _rows(page)
    assert len(everything) == 12
    told = {"r": "right", "w": "wrong"}
    counted = 0
    for mark, word in told.items():
        page.select_option("#mark", mark)
        shown = page.locator("#list tr td:nth-child(4)").all_inner_texts()
        assert all(word in text for text in shown)
        counted += len(shown)
    assert counted == 12
    page.select_option("#mark", "")
    page.select_option("#subject", "anatomy")
    assert set(page.locator("#list .subject").all_inner_texts()) == {"anatomy"}


def test_flipped_questions_are_right_in_one_program_only(page: Page) -> None:
    page.select_option("#against", label="few-shot")
    page.select_option("#mark", "flipped")
    rows = page.locator("#list tr")
    assert 0 < rows.count() < 12
    for number in range(rows.count()):
        marks = [text.split()[1].strip(",") for text in rows.nth(number).locator("td").all_inner_texts()[3:]]
        assert sorted(marks) == ["right", "wrong"]


def test_a_search_finds_the_words_of_a_question(page: Page) -> None:
    page.fill("#search", "NERVE tight cast")
    assert len(_rows(page)) == 1
    assert "1 of 12 questions" in page.inner_text("#count")


def test_an_opened_question_shows_votes_rules_and_the_very_messages(page: Page) -> None:
    page.select_option("#program", label="ensemble")
    page.locator("#list button").nth(2).click()
    opened = page.locator("#question")
    expect(opened).to_contain_text("Vote 1")
    assert "by “answer cue”" in opened.inner_text()
    assert "Exemplars, in the order shown" in opened.inner_text()
    opened.locator("summary:visible", has_text="the messages that were sent").first.click()
    expect(opened).to_contain_text("Reply with the letter of that option only", use_inner_text=True)


def test_what_a_model_wrote_is_shown_and_does_not_run(page: Page) -> None:
    page.fill("#search", "tight cast")
    page.locator("#list button").click()
    expect(page.locator("#question pre").first).to_contain_text(HOSTILE)
    assert page.evaluate("window.ran") is None
    assert page.locator("#question img").count() == 0


def test_the_keyboard_goes_through_the_questions(page: Page) -> None:
    ids = page.locator("#question h3")
    page.keyboard.press("j")
    first = ids.inner_text()
    page.keyboard.press("j")
    page.wait_for_function("id => document.querySelector('#question h3').textContent !== id", arg=first)
    page.keyboard.press("k")
    page.wait_for_function("id => document.querySelector('#question h3').textContent === id", arg=first)
    page.keyboard.press("Escape")
    assert page.locator("#question").is_hidden()
    page.keyboard.press("/")
    page.keyboard.type("nerve")
    assert page.input_value("#search") == "nerve"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_the_page_is_accessible(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.locator("#list button").first.click()
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")] == []


def test_on_a_phone_nothing_but_tables_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
