"""What every page has around it: a file of its own that loads nothing and runs nothing."""

from __future__ import annotations

from html import escape

from lumen_action.summary.markdown import address, clip, visible

_NO_ACCESS = "default-src 'none'; style-src 'unsafe-inline'"


def whole(language: str, title: str, style: str, body: str) -> str:
    """Return the page around a body."""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_NO_ACCESS}">\n'
        f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def text(words: str, limit: int = 80) -> str:
    """Return foreign words as words, cut to a number of bytes."""
    return escape(clip(visible(words), limit))


def link(shown: str, url: str) -> str:
    """Return a link around what is shown to a web address, which does not learn from where; else what is shown."""
    target = escape(address(url))
    return f'<a href="{target}" rel="noreferrer">{shown}</a>' if target else shown
