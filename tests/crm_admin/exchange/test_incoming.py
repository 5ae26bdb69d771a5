"""Files from strangers: every encoding our customers have, and nothing that could hurt us."""

from __future__ import annotations

import io
import time
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crm_admin.exchange import incoming, untrusted_table, workbook
from crm_admin.exchange.incoming import Unreadable, opened

ROWS = [
    ["Tên", "Địa chỉ", "Ghi chú"],
    ["Nguyễn Văn Ân", "12 Đường Lê Lợi, Huế", "a;b"],
    ["Đỗ Thị Ửng", "Ở đâu", "c"],
]
CHINESE = [["姓名", "地址"], ["王小明", "北京市朝阳区建国路"], ["李伟", "上海"]]

_TONES = "\u0300\u0301\u0303\u0309\u0323"


def cp1258(text: str) -> bytes:
    """The Vietnamese code page writes the tone after the letter."""
    letters = []
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES))
        letters.append(base + "".join(c for c in parts if c in _TONES))
    return "".join(letters).encode("cp1258")


def text(rows: list[list[str]], separator: str = ",") -> str:
    return "".join(separator.join(f'"{c}"' if separator in c else c for c in row) + "\r\n" for row in rows)


def read(path: Path, content: bytes, **how: Any) -> tuple[list[str], list[list[Any]]]:
    path.write_bytes(content)
    with opened(path, **how) as table:
        rows = table.taken()
        assert table.count >= len(rows)
        return table.header, [cells for _, cells in rows]


