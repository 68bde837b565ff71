"""What the site's search may quote: of what a prediction holds back only the glossary's words, so that it is found.

The index has an entry for each part of a page. Entries of parts that are inside a page's ``details.reveal`` keep their
titles; their text becomes the names of the concepts in it, and no outcome and no figure is shown beside a hit.
"""

import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from pathlib import Path
from typing import Any

INDEX = "search/search_index.json"
GLOSSARY = "glossary/#"
_REVEAL = re.compile(r'<details class="reveal">(.*?)</details>', re.DOTALL)
_PART = re.compile(r'<h[2-6] id="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")


def hold_back(site: Path) -> None:
    """Write the built site's index anew, without what its pages reveal."""
    path = site / INDEX
    index = json.loads(path.read_text())
    held = {part for page in site.rglob("index.html") for part in _held(site, page)}
    terms = glossary(index["docs"])
    for entry in index["docs"]:
        if entry["location"] in held:
            entry["text"] = ", ".join(named(terms, plain(entry["text"])))
    path.write_text(json.dumps(index, separators=(",", ":")))


def _held(site: Path, page: Path) -> list[str]:
    """Where the parts of a page are which a prediction holds back, as the index says it."""
    where = page.parent.relative_to(site).as_posix()
    return [f"{where}/#{part}" for inside in _REVEAL.findall(page.read_text()) for part in _PART.findall(inside)]


def glossary(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The field's words, from the titles of the glossary; one title may name several."""
    titles = [plain(entry["title"]) for entry in entries if entry["location"].startswith(GLOSSARY)]
    return [term for title in titles for term in title.split(", ")]


def named(terms: Iterable[str], text: str) -> list[str]:
    """Those of the words that the text uses, also as a plural."""
    return [term for term in terms if re.search(rf"\b{re.escape(term)}(?:e?s)?\b", text, re.IGNORECASE)]


def plain(html: str) -> str:
    return unescape(_TAG.sub(" ", html))
