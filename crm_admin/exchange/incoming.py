"""Tables that people upload, read by a child process (`untrusted_table.py`) within limits of memory and time."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path
from typing import IO, Any

from crm_admin.exchange import formula
from crm_admin.i18n import Text, gettext, lazy_gettext

PATIENCE_S = 10.0
"""A child that says nothing for so long is stopped."""

ENCODINGS = {
    "": lazy_gettext("Recognise it"),
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "gb18030": "GB 18030 (简体中文)",
    "cp1258": "Windows-1258 (Tiếng Việt)",
    "cp1252": "Windows-1252",
}

_SCRIPT = Path(__file__).with_name("untrusted_table.py")

_REASONS: dict[str, Text] = {
    "old_excel": lazy_gettext("This is an old Excel file. Save it as .xlsx or CSV and try again."),
    "empty": lazy_gettext("There is nothing in this file."),
    "binary": lazy_gettext("This is not a table. Choose a CSV, Excel or JSON lines file."),
    "encoding": lazy_gettext("The letters of this file cannot be read (tried: %(names)s). Save it as UTF-8."),
    "rows": lazy_gettext("The file has more than %(most)s rows. Split it and import the parts."),
    "columns": lazy_gettext("The file has more than %(most)s columns."),
    "cell": lazy_gettext(
        "Row %(line)s has a cell of more than %(most)s characters. Is a quotation mark missing?"
    ),
    "quotes": lazy_gettext("Row %(line)s cannot be read: its quotation marks do not match."),
    "json": lazy_gettext("Line %(line)s is not a JSON object."),
    "workbook": lazy_gettext(
        "This Excel file is damaged or protected by a password. Save it anew and try again."
    ),
    "entities": lazy_gettext("This Excel file has parts that no spreadsheet writes. It is not opened."),
    "bomb": lazy_gettext("This file grows too large when unpacked. It is not opened."),
    "memory": lazy_gettext("This file needs too much memory. Copy only the cells you need into a new file."),
    "time": lazy_gettext("Reading this file takes too long. Split it, or save it as CSV."),
    "broken": lazy_gettext("This file cannot be read. Save it as CSV and try again."),
}

_SIGNALS = {
    signal.SIGXCPU: "time",
    signal.SIGKILL: "time",
    signal.SIGABRT: "memory",
    signal.SIGSEGV: "memory",
    signal.SIGBUS: "memory",
}


class Unreadable(ValueError):
    """The file is no table we take; `str()` says why and what to do."""


@dataclass
class Table:
    """A table being read. `rows` gives (line, cells) once; `count` is known when all of them were taken.

    Cells are text, numbers, True, False, None, moments, times of day, or (JSON lines) any JSON value.
    """

    header: list[str]
    format: str
    encoding: str
    rows: Iterator[tuple[int, list[Any]]]
    count: int = field(default=0)

    def taken(self) -> list[tuple[int, list[Any]]]:
        """All rows that were asked for. Raises Unreadable."""
        return list(self.rows)


@contextmanager
def opened(path: Path, *, encoding: str = "", most: int = -1) -> Iterator[Table]:
    """The table in a file: its header, and its first `most` rows (all when negative). Raises Unreadable."""
    command = [sys.executable, "-I", "-X", "utf8", str(_SCRIPT), str(path), encoding, str(most)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        bufsize=0,
    ) as child:
        assert child.stdout is not None
        said = _said(child, child.stdout)
        try:
            head = next(said)
            table = Table(head["header"], head["format"], head.get("encoding", ""), iter(()))
            table.rows = _rows(said, table)
            yield table
        finally:
            said.close()
            child.kill()


def _rows(said: Iterator[Any], table: Table) -> Iterator[tuple[int, list[Any]]]:
    for line in said:
        if isinstance(line, dict):
            table.count = line["rows"]
            return
        number, cells = line
        yield number, [_cell(cell) for cell in cells] if table.format != "jsonl" else cells


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return formula.restore(cell)
    if isinstance(cell, dict):
        return (
            datetime.fromisoformat(cell["$at"]) if "$at" in cell else clock_time.fromisoformat(cell["$time"])
        )
    return cell


def _said(child: subprocess.Popen[bytes], pipe: IO[bytes]) -> Generator[Any, None, None]:
    """The child's lines. Raises Unreadable when it refuses, dies or falls silent."""
    for text in _lines(pipe):
        line = json.loads(text)
        if isinstance(line, dict) and "error" in line:
            raise Unreadable(_reason(**line))
        yield line
        if isinstance(line, dict) and "rows" in line:
            return
    code = child.wait(PATIENCE_S)
    raise Unreadable(_reason(_SIGNALS.get(signal.Signals(-code), "broken") if code < 0 else "broken"))


def _lines(pipe: IO[bytes]) -> Iterator[bytes]:
    """Whole lines; silence of PATIENCE_S ends them. Raises Unreadable then."""
    rest = b""
    while True:
        asked = time.monotonic()
        while not select.select([pipe], [], [], 1.0)[0]:
            if time.monotonic() - asked > PATIENCE_S:
                raise Unreadable(_reason("time"))
        piece = pipe.read(1 << 16)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines


def _reason(error: str, **facts: Any) -> str:
    if isinstance(facts.get("most"), int):
        facts["most"] = f"{facts['most']:,}"
    text = str(_REASONS[error])
    return text % facts if facts else text


def unreadable_upload(size: int, most_mb: int) -> str | None:
    """Why a file of this many bytes is not even opened; None when it may be."""
    if not size:
        return str(_REASONS["empty"])
    if size > most_mb * 1024 * 1024:
        return gettext("This file is larger than %(most)s MB.", most=most_mb)
    return None
