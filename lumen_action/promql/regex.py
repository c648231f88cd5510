"""Regular expressions in the dialect of RE2, as label matchers use them: whether valid, whether they match nothing."""

from __future__ import annotations

import re
from functools import lru_cache

_LARGEST_REPEAT = 1000
_LARGEST_RUNE = 0x10FFFF
_REPEAT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_GROUP_NAME = re.compile(r"\(\?P<\w+>", re.ASCII)
_FLAGS = re.compile(r"\(\?(?:[imsU]*(?:-[imsU]+)?)([:)])")
_CODE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2})|([afnrtv])|([\x00-/:-@\[-`{-\x7f]))"
)
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_PROPERTY = re.compile(r"\\[pP](?:\{\^?([A-Za-z_]+)\}|([A-Z]))")
_CATEGORY = re.compile("C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|Any")
# The scripts of Unicode 13, which Prometheus 2.42 knows.
_NAMED = """
Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee
Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan
Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi
Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi
Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani
Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui
Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari New_Tai_Lue
Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic
Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau
Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting
Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet
Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Wancho Warang_Citi Yezidi Yi
Zanabazar_Square
"""
_SCRIPTS = frozenset(_NAMED.split())
_POSIX = frozenset(
    [
        "alnum",
        "alpha",
        "ascii",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "word",
        "xdigit",
    ]
)
_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


class RegexFault(Exception):  # noqa: N818 - the place in the expression is not known here
    """A pattern that RE2 refuses."""

    def __init__(self, found: str, fix: str) -> None:
        """Keep the two parts apart."""
        super().__init__(found)
        self.found = found
        self.fix = fix


class _Reader:
    """Reads a pattern from left to right; each part answers (matches nothing, product of the repeats in it)."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def looking_at(self, *beginnings: str) -> bool:
        return self.pattern.startswith(beginnings, self.at)

    def take(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        match = expression.match(self.pattern, self.at)
        if match:
            self.at = match.end()
        return match

    def alternatives(self) -> tuple[bool, int]:
        """Read up to the end or a closing parenthesis."""
        empty, product = self._sequence()
        while self.looking_at("|"):
            self.at += 1
            other = self._sequence()
            empty, product = empty or other[0], max(product, other[1])
        return empty, product

    def _sequence(self) -> tuple[bool, int]:
        done: tuple[bool, int] = (True, 1)
        last: tuple[bool, int] | None = None
        repeated = False
        while self.at < len(self.pattern) and not self.looking_at("|", ")"):
            begun = self.at
            repeat = self._repeat()
            if repeat:
                if last is None:
                    raise RegexFault(f"`{self.pattern[begun : self.at]}` with nothing before it to repeat", "escape it")
                if repeated:
                    raise RegexFault("one repetition right after another", "keep one of them")
                last = _repeated(last, *repeat)
                repeated = True
                continue
            repeated = False
            if part := self._part():
                if last:
                    done = done[0] and last[0], max(done[1], last[1])
                last = part
        return (done[0] and last[0], max(done[1], last[1])) if last else done

    def _repeat(self) -> tuple[int, int | None, bool] | None:
        """Read a repetition: how often at least and at most, and whether it was counted."""
        counts: tuple[int, int | None, bool] | None = None
        if self.looking_at("*", "+", "?"):
            sign = self.pattern[self.at]
            self.at += 1
            counts = (int(sign == "+"), 1 if sign == "?" else None, False)
        elif match := self.take(_REPEAT):
            fewest = int(match[1])
            most = fewest if not match[2] else int(match[3]) if match[3] else None
            if max(fewest, most or 0) > _LARGEST_REPEAT or (most is not None and most < fewest):
                raise RegexFault(f"the repetition `{match.group()}`", f"repeat at most {_LARGEST_REPEAT} times")
            counts = (fewest, most, True)
        if counts and self.looking_at("?"):
            self.at += 1
        return counts

    def _part(self) -> tuple[bool, int] | None:
        """Read one thing that can be repeated; flags for the rest of the group are none."""
        character = self.pattern[self.at]
        if character == "(":
            return self._group()
        if character == "[":
            self._class()
            return False, 1
        if character == "\\":
            return self._escape(), 1
        self.at += 1
        return character in "^$", 1

    def _group(self) -> tuple[bool, int] | None:
        if self.looking_at(*_LOOK_AROUND):
            raise RegexFault("a look-around", "RE2 has none: use two matchers, one of them `!~`")
        if self.looking_at("(?"):
            begun = self.at
            if flags := self.take(_FLAGS):
                if flags[1] == ")":
                    return None
            elif not self.take(_GROUP_NAME):
                raise RegexFault(f"`{self.pattern[begun : begun + 4]}`, which RE2 does not know", "write `(?:…)`")
        else:
            self.at += 1
        inside = self.alternatives()
        if not self.looking_at(")"):
            raise RegexFault("a group that is not closed", "close it with `)`, or escape its `(`")
        self.at += 1
        return inside

    def _escape(self) -> bool:
        """Read an escape outside a class and tell whether it matches nothing."""
        if self.looking_at(r"\Q"):
            end = self.pattern.find(r"\E", self.at)
            body = self.pattern[self.at + 2 : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            return not body
        if self.looking_at(r"\A", r"\z", r"\B"):
            self.at += 2
            return True
        if self.looking_at(r"\b"):
            self.at += 2
        elif not self._set():
            self._code()
        return False

    def _set(self) -> bool:
        """Read a class with a name, such as the digits or the letters, where one stands."""
        if self.looking_at(r"\d", r"\D", r"\s", r"\S", r"\w", r"\W"):
            self.at += 2
            return True
        if self.looking_at(r"\p", r"\P"):
            match = self.take(_PROPERTY)
            name = match and (match[1] or match[2])
            if not name or not (name in _SCRIPTS or _CATEGORY.fullmatch(name)):
                raise RegexFault("an unknown Unicode class", r"write one such as `\p{L}`")
            return True
        return False

    def _code(self) -> int:
        """Read an escaped character."""
        match = self.take(_CODE)
        if not match:
            escape = self.pattern[self.at : self.at + 2]
            if escape[1:].isdigit():
                raise RegexFault(f"the back-reference `{escape}`", "RE2 has none: write the text again")
            raise RegexFault(f"the escape `{escape}`", r"escape signs only; write `\\` for a backslash")
        short, long, octal, control, sign = match.groups()
        if control:
            return _CONTROL[control]
        code = ord(sign) if sign else int(octal, 8) if octal else int(short or long, 16)
        if code > _LARGEST_RUNE:
            raise RegexFault(f"the character `{match.group()}`", "Unicode ends at 10FFFF")
        return code

    def _class(self) -> None:
        self.at += 2 if self.looking_at("[^") else 1
        first = True
        while first or not self.looking_at("]"):
            first = False
            if self.at >= len(self.pattern):
                raise RegexFault("a class that is not closed", "close it with `]`, or escape its `[`")
            if not self._posix() and not self._set():
                self._range()
        self.at += 1

    def _posix(self) -> bool:
        end = self.pattern.find(":]", self.at + 2) if self.looking_at("[:") else -1
        if end < 0:
            return False
        name = self.pattern[self.at + 2 : end].removeprefix("^")
        if name not in _POSIX:
            raise RegexFault(f"the class `[:{name}:]`", "write one such as `[:alpha:]`")
        self.at = end + 2
        return True

    def _range(self) -> None:
        begun = self.at
        low = self._member()
        if self.looking_at("-") and not self.looking_at("-]"):
            self.at += 1
            if self.at < len(self.pattern) and self._member() < low:
                raise RegexFault(f"the range `{self.pattern[begun : self.at]}`", "write the lower end first")

    def _member(self) -> int:
        if self.looking_at("\\"):
            return self._code()
        self.at += 1
        return ord(self.pattern[self.at - 1])


def _repeated(part: tuple[bool, int], fewest: int, most: int | None, counted: bool) -> tuple[bool, int]:  # noqa: FBT001 - as read
    empty, product = part
    if counted:
        product = 1 if most == 0 else product * max(fewest if most is None else most, 1)
        if product > _LARGEST_REPEAT and max(fewest, most or 0) > 1:
            raise RegexFault("nested repetitions", f"together they may repeat at most {_LARGEST_REPEAT} times")
    return empty or fewest == 0, product


@lru_cache(maxsize=1024)
def matches_empty(pattern: str) -> bool:
    """Tell whether an anchored pattern matches the empty text; refuse what RE2 does not read."""
    if re.search("[\ud800-\udfff]", pattern):
        raise RegexFault("a byte that is no UTF-8", "write the character itself")
    # Prometheus compiles it twice: as it stands, and anchored.
    return all([_whole(pattern), _whole(f"^(?:{pattern})$")])


def _whole(pattern: str) -> bool:
    reader = _Reader(pattern)
    empty, _ = reader.alternatives()
    if reader.at < len(pattern):
        raise RegexFault("a `)` that closes nothing", r"escape it as `\)`")
    return empty
