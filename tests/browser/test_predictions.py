"""A lesson opens when the reader has committed to an answer for every question, and not before."""

import pytest
from playwright.sync_api import expect

from tests.browser.lessons import address, profile, read

__all__ = ["address", "profile", "read"]

pytestmark = pytest.mark.slow

LESSON = "02-way-of-a-comment/"


def questions(page):
    return page.get_by_role("radiogroup").all()


def outcomes(page):
    """The right answers, which begin the items of the first list that is revealed."""
    return page.locator("details.reveal ol").first.locator(":scope > li > strong").all_inner_texts()


def answer_all(page, index=0):
    for question in questions(page):
        question.get_by_role("radio").nth(index).check()


def commit(page):
    page.get_by_role("button", name="Commit").click()


def revealed(page):
    return page.get_by_role("heading", name="What came out")


def contents(page):
    return page.locator(".md-sidebar--secondary .md-nav__link:visible").all_inner_texts()


@pytest.fixture
def page(read):
    return read(LESSON)


def test_nothing_opens_until_every_question_is_answered(page):
    button = page.get_by_role("button", name="Commit")
    expect(button).to_be_disabled()
    page.locator("details.reveal summary").click()
    expect(revealed(page)).to_be_hidden()
    expect(page.get_by_role("status")).to_contain_text("Not yet")
    first, *rest = questions(page)
    first.get_by_role("radio").first.check()
    expect(page.get_by_role("status")).to_contain_text(f"1 of {len(rest) + 1} questions answered")
    expect(button).to_be_disabled()
    answer_all(page)
    page.locator("details.reveal summary").click()
    expect(revealed(page)).to_be_hidden()
    commit(page)
    expect(revealed(page)).to_be_visible()


def test_headings_that_are_not_revealed_are_not_listed(page):
    assert [each.strip() for each in contents(page)] == ["Commit first"]
    answer_all(page)
    commit(page)
    assert {"What came out", "Exercises", "In two minutes"} <= {each.strip() for each in contents(page)}


def test_each_outcome_says_what_the_reader_said(page):
    answer_all(page)
    said = [question.get_by_role("radio").first.get_attribute("value") for question in questions(page)]
    commit(page)
    right = [" ".join(each.split()) for each in outcomes(page)]
    verdicts = page.locator(".predict-verdict").all_inner_texts()
    assert verdicts == [
        f"✓ You said {mine}: right." if mine == its else f"✗ You said {mine}."
        for mine, its in zip(said, right, strict=True)
    ]
    expect(page.get_by_role("status")).to_have_text(
        f"Committed: {sum(map(str.__eq__, said, right))} of {len(right)} right."
    )


def test_every_outcome_can_be_chosen(page):
    answer_all(page)
    commit(page)
    right = [" ".join(each.split()) for each in outcomes(page)]
    page.get_by_role("button", name="Predict again").click()
    for question, answer in zip(questions(page), right, strict=True):
        question.get_by_role("radio", name=answer, exact=True).check()
    commit(page)
    expect(page.locator(".predict-verdict--right")).to_have_count(len(right))


def test_a_commitment_holds_and_is_kept(page):
    answer_all(page, 1)
    commit(page)
    chosen = page.locator(".predict-options input:checked")
    answers = [each.get_attribute("value") for each in chosen.all()]
    expect(page.locator(".predict-options input:enabled")).to_have_count(0)
    page.reload()
    expect(revealed(page)).to_be_visible()
    assert [each.get_attribute("value") for each in chosen.all()] == answers
    page.get_by_role("button", name="Predict again").click()
    expect(revealed(page)).to_be_hidden()
    expect(chosen).to_have_count(0)
    page.reload()
    expect(revealed(page)).to_be_hidden()
    expect(page.locator(".predict-verdict")).to_have_count(0)


def test_answers_are_kept_before_the_commitment_too(page):
    questions(page)[0].get_by_role("radio").nth(1).check()
    page.reload()
    expect(page.locator(".predict-options input:checked")).to_have_count(1)
    expect(revealed(page)).to_be_hidden()


def test_an_answer_that_is_no_longer_offered_opens_nothing(page):
    answer_all(page)
    commit(page)
    page.evaluate("""() => {
      const [key] = Object.keys(localStorage).filter((each) => each.startsWith("prediction:"));
      const kept = JSON.parse(localStorage.getItem(key));
      kept.answers[0] = "what nobody offers";
      localStorage.setItem(key, JSON.stringify(kept));
    }""")
    page.reload()
    expect(revealed(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Commit")).to_be_disabled()


def test_a_deep_link_reveals_nothing_before_the_commitment(read):
    page = read(f"{LESSON}#what-came-out")
    expect(page.get_by_role("button", name="Commit")).to_be_visible()
    expect(revealed(page)).to_be_hidden()
    page.evaluate("document.querySelector('details.reveal').open = true")  # as a search within the page does
    expect(page.locator("details.reveal[open]")).to_have_count(0)
    answer_all(page)
    commit(page)
    expect(revealed(page)).to_be_in_viewport()


def test_everything_can_be_done_by_keyboard(page):
    for question in questions(page):
        question.get_by_role("radio").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")  # within a question arrows choose
        expect(question.get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Commit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(revealed(page)).to_be_visible()
    expect(page.locator("details.reveal summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(revealed(page)).to_be_hidden()


def test_a_question_names_its_group_and_an_option_its_choice(page):
    for question in questions(page):
        assert page.locator(f"#{question.get_attribute('aria-labelledby')}").inner_text().strip()
        for option in question.get_by_role("radio").all():
            expect(option).to_have_accessible_name(str(option.get_attribute("value")))
    expect(page.get_by_role("status")).to_have_count(1)


def test_without_scripts_the_rest_opens_with_one_click(read):
    page = read(LESSON, java_script_enabled=False)
    expect(revealed(page)).to_be_hidden()
    page.locator("details.reveal summary").click()
    expect(revealed(page)).to_be_visible()


def test_a_page_without_predictions_is_as_it_was(read):
    page = read("glossary/")
    expect(page.locator(".predict")).to_have_count(0)
