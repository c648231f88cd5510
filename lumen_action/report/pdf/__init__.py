"""A report as PDF: the only place that knows reportlab.

Text is only ever drawn: none of it is read as markup, so none of it can open a file or an address. The file is not
tagged; the page and the Markdown of a report are its accessible forms.
"""

from __future__ import annotations

from lumen_action.report.document import Document
from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.pages import laid_out
from lumen_action.report.pdf.painting import Facts, painted
from lumen_action.report.pdf.texts import texts


def render(document: Document, fonts: Fonts) -> bytes:
    """Return the file, the same for the same document and fonts; a ConfigError where these cannot write Korean."""
    fonts.require(document.language)
    title, subject = (" ".join(fonts.regular.drawable(text).split()) for text in (document.title, document.answer.text))
    return painted(laid_out(document, fonts), Facts(title, subject, document.language), fonts)


def warning(document: Document, fonts: Fonts) -> str:
    """Return a sentence on letters that are shown by their number, empty where there are none."""
    return fonts.warning(texts(document))
