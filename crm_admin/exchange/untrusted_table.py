"""Reads a stranger's table in a process of its own, which may run out of memory or time without harm to others.

Run as a script, with nothing of the CRM imported: `python -I untrusted_table.py FILE ENCODING ROWS`. Writes JSON
lines: the head, up to ROWS rows (all when negative) as `[line, [cell, …]]`, then `{"rows": …}` with the count of all;
or `{"error": code, …}` and nothing after it. A moment is `{"$at": ISO}`, a time of day `{"$time": ISO}`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import signal
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

MEMORY = 420 * 1024 * 1024  # address space; of it some 80 MB are the interpreter and its libraries
SECONDS = 9
ROWS = 200_000
COLUMNS = 300
CELL = 100_000
UNPACKED = 250 * 1024 * 1024
PARTS = 2_000

# For the trial: letters that Vietnamese has and its code page can say.
_VIETNAMESE = frozenset("àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ")

Row = tuple[int, list[Any]]


class Refused(Exception):
    """The file cannot be taken: a code and what goes with it."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.facts = {"error": code, **facts}
        super().__init__(code)


def main(path: str, encoding: str, most: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        for line in lines(path, encoding, most):
            sys.stdout.write(f"{json.dumps(line)}\n")
    except Refused as refused:
        sys.stdout.write(f"{json.dumps(refused.facts)}\n")
    except MemoryError:
        sys.stdout.write('{"error": "memory"}\n')


def lines(path: str, encoding: str, most: int) -> Iterator[Any]:
    """What is printed. Raises Refused."""
    with open(path, "rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        facts: dict[str, Any] = {"format": "xlsx"}
        rows = of_workbook(path)
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("old_excel")
    else:
        with open(path, "rb") as file:
            text, used = decoded(file.read(), encoding)
        if text.lstrip().startswith("{"):
            facts, rows = {"format": "jsonl", "encoding": used}, of_json(text)
        else:
            separator = separator_of(text)
            facts, rows = (
                {"format": "csv", "encoding": used, "separator": separator},
                of_text(text, separator),
            )
    yield from numbered(rows, facts, most)


def numbered(rows: Iterable[list[Any]], facts: dict[str, Any], most: int) -> Iterator[Any]:
    """Head, rows and end, without rows that are empty. Raises Refused beyond the limits."""
    width, count = 0, 0
    for number, row in enumerate(rows, 1):
        while row and row[-1] in ("", None):
            row.pop()
        if not row:
            continue
        if len(row) > COLUMNS:
            raise Refused("columns", most=COLUMNS, line=number)
        if any(isinstance(cell, str) and len(cell) > CELL for cell in row):
            raise Refused("cell", most=CELL, line=number)
        if not width:
            width = len(row)
            yield {**facts, "header": [str(cell).strip()[:200] for cell in row]}
            continue
        count += 1
        if count > ROWS:
            raise Refused("rows", most=ROWS)
        if most < 0 or count <= most:
            yield [number, (row + [""] * width)[:width] if len(row) <= width else row]
    if not width:
        raise Refused("empty")
    yield {"rows": count}


# ── text ────────────────────────────────────────────────────────────────────────────────────────────
def decoded(content: bytes, encoding: str) -> tuple[str, str]:
    """The text and the encoding it was in; "" tries. Raises Refused for what is no text."""
    names = [encoding] if encoding else candidates(content)
    for name in names:
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        text = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))
        strange = sum(text.count(chr(code)) for code in (*range(9), 11, 12, *range(14, 32)))
        if strange * 200 > len(text):
            raise Refused("binary")
        return text, name
    raise Refused("encoding", names=", ".join(names))


