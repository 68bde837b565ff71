"""What a built page holds and points to."""

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

# What a browser loads by itself, and what a reader goes to.
LOADED = {
    "img": "src",
    "script": "src",
    "link": "href",
    "source": "src",
    "iframe": "src",
    "video": "src",
    "use": "href",
}
FOLLOWED = {"a": "href", **LOADED}


class Link(NamedTuple):
    tag: str
    target: str
    loaded: bool


class Page(HTMLParser):
    """Ids and links of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[Link] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("style"):
            self.styles.append(str(given["style"]))
        target = given.get(FOLLOWED.get(tag, ""))
        if target is not None:
            self.links.append(Link(tag, target, tag in LOADED))


def external(target: str) -> bool:
    return bool(urlsplit(target).scheme or urlsplit(target).netloc) and not target.startswith("data:")


def broken(site: Path, pages: dict[str, Page], at: str, link: Link) -> str | None:
    """Why a link inside the site leads nowhere; ``at`` is the page's address, from the top."""
    if external(link.target) or link.target.startswith("data:"):
        return None
    path, fragment = urldefrag(urljoin(f"/{at}", link.target))
    wanted = unquote(path).lstrip("/")
    wanted = f"{wanted}index.html" if not wanted or wanted.endswith("/") else wanted
    if not (site / wanted).is_file():
        return f"{at}: {link.target} is not there"
    if fragment and wanted in pages and unquote(fragment) not in pages[wanted].ids:
        return f"{at}: nothing is called #{fragment} in {wanted}"
    return None
