"""Render a Markdown summary or a page to PNG with Chromium, to look at it and for the README.

    python tools/picture.py summary.md picture.png [--width 1012] [--dark]

Markdown is shown much as the Actions UI shows it. The picture is as tall as what it shows.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from unpacked import MissingProgramError, browser

LAPTOP = 1012
# In a frame the page has exactly the wanted width, whatever the smallest window of the browser is.
_FRAME = """<!doctype html><title></title><iframe width="{width}" height="600" srcdoc="{page}"
  onload="document.title = 'height:' + this.contentDocument.documentElement.scrollHeight"></iframe>"""
_ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(.*?)</blockquote>", re.DOTALL)
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --line: #d1d9e0; --soft: #59636e; --code: #818b981f;
  --block: #f6f8fa; --link: #0969da; --alert: #cf222e }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f6fc; --paper: #0d1117; --line: #3d444d; --soft: #9198a1;
  --code: #656c7633; --block: #151b23; --link: #4493f8; --alert: #f85149 } }
* { box-sizing: border-box }
body { margin: 0; padding: 24px; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif }
h3 { margin: 0 0 16px; font-size: 1.25em; line-height: 1.25; font-weight: 600 }
p, ul, pre, table { margin: 0 0 16px }
a { color: var(--link) }
code { padding: .2em .4em; border-radius: 6px; background: var(--code); font: 85% "DejaVu Sans Mono", monospace }
pre { padding: 16px; overflow: auto; border-radius: 6px; background: var(--block); line-height: 1.45 }
pre code { padding: 0; background: none }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse }
th, td { padding: 6px 13px; border: 1px solid var(--line) }
tr:nth-child(2n) { background: var(--block) }
.alert { margin: 0 0 16px; padding: 8px 16px; border-left: .25em solid var(--alert) }
.alert > b { color: var(--alert); font-weight: 500 }
.alert > :last-child { margin: 0 }
"""


def as_html(markdown: str) -> str:
    """Return a page that shows Markdown with tables, alerts and details."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(markdown)
    body = _ALERT.sub(lambda match: f'<div class="alert"><b>{match[1].capitalize()}</b><p>{match[2]}</div>', body)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{_STYLE}</style><body>{body}</body></html>'


def picture(html: str, target: Path, *, width: int, dark: bool) -> None:
    """Write the picture of a page."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(html, encoding="utf-8")
        frame = Path(folder, "frame.html")
        frame.write_text(_FRAME.format(width=width, page=escape(html)), encoding="utf-8")
        browse = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        browse += [f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
        dom = _run([*browse, "--dump-dom", frame.as_uri()])
        height = re.search(r"<title>height:(\d+)", dom)
        if not height:
            raise RuntimeError("Chromium did not measure the page")
        _run([*browse, f"--window-size={width},{height[1]}", f"--screenshot={target.resolve()}", page.as_uri()])


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main(arguments: Sequence[str]) -> int:
    """Render one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a .md or .html file")
    parser.add_argument("target", type=Path, help="the .png to write")
    parser.add_argument("--width", type=int, default=LAPTOP, help="in pixels; 390 is a phone")
    parser.add_argument("--dark", action="store_true", help="ask for the dark colours")
    options = parser.parse_args(arguments)
    text = options.source.read_text(encoding="utf-8")
    html = text if options.source.suffix == ".html" else as_html(text)
    try:
        picture(html, options.target, width=options.width, dark=options.dark)
    except (RuntimeError, MissingProgramError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
