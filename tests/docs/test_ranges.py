"""Ranges of the built site are not broken at their hyphens."""

import re

import pytest

from simulation.docs.ranges import marked


@pytest.mark.parametrize(
    ("html", "better"),
    [
        (
            "<td>1,083 (872-1,113)</td><td>0.8</td>",
            '<td>1,083 <span class="range">(872-1,113)</span></td><td>0.8</td>',
        ),
        ("17.2 (16.6-18.1) ms", '17.2 <span class="range">(16.6-18.1)</span> ms'),
        ("<td>1,312 ± 334</td>", '<td>1,312 <span class="range">± 334</span></td>'),
        ("± is the 95 % interval, ±0 %", "± is the 95 % interval, ±0 %"),
        ('<img alt="12 (10-14)"><title>12 (10-14)</title>', '<img alt="12 (10-14)"><title>12 (10-14)</title>'),
        ('<script>say("(1-2)" < "a")</script>', '<script>say("(1-2)" < "a")</script>'),
        ("2026-11-29, twitch-a.jsonl (a-b), v150-20s-w0", "2026-11-29, twitch-a.jsonl (a-b), v150-20s-w0"),
    ],
)
def test_a_range_and_nothing_else_becomes_an_element_of_its_own(html, better):
    assert marked(html) == better


@pytest.mark.slow
def test_the_sites_ranges_are_whole(site):
    page = (site / "07-backpressure" / "index.html").read_text()
    found = re.findall(r"(.{20})\(\d[\d,.]*-\d[\d,.]*\)", page)
    assert found
    assert set(found) == {'<span class="range">'}
    assert "white-space: nowrap" in (site / "stylesheets" / "extra.css").read_text().partition(".range {")[2][:40]
