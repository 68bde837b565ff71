"""The widget's modules by themselves, in the browser's own engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[2] / "reference_impl" / "api" / "web"
ORIGIN = "http://widget.test"


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """An empty page from which the widget's modules can be imported."""
    empty = browser.new_page()
    empty.route(f"{ORIGIN}/**", lambda route: _serve(route, route.request.url.removeprefix(ORIGIN + "/")))
    empty.goto(f"{ORIGIN}/")
    yield empty
    empty.close()


@pytest.fixture
def run(page: Any) -> Callable[[str], Any]:
    """Runs a module's text beside the widget's own modules; it answers what was given to `answer`."""

    def run_one(text: str) -> Any:
        page.evaluate("text => (window.text = text)", text.replace('"./', f'"{ORIGIN}/'))
        return page.evaluate(
            """() => new Promise((answer, fail) => {
              window.answer = answer;
              const url = URL.createObjectURL(new Blob([window.text], { type: "text/javascript" }));
              import(url).catch((error) => fail(new Error(error.message)));
            })"""
        )

    return run_one


def _serve(route: Any, name: str) -> None:
    if name:
        route.fulfill(path=WEB / name)
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")
