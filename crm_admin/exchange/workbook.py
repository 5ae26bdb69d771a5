"""An .xlsx written as it is read: row by row into the archive, nothing kept, on as many sheets as it takes.

Every text is a cell of text; there is no way to write a formula.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any
from xml.sax.saxutils import escape, quoteattr

ROWS = 1_048_576
"""Rows of one sheet, the header included: a limit of the format."""

LONGEST = 32_767
"""Characters of one cell: a limit of the format. Longer text is cut."""

SHEET_BYTES = 1_500_000_000
"""Beyond 2 GiB a part of the archive needs a form that Excel does not open; a new sheet begins well before."""

EXACT = 10**15
"""Larger whole numbers lose digits as numbers and are written as text."""

_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
# Control characters are written as `_x000B_`; an underscore that would read as the beginning of such a code, too.
_CODED = re.compile("[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CHUNK = 64 * 1024


def write(name: str, header: list[str], batches: Iterable[list[list[Any]]]) -> Iterator[bytes]:
    """The file in pieces. `batches` are rows of text, numbers, True, False and None; `name` is that of the sheet."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        rows = (row for batch in batches for row in batch)
        sheets, more = 0, True
        while more:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                more = False
                size = sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{_row(header)}'.encode())
                for number, row in enumerate(rows, 2):
                    size += sheet.write(_row(row).encode())
                    if sink.waiting >= _CHUNK:
                        yield sink.take()
                    if number >= ROWS or size > SHEET_BYTES:
                        more = True
                        break
                sheet.write(b"</sheetData></worksheet>")
        for path, text in _frame(name, sheets).items():
            archive.writestr(path, _HEAD + text)
    yield sink.take()


def _row(cells: Iterable[Any]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if value is True or value is False:
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float) and abs(value) < EXACT:
        return f"<c><v>{value!r}</v></c>"
    text = _CODED.sub(lambda found: f"_x{ord(found[0]):04X}_", _NOT_XML.sub("", str(value))[:LONGEST])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _frame(name: str, sheets: int) -> dict[str, str]:
    """The other parts of the archive, by path."""
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    title = re.sub(r"[\[\]:*?/\\]", " ", _CODED.sub("", _NOT_XML.sub("", name)))[:25].strip("' ") or "Sheet"
    numbers = range(1, sheets + 1)
    listed = "".join(
        f'<sheet name={quoteattr(title if n == 1 else f"{title} {n}")} sheetId="{n}" r:id="rId{n}"/>'
        for n in numbers
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{types}.worksheet+xml"/>'
        for n in numbers
    )
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>{parts}</Types>',
    }


class _Sink(RawIOBase):
    """What the archive writes into: cannot seek, gives away what it has."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self.waiting += len(data)
        return len(data)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.waiting = 0
        return taken
