"""Text in a spreadsheet that must stay text: programs take what begins with = + - @ for a formula and run it.

`defuse` puts an apostrophe before it, `restore` takes exactly that apostrophe away again.
"""

from __future__ import annotations

import re

# What a spreadsheet passes over before it looks for a formula: space, marks without width, quotes, control characters.
_IDLE = (
    r"""[ "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164"""
    r"""\u115f\ufe00-\ufe0f\ufeff]"""
)
_SIGNS = r"[=+\-@＝＋－＠﹦﹢﹣﹫−]"
_BEGINS = rf"(?='*{_IDLE}*{_SIGNS})"
# A program that expects another separator cuts a cell in two: there a formula may begin in the middle of the text.
_CUTS = r"[\n\r;|\t]"

_LIVE = re.compile(rf"^(?:{_BEGINS}|(?='*[\t\r\n]))|(?<={_CUTS}){_BEGINS}")
_DEAD = re.compile(rf"^'(?:{_BEGINS}|(?='*[\t\r\n]))|(?<={_CUTS})'{_BEGINS}")
_NUMBER = re.compile(r"[+\-][\d\s().]*\Z")


def defuse(text: str) -> str:
    """`text` as a delimited file may carry it: no part of it can be taken for a formula."""
    return _LIVE.sub("'", text)


def defuse_typed(text: str) -> str:
    """The same for a cell that is marked as text, where a plain phone number or amount can stay as it is."""
    return text if _NUMBER.match(text) else defuse(text)


def restore(text: str) -> str:
    """The text that `defuse` was given; any text that it would leave alone is left alone."""
    return _DEAD.sub("", text)
