"""Report page of runs in a real browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from model_server import Asked, ModelServer, Reply
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from student import Student
from warm import WarmStart

from openmedlm.data import load_split

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'> Answer: B"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; apt-get install chromium")

WAIT_MS = 120_000
"""Limit of every wait for the browser: far above the seconds that it takes on a busy machine."""

expect.set_options(timeout=WAIT_MS)


class HostileStudent(Student):
    """Student that answers one question with HTML and a script."""

    def __call__(self, asked: Asked) -> Reply:
        return Reply(HOSTILE) if "tight cast" in asked.question else super().__call__(asked)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory, warm: WarmStart) -> Path:
    """Run three programs and return the page of the run."""
    folder = tmp_path_factory.mktemp("page")
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data-home")}
    with ModelServer() as server:
        server.reply = HostileStudent(load_split("mmlu", "dev", "sample"))
        model = ["-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--api-base", server.base_url]
        options = ["--split", "dev", "--votes", "5", "--temperature", "0.8", "--member", "few-shot", "-o", "run"]
        for arguments in (["evaluate", "zero-shot", "few-shot", "ensemble", *model, *options], ["report", "run"]):
            running = warm.start(*arguments, cwd=folder, env=environment)
            _, errors = running.communicate(600)
            assert running.returncode == 0, errors
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(page_file: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=WAIT_MS)
        yield running
        running.close()


@pytest.fixture
def page(page_file: Path, browser: Browser) -> Iterator[Page]:
    """Open the page; after the test, check that it had no errors and loaded nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    errors: list[str] = []
    requests: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(page_file.as_uri())
    opened.wait_for_selector("body[data-ready]")
    yield opened
    context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def _open(button: Locator) -> None:
    """Open a question by a click on its button, which can be clicked, wherever the page scrolls meanwhile."""
    button.click(trial=True)
    button.dispatch_event("click")


def _rows(page: Page) -> list[str]:
    return page.locator("#list tr .stem").all_inner_texts()


def test_figures_keep_their_place_when_drawn(page: Page) -> None:
    heights = "plots => plots.map(plot => plot.clientHeight)"
    before = page.locator(".plot").evaluate_all(heights)
    for plot in page.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
    assert page.locator(".plot").evaluate_all(heights) == before
    assert min(before) > 200


def test_figures_are_drawn_when_scrolled_into_view(page: Page) -> None:
    plots = page.locator(".plot")
    assert plots.count() >= 7
    for number in range(plots.count()):
        plots.nth(number).scroll_into_view_if_needed()
        page.wait_for_function(
            "plot => plot.querySelector('.main-svg .points, .main-svg .scatterlayer')",
            arg=plots.nth(number).element_handle(),
        )


def test_filters_list_only_matching_questions(page: Page) -> None:
    everything = _rows(page)
    assert len(everything) == 12
    counted = 0
    for mark, word in {"r": "correct", "w": "wrong"}.items():
        page.select_option("#mark", mark)
        cells = page.locator("#list tr td:nth-child(4)").all_inner_texts()
        assert all(word in text for text in cells)
        counted += len(cells)
    assert counted == 12
    page.select_option("#mark", "")
    page.select_option("#subject", "anatomy")
    assert set(page.locator("#list .subject").all_inner_texts()) == {"anatomy"}


def test_flipped_questions_are_correct_in_one_program_only(page: Page) -> None:
    page.select_option("#against", label="few-shot")
    page.select_option("#mark", "flipped")
    rows = page.locator("#list tr")
    assert 0 < rows.count() < 12
    for number in range(rows.count()):
        marks = [text.split()[1].strip(",") for text in rows.nth(number).locator("td").all_inner_texts()[3:]]
        assert sorted(marks) == ["correct", "wrong"]


def test_search_finds_words_of_a_question(page: Page) -> None:
    page.fill("#search", "NERVE tight cast")
    assert len(_rows(page)) == 1
    assert "1 of 12 questions" in page.inner_text("#count")


def test_opened_question_shows_votes_rules_and_messages(page: Page) -> None:
    page.select_option("#program", label="ensemble")
    _open(page.locator("#list button").nth(2))
    opened = page.locator("#question")
    expect(opened).to_contain_text("Vote 1")
    expect(opened).to_contain_text("“answer cue”")
    expect(opened).to_contain_text("Exemplars")
    opened.locator("summary:visible", has_text="Messages sent").first.click()
    expect(opened).to_contain_text("Reply with the letter of that option only", use_inner_text=True)


def test_hostile_completion_is_shown_and_does_not_run(page: Page) -> None:
    page.fill("#search", "tight cast")
    _open(page.locator("#list button"))
    expect(page.locator("#question pre").first).to_contain_text(HOSTILE)
    assert page.evaluate("window.ran") is None
    assert page.locator("#question img").count() == 0


def test_keys_move_between_questions_close_and_search(page: Page) -> None:
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
def test_page_has_no_serious_accessibility_violation(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    _open(page.locator("#list button").first)
    expect(page.locator("#question")).to_be_visible()
    violations = Axe().run(page).response["violations"]
    assert [
        (each["id"], each["nodes"][0]["html"]) for each in violations if each["impact"] in ("serious", "critical")
    ] == []


def test_page_fits_the_width_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")


def test_question_list_on_a_phone_has_one_heading_per_cell(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    headings = [each.is_visible() for each in page.locator("#head th").all()]
    assert headings == [each.is_visible() for each in page.locator("#list tr:first-child td").all()]


def test_figures_keep_their_height_when_the_window_is_resized(page: Page) -> None:
    plot = page.locator(".plot").first
    plot.scroll_into_view_if_needed()
    plot.locator(".main-svg").first.wait_for()
    height = plot.evaluate("plot => plot.clientHeight")
    for width in (700, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "plot => Math.abs(plot.querySelector('.main-svg').clientWidth - plot.clientWidth) < 2",
            arg=plot.element_handle(),
        )
        assert (
            plot.evaluate("plot => [plot.clientHeight, plot.querySelector('.main-svg').clientHeight]") == [height] * 2
        )


def test_results_fit_a_desktop_window_without_scrolling(page: Page) -> None:
    assert (
        page.evaluate(
            "() => { const box = document.querySelector('.wide'); return box.scrollWidth - box.clientWidth; }"
        )
        == 0
    )
