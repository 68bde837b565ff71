"""The site as it is looked at: wide and narrow, light and dark."""

import pytest
from playwright.sync_api import expect

from tests.browser.lessons import PHONE, address, profile, read

__all__ = ["address", "profile", "read"]

pytestmark = pytest.mark.slow

TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return wide > 0 ? wide : 0;
}"""
BRIGHTNESS = """(selector) => {
  const [red, green, blue] = getComputedStyle(document.querySelector(selector)).backgroundColor.match(/[\\d.]+/g);
  return (Number(red) + Number(green) + Number(blue)) / 3;
}"""


def test_no_page_is_wider_than_a_phone(site, profile, address):
    page = profile(viewport=PHONE).new_page()
    wide = {}
    for path in sorted(site.rglob("index.html")):
        where = path.relative_to(site).as_posix().removesuffix("index.html")
        page.goto(address + where, wait_until="domcontentloaded")
        wide[where] = page.evaluate(TOO_WIDE)
    assert len(wide) > 30
    assert not {where: by for where, by in wide.items() if by}


def test_a_wide_table_moves_sideways_by_itself(read):
    page = read("fidelity/", viewport=PHONE)
    wide = page.locator("article table").filter(has_text="forecast (range)").first
    assert wide.evaluate("""(table) => {
      for (let box = table; box.tagName !== "ARTICLE"; box = box.parentElement)
        if (box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(box).overflowX)) return true;
      return false;
    }""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_colours_follow_the_system(read, scheme):
    page = read("first-run/", color_scheme=scheme)
    brightness = page.evaluate(BRIGHTNESS, "body")
    assert (brightness > 200) == (scheme == "light")


def test_a_reader_may_choose_other_colours_than_the_systems(read):
    page = read("", color_scheme="light")
    for name in ("Switch to light colours", "Switch to dark colours"):
        page.locator(f"label[title='{name}']").click()
    assert page.evaluate(BRIGHTNESS, "body") < 100
    page.reload()
    assert page.evaluate(BRIGHTNESS, "body") < 100


def test_figures_can_be_seen_in_the_dark(read):
    page = read("02-way-of-a-comment/", color_scheme="dark")
    assert "invert" in page.locator("article img[src$='.svg']").first.evaluate(
        "image => getComputedStyle(image).filter"
    )
    page.goto(page.url.replace("02-way-of-a-comment", "first-run"))
    assert page.evaluate(BRIGHTNESS, "article img") > 200


def test_the_search_finds_a_word_without_asking_anybody_else(read):
    page = read("")
    expect(page.locator(".md-search-result__meta")).to_contain_text("Type to start searching")  # the index is read
    page.get_by_role("textbox", name="Search").press_sequentially("fencing token")  # the theme asks at each key
    expect(page.locator(".md-search-result__list")).to_contain_text("Fencing token")


def test_an_unknown_address_is_answered_by_the_sites_own_page(read):
    page = read("no-such-page/")
    expect(page.get_by_role("heading", name="404")).to_be_visible()
    expect(page.get_by_role("link", name="Quickstart").first).to_be_visible()
