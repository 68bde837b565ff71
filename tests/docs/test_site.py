"""The built site: every link leads somewhere, and nothing comes from elsewhere."""

import re

import pytest

from simulation.course.catalogue import LESSONS
from simulation.docs.notebook_pages import NOTEBOOKS
from simulation.docs.rendering import PAGES
from tests.docs.links import Link, Page, broken, external

pytestmark = pytest.mark.slow

OUTSIDE = re.compile(r"(?:@import\s+(?:url\()?|url\()\s*[\"']?(?:https?:)?//", re.IGNORECASE)


def test_every_page_of_the_lessons_is_in_the_site(pages):
    written = [page.removeprefix("lessons/").removesuffix(".md") for page in PAGES if page.startswith("lessons/")]
    written += [f"notebooks/{name}" for name in NOTEBOOKS]
    addresses = {f"{name}/index.html" for name in written if name != "index"} | {"index.html", "notebooks/index.html"}
    assert addresses <= pages.keys()


def test_lessons_come_in_their_order_and_the_first_run_after_the_prediction_that_it_answers(pages):
    navigation = pages["glossary/index.html"].links  # which has no lesson before or after it
    named = [re.fullmatch(r"\.\./(\d\d-[a-z-]+|first-run)/", link.target) for link in navigation]
    order = list(dict.fromkeys(match[1] for match in named if match))
    assert order.index("first-run") > order.index("02-way-of-a-comment")
    assert [each for each in order if each != "first-run"] == [lesson.page for lesson in LESSONS]


def test_every_link_leads_somewhere(site, pages):
    assert not [why for at, page in pages.items() for link in page.links if (why := broken(site, pages, at, link))]


def test_nothing_is_loaded_from_elsewhere(site, pages):
    loaded = {(at, link.target) for at, page in pages.items() for link in page.links if link.loaded}
    assert not {each for each in loaded if external(each[1])}
    assert not [style for page in pages.values() for style in page.styles if OUTSIDE.search(style)]
    sheets = list(site.rglob("*.css"))
    assert sheets
    assert not [path.name for path in sheets if OUTSIDE.search(path.read_text())]


def test_no_mark_is_shown(site):
    """Within code a mark is text like any other: there the whole code is to be the figure."""
    shown = {path: re.findall(r"&lt;!--.{30}", path.read_text()) for path in site.rglob("*.html")}
    assert not {path.parent.name: each for path, each in shown.items() if each}


def test_no_name_of_a_page_stands_for_two_places(pages):
    twice = {at: [each for each in set(page.ids) if page.ids.count(each) > 1] for at, page in pages.items()}
    assert not {at: each for at, each in twice.items() if each}


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (Link("a", "../there/", False), None),
        (Link("a", "../there/#part", False), None),
        (Link("a", "https://example.org/x", False), None),
        (Link("a", "../nowhere/", False), "is not there"),
        (Link("a", "../there/#no-part", False), "nothing is called #no-part"),
        (Link("img", "picture.png", True), "is not there"),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(tmp_path, link, why):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "index.html").write_text('<p id="part">')
    pages = {"there/index.html": Page('<p id="part">')}
    found = broken(tmp_path, pages, "here/index.html", link)
    assert found is None if why is None else why in found


@pytest.mark.parametrize("sheet", ["@import '//x.org/a.css'", "a { background: url(https://x.org/a.png) }"])
def test_a_style_sheet_that_loads_from_elsewhere_is_noticed(sheet):
    assert OUTSIDE.search(sheet)
