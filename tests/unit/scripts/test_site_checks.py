"""What is found in a site that was built."""

from pathlib import Path

import pytest

from scripts import site_checks


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">a</h1><a href="in/b.html#there">b</a><a href="#top">c</a>'
    )
    (tmp_path / "in" / "b.html").write_text(
        '<h2 id="there">b</h2><a href="..">up</a><img src="../a%20b.png">'
    )
    (tmp_path / "a b.png").touch()
    return tmp_path


def test_links_that_lead_somewhere_are_no_faults(site: Path) -> None:
    assert list(site_checks.faults(site)) == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="gone.html">', "gone.html: there is no such file"),
        ('<a href="in/b.html#gone">', "in/b.html#gone: the page has no such heading"),
        ('<a href="#gone">', "#gone: the page has no such heading"),
        ('<a href="/in/gone.html">', "/in/gone.html: there is no such file"),
        ('<img src="gone.png">', "gone.png: there is no such file"),
        ('<script src="https://cdn.example/a.js"></script>', "loads https://cdn.example/a.js"),
        ('<link rel="preconnect" href="//cdn.example">', "loads //cdn.example"),
    ],
)
def test_a_fault_is_found(site: Path, html: str, fault: str) -> None:
    (site / "new.html").write_text(html)
    assert list(site_checks.faults(site)) == [f"new.html: {fault}"]


def test_a_link_to_another_host_is_the_reader_s_to_follow(site: Path) -> None:
    (site / "new.html").write_text('<a href="https://example.com">a</a><link rel="next" href="in/b.html">')
    assert list(site_checks.faults(site)) == []


def test_what_a_style_sheet_loads_is_found(site: Path) -> None:
    (site / "a.css").write_text(
        "@font-face { src: url('https://fonts.example/a.woff2') } a { b: url(c.svg) }"
    )
    assert list(site_checks.faults(site)) == ["a.css: loads https://fonts.example/a.woff2"]


def test_a_page_that_a_git_host_would_show_otherwise_is_found(site: Path) -> None:
    source, page = site / "a.md", site / "a.html"
    source.write_text("# A\n\ntext\n- one\n- two\n\n| a |\n|---|\n| b |\n")
    page.write_text("<nav><li></nav><article><h1>A</h1><p>text - one - two</p><table></table></article>")
    assert site_checks.misread(source, page) == "0 li and not 2"
    page.write_text("<article><h1>A</h1><p>text</p><li>one<li>two<table></table></article>")
    assert site_checks.misread(source, page) is None