def candidates(content: bytes) -> list[str]:
    """Encodings to try, the likeliest first."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if content.startswith(b"\xef\xbb\xbf"):
        return ["utf-8-sig"]
    start = content[:4096]
    if start.count(0) * 4 > len(start):
        return ["utf-16-be" if start[:1] == b"\0" else "utf-16-le"]
    vietnamese_first = ["utf-8", "cp1258", "gb18030", "cp1252"]
    chinese_first = ["utf-8", "gb18030", "cp1258", "cp1252"]
    return vietnamese_first if looks_vietnamese(content[:100_000]) else chinese_first


def looks_vietnamese(content: bytes) -> bool:
    """Whether the Vietnamese code page makes words of it: its own letters among plain ones, not strings of signs."""
    text = unicodedata.normalize("NFC", content.decode("cp1258", "replace")).lower()
    good = bad = 0
    for word in re.findall(r"[^\x00-\x40\x5b-\x60\x7b-\x7f]+", text):
        high = [letter for letter in word if letter > "\x7f"]
        if not high:
            continue
        fits = all(letter in _VIETNAMESE for letter in high) and len(high) <= 3
        good, bad = (good + 1, bad) if fits else (good, bad + 1)
    return good > bad


def separator_of(text: str) -> str:
    """The character between cells: as an Excel `sep=` line says, else the one that cuts the first rows most evenly."""
    if said := re.match(r"sep=(.)\r?\n", text):
        return said[1]
    start = text[:60_000]
    best, chosen = 1, ","
    for separator in ",;\t|":
        try:
            widths = [
                len(row)
                for _, row in zip(
                    range(20), csv.reader(io.StringIO(start), delimiter=separator), strict=False
                )
                if row
            ]
        except csv.Error:
            continue
        if len(widths) > 1 and len(text) > len(start):
            widths.pop()
        fewest = min(widths, default=1)
        if fewest > best:
            best, chosen = fewest, separator
    return chosen


def of_text(text: str, separator: str) -> Iterator[list[Any]]:
    """Rows of a delimited file, by RFC 4180."""
    csv.field_size_limit(CELL)
    source = io.StringIO(text, newline="")
    if re.match(r"sep=.\r?\n", text):
        source.readline()
    reader = csv.reader(source, delimiter=separator)
    number = 0
    try:
        for row in reader:
            number += 1
            yield row
    except csv.Error as error:
        code = "cell" if "limit" in str(error) else "quotes"
        raise Refused(code, most=CELL, line=number + 1) from error


def of_json(text: str) -> Iterator[list[Any]]:
    """Rows of JSON lines: the keys of all objects, in the order they first come, then the values."""
    keys: dict[str, None] = {}
    for number, record in objects(text):
        keys |= dict.fromkeys(record)
        if len(keys) > COLUMNS:
            raise Refused("columns", most=COLUMNS, line=number)
    yield list(keys)
    for number, record in objects(text):
        if any(isinstance(value, dict | list) and len(json.dumps(value)) > CELL for value in record.values()):
            raise Refused("cell", most=CELL, line=number)
        yield [record.get(key) for key in keys]


def objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The object of every line that has one."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Refused("json", line=number) from error
        if not isinstance(record, dict):
            raise Refused("json", line=number)
        yield number, record


def _no_number(name: str) -> float:
    raise ValueError(name)


# ── workbooks ───────────────────────────────────────────────────────────────────────────────────────
def of_workbook(path: str) -> Iterator[list[Any]]:
    """Rows of the first sheet that can be seen and has any."""
    check_archive(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            for about in book.sheets_metadata:
                if about.visible != SheetVisibleEnum.Visible:
                    continue
                sheet = book.get_sheet_by_name(about.name)
                if not sheet.height:
                    continue
                if sheet.width > COLUMNS:
                    raise Refused("columns", most=COLUMNS, line=1)
                if sheet.height > ROWS + 1:
                    raise Refused("rows", most=ROWS)
                for row in sheet.iter_rows():
                    yield [plain(cell) for cell in row]
                return
    except CalamineError as error:
        raise Refused("workbook") from error


def check_archive(path: str) -> None:
    """Unpack to nowhere and count: the sizes an archive claims may be lies. Raises Refused."""
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
                raise Refused("bomb")
            for part in parts:
                tail = b""
                with archive.open(part) as content:
                    while piece := content.read(1 << 20):
                        total += len(piece)
                        if total > UNPACKED:
                            raise Refused("bomb")
                        if part.filename.endswith((".xml", ".rels")) and is_declared(tail + piece):
                            raise Refused("entities")
                        tail = piece[-16:]
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
    ) as error:
        raise Refused("workbook") from error


def is_declared(piece: bytes) -> bool:
    """Whether XML declares a document type, which a workbook never does; in any encoding it may be written in."""
    bare = piece.replace(b"\0", b"")
    return b"<!DOCTYPE" in bare or b"<!ENTITY" in bare


def plain(cell: Any) -> Any:
    """A cell as JSON can carry it; a day is a moment at its midnight, for a sheet does not tell the two apart."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime):
        return {"$at": cell.isoformat()}
    if isinstance(cell, date):
        return {"$at": datetime.combine(cell, time()).isoformat()}
    if isinstance(cell, time):
        return {"$time": cell.isoformat()}
    return str(cell)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
