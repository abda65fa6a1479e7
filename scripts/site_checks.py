"""What must be true of the site: links lead somewhere, and nothing is loaded from another host."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

# What a browser fetches by itself; a link that a reader may follow is none of these.
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
_LOADED_RELATIONS = frozenset({"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch"})
_CSS_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
# Where a page of Markdown was understood otherwise than a git host does, one of these counts differs.
_COUNTED = {"li": "li", "table": "table", "pre": "pre", "blockquote": "blockquote"} | {
    f"h{level}": "heading" for level in range(1, 7)
}


@dataclass
class Html(HTMLParser):
    """What one page has: names that links may lead to, links, what it loads, and how its text is built."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    in_article: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        has = {name: value or "" for name, value in attrs}
        self.ids.update(has[name] for name in ("id", "name") if has.get(name))
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        if tag == "link" and _LOADED_RELATIONS & set(has.get("rel", "").split()):
            self.loaded.append(has["href"])
        if tag in _LOADED and has.get(_LOADED[tag]):
            self.loaded.append(has[_LOADED[tag]])
        self.in_article = self.in_article or tag == "article"
        if self.in_article and tag in _COUNTED:
            self.counts[_COUNTED[tag]] += 1

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the page's own text."""
        if tag == "article":
            self.in_article = False


def read(page: Path) -> Html:
    """One page of the site."""
    found = Html()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def faults(site: Path) -> Iterator[str]:
    """Each link that leads nowhere, and each thing that is loaded from another host."""
    pages = {page: read(page) for page in sorted(site.rglob("*.html"))}
    for page, html in pages.items():
        name = page.relative_to(site)
        yield from (f"{name}: loads {each}" for each in html.loaded if _is_elsewhere(each))
        for link in {*html.links, *html.loaded}:
            if not _is_elsewhere(link) and (why := _broken(page, link, site, pages)):
                yield f"{name}: {link}: {why}"
    for sheet in sorted(site.rglob("*.css")):
        for address in _CSS_ADDRESS.findall(sheet.read_text(encoding="utf-8")):
            yield f"{sheet.relative_to(site)}: loads {address}"


def misread(source: Path, page: Path) -> str | None:
    """How the page differs from what a git host makes of its source, or None."""
    tokens = MarkdownIt("commonmark").enable("table").parse(source.read_text(encoding="utf-8"))
    names = {"list_item_open": "li", "table_open": "table", "fence": "pre", "code_block": "pre"}
    names |= {"heading_open": "heading", "blockquote_open": "blockquote"}
    wanted = Counter(names[token.type] for token in tokens if token.type in names)
    found = read(page).counts
    differ = [each for each in sorted(wanted | found) if wanted[each] != found[each]]
    return ", ".join(f"{found[each]} {each} and not {wanted[each]}" for each in differ) or None


def _is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def _broken(page: Path, link: str, site: Path, pages: dict[Path, Html]) -> str | None:
    parts = urlsplit(link)
    # The page of what is not found is served at any address, so its links begin at the root.
    start = site if parts.path.startswith("/") else page.parent
    target = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "there is no such file"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
        return "the page has no such heading"
    return None
