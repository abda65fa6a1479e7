"""Makes a site of docs/ in build/site, and fails at any warning, broken link or request to another host.

Run by `make docs`; with --quiet it says nothing where all is well, as `make lint` wants it.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import site_checks, site_pages  # noqa: E402

DOCS, SCRIPTS = ROOT / "docs", ROOT / "scripts"
# site.toml names the two folders in it.
BUILD = ROOT / "build"
PAGES, SITE = BUILD / "pages", BUILD / "site"


def main() -> int:
    """Prepare, build, check; the exit code is 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="print only what is wrong")
    quiet = parser.parse_args().quiet
    sections = site_pages.navigation(DOCS)
    wrong = [f"docs/README.md does not name {path}" for path in site_pages.left_out(DOCS, sections)]
    prepare(sections)
    said = built()
    wrong += [said] if said else [*site_checks.faults(SITE), *misread()]
    for each in wrong:
        print(f"scripts/site.py: {each}", file=sys.stderr)
    if not wrong and not quiet:
        print(f"{SITE.relative_to(ROOT)}/index.html: {len(list(SITE.rglob('*.html')))} pages")
    return 1 if wrong else 0


def prepare(sections: tuple[site_pages.Section, ...]) -> None:
    """Write what the site is made of into build/: adapted copies, and the configuration."""
    for folder in (PAGES, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, PAGES)
    for page in PAGES.glob("*.md"):
        page.write_text(site_pages.adapted(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name in site_pages.OUTSIDE:
        text = site_pages.adapted_outside((ROOT / name).read_text(encoding="utf-8"))
        (PAGES / name).write_text(text, encoding="utf-8")
    shutil.copy(SCRIPTS / "site.css", PAGES)
    settings = (SCRIPTS / "site.toml").read_text(encoding="utf-8")
    navigation = f"[project]\nnav = {site_pages.as_toml(sections)}\n"
    (BUILD / "zensical.toml").write_text(settings.replace("[project]\n", navigation, 1), encoding="utf-8")


def built() -> str | None:
    """Build the site; what was said, where that failed or warned of anything."""
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", "zensical.toml"]
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    # It tells each warning, and then where in its own code it gave up.
    told, _, where = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr).partition("Traceback (most")
    return told.rstrip() if "issue" in told else told + where


def misread() -> list[str]:
    """Pages that the site shows otherwise than a git host."""
    found = []
    for source in sorted(PAGES.rglob("*.md")):
        name = source.relative_to(PAGES)
        page = SITE / name.with_name("index.html" if name.name == "README.md" else f"{name.stem}.html")
        if why := site_checks.misread(source, page):
            found.append(f"{name} reads otherwise on a git host: the site has {why}")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