def why(path: Path, content: bytes, **how: Any) -> str:
    """The reason why a file is refused; soon, and in words."""
    begun = time.monotonic()
    with pytest.raises(Unreadable) as refused:
        read(path, content, most=0, **how)
    assert time.monotonic() - begun < incoming.PATIENCE_S + 1
    return str(refused.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "upload"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_unicode_files_with_every_separator(path: Path, encoding: str, separator: str) -> None:
    header, rows = read(path, text(ROWS, separator).encode(encoding))
    assert [header, *rows] == ROWS


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_old_vietnamese_and_chinese_programs(path: Path, separator: str) -> None:
    header, rows = read(path, cp1258(text(ROWS, separator)))
    assert [header, *rows] == ROWS
    header, rows = read(path, text(CHINESE, separator).encode("gb18030"))
    assert [header, *rows] == CHINESE


def test_decomposed_letters_become_whole(path: Path) -> None:
    _, rows = read(path, unicodedata.normalize("NFD", text(ROWS)).encode())
    assert rows == ROWS[1:]


def test_an_encoding_may_be_said(path: Path) -> None:
    assert read(path, "Имя\nИван\n".encode("cp1251"), encoding="cp1252")[1] == [["Èâàí"]]
    assert "tried: utf-8-sig" in why(path, b"a\n\xff\n", encoding="utf-8-sig")


def test_quotes_lines_in_cells_and_an_excel_separator_line(path: Path) -> None:
    content = b'sep=;\r\nname;note\r\n"a;b";"line 1\r\nline ""2"""\r\n\r\n;;\r\nlast;x\r\n'
    header, rows = read(path, content)
    assert header == ["name", "note"]
    assert rows == [["a;b", 'line 1\r\nline "2"'], ["last", "x"]]


def test_lines_are_those_of_the_spreadsheet(path: Path) -> None:
    path.write_bytes(b'a,b\n"1\n2",x\n\nlast,y\n')
    with opened(path) as table:
        assert [line for line, _ in table.taken()] == [2, 4]
        assert table.count == 2


def test_only_as_many_rows_as_asked_but_all_are_counted(path: Path) -> None:
    path.write_bytes(b"n\n" + b"1\n" * 5_000)
    with opened(path, most=3) as table:
        assert len(table.taken()) == 3
        assert table.count == 5_000


def test_cells_of_a_workbook_keep_their_kind(path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("hidden", 0).sheet_state = "hidden"
    sheet = book["Sheet"]
    sheet.append(["text", "whole", "decimal", "yes", "day", "moment", "formula", "phone"])
    moment = datetime.fromisoformat("2026-03-01T14:30:00")
    sheet.append(["Nguyễn", 7, 1.5, True, moment.date(), moment, "=1+1", "'+84912345678"])
    saved = io.BytesIO()
    book.save(saved)
    header, rows = read(path, saved.getvalue())
    assert header[0] == "text"
    assert rows == [
        ["Nguyễn", 7, 1.5, True, datetime.fromisoformat("2026-03-01"), moment, "", "+84912345678"]
    ]


def test_json_lines_may_differ_in_their_keys(path: Path) -> None:
    header, rows = read(path, b'{"a": 1, "b": {"c": [1]}}\n\n{"d": "=1", "a": null}\n')
    assert header == ["a", "b", "d"]
    assert rows == [[1, {"c": [1]}, ""], [None, None, "=1"]]


# ── hostile files ───────────────────────────────────────────────────────────────────────────────────
def archive(**parts: bytes) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/") + ".xml", content)
    return saved.getvalue()


def book(sheet: bytes) -> bytes:
    """A workbook with this XML in place of its sheet."""
    plain = b"".join(workbook.write("x", ["a"], [[["b"]]]))
    saved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, sheet if part.endswith("sheet1.xml") else old.read(part))
    return saved.getvalue()


MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
CELL = b'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'


def sheet(rows: bytes, before: bytes = b"", dimension: bytes = b"") -> bytes:
    return book(before + MAIN + dimension + b"<sheetData>" + rows + b"</sheetData></worksheet>")


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "nothing in this file"),
    "blank lines": (b"\n\n,,\n", "nothing in this file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "cannot be read"),
    "text with controls": (b"a,b\n" + b"\x01\x02\x03," * 50, "not a table"),
    "NULs": (b"a,b\n\0\0\0\0,x\n" * 50, "not a table"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel"),
    "torn archive": (sheet(CELL)[:300], "damaged"),
    "archive without a workbook": (archive(a=b"<a/>"), "damaged"),
    "encrypted": (b"PK\x03\x04" + b"\x01" * 100, "damaged"),
    "ratio": (archive(a=b"0" * 260 * 1024 * 1024), "too large when unpacked"),
    "many parts": (archive(**{f"p{n}": b"x" for n in range(2_100)}), "too large when unpacked"),
    "billion laughs": (sheet(CELL, LAUGHS), "no spreadsheet writes"),
    "outside entity": (sheet(CELL, OUTSIDE), "no spreadsheet writes"),
    "entity in UTF-16": (book(("<!DOCTYPE x>" + "<a/>" * 9).encode("utf-16")), "no spreadsheet writes"),
    "far cell": (
        sheet(CELL + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "memory|columns|rows|read",
    ),
    "wide": (b",".join(b"c%d" % n for n in range(301)) + b"\n", "more than 300 columns"),
    "wide row": (b"a\n" + b"1," * 400 + b"1\n", "more than 300 columns"),
    "long": (b"a\n" + b"1\n" * 200_001, "more than 200,000 rows"),
    "huge cell": (b"a,b\n" + b"x" * 100_001 + b",1\n", "Row 2 has a cell of more than 100,000"),
    "open quote": (b'a,b\n"' + b"x\n" * 100_000, "Row 2 has a cell of more than 100,000"),
    "one line": (b"x" * 14_000_000, "more than 100,000"),
    "10 M fields": (b"a," * 5_000_000, "more than 300 columns"),
    "no JSON": (b'{"a": 1}\n{"a": \n', "Line 2 is not"),
    "JSON no object": (b'{"a": 1}\n[1]\n', "Line 2 is not"),
    "not a number": (b'{"a": NaN}\n', "Line 1 is not"),
    "deep JSON": (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "Line 1 is not"),
    "long number": (b'{"a": ' + b"9" * 100_000 + b"}", "Line 1 is not"),
    "wide JSON": (b"{" + b",".join(b'"k%d": 1' % n for n in range(400)) + b"}", "more than 300 columns"),
    "fat JSON": (b'{"a": "' + b"x" * 200_000 + b'"}', "more than 100,000"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_soon_and_in_words(path: Path, name: str) -> None:
    content, expected = HOSTILE[name]
    said = why(path, content)
    assert any(part in said for part in expected.split("|")), said


def test_a_sheet_that_lies_about_its_size_is_read_whole(path: Path) -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n) for n in range(2, 1_002))
    _, found = read(path, sheet(CELL + rows, dimension=b'<dimension ref="A1"/>'))
    assert len(found) == 1_000
    _, found = read(path, sheet(CELL + rows, dimension=b'<dimension ref="A1:XFD1048576"/>'))
    assert len(found) == 1_000


def test_a_large_but_honest_file_comes_in(path: Path) -> None:
    line = "Nguyễn Văn An,0912345678,an@example.com,Hà Nội\n".encode()
    _, rows = read(path, b"a,b,c,d\n" + line * 200_000, most=10)
    assert len(rows) == 10
    body = ([[f"Nguyễn {n}", n, "0912345678", "x"] for n in range(k, k + 500)] for k in range(0, 50_000, 500))
    _, rows = read(path, b"".join(workbook.write("x", list("abcd"), body)), most=10)
    assert len(rows) == 10


def test_a_child_that_says_nothing_is_stopped(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(incoming, "_SCRIPT", script)
    monkeypatch.setattr(incoming, "PATIENCE_S", 0.5)
    begun = time.monotonic()
    assert "too long" in why(path, b"a\n1\n")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass", "too long"),
        ("resource.setrlimit(resource.RLIMIT_AS, (200 << 20,) * 2)\nimport os; os.abort()", "memory"),
        ("raise SystemExit(3)", "cannot be read"),
    ],
)
def test_a_child_that_dies_is_told_in_words(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, death: str, reason: str
) -> None:
    script = tmp_path / "dying.py"
    script.write_text(f"import resource\n{death}\n")
    monkeypatch.setattr(incoming, "_SCRIPT", script)
    assert reason in why(path, b"a\n1\n")


def test_the_child_has_its_limits() -> None:
    assert untrusted_table.MEMORY < 500 * 1024 * 1024
    assert untrusted_table.SECONDS < incoming.PATIENCE_S
