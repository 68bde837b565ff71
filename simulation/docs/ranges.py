"""Ranges and intervals of the site stay on one line: a browser breaks `12.5 (10.6-14.4)` at its hyphen, and leaves the
sign of `12.2 ± 0.8` behind, in a narrow column first.

Done to the built pages, so that the Markdown keeps a plain hyphen, which can be searched for and copied.
"""

import re
from pathlib import Path

_RANGE = re.compile(
    r"(?P<hidden><(?P<name>script|style|title)\b.*?</(?P=name)>|<[^>]+>)|\(\d[\d,.]*-\d[\d,.]*\)|± \d[\d,.]*", re.DOTALL
)


def keep_whole(site: Path) -> None:
    """Write the built site's pages anew, each range in an element that the style sheet does not break."""
    for page in site.rglob("*.html"):
        page.write_text(marked(page.read_text()))


def marked(html: str) -> str:
    """The same page; tags, scripts and titles stay as they are."""
    return _RANGE.sub(lambda found: found[0] if found["hidden"] else f'<span class="range">{found[0]}</span>', html)
