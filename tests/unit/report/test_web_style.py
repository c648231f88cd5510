"""Every colour can be read on what it stands on, in light and in dark."""

from __future__ import annotations

import re

import pytest

from lumen_action.report.web.style import STYLE

LEGIBLE, VISIBLE = 4.5, 3.0
ON = {
    **dict.fromkeys(("ink", "soft", "link", "good", "warn", "bad", "idle"), ("paper", "card")),
    **{f"{tone}": ("paper", "card", f"{tone}-back") for tone in ("good", "warn", "bad", "idle")},
}
SCHEMES = ("light", "dark")
_COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6})")


def colours(scheme: str) -> dict[str, str]:
    """Return the colours by name: those for light, and over them those for dark."""
    on_screen, _ = STYLE.split("@media print {")
    dark = re.findall(r"@media screen and \(prefers-color-scheme: dark\) \{.*?\}\s*\}", on_screen, re.DOTALL)
    assert len(dark) == 2
    light = on_screen
    for block in dark:
        light = light.replace(block, "")
    return dict(_COLOUR.findall(light + "".join(dark) if scheme == "dark" else light))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ON)
def test_words_are_legible(scheme: str, name: str) -> None:
    known = colours(scheme)
    assert [ground for ground in ON[name] if contrast(known[name], known[ground]) < LEGIBLE] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["good-bar", "rest-bar", "bad", "warn", "link"])
def test_bars_and_lines_can_be_seen(scheme: str, name: str) -> None:
    known = colours(scheme)
    assert contrast(known[name], known["card"]) >= VISIBLE
