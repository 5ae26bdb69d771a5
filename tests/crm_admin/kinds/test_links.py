"""Links to one record, to many, to a record of any entity, and to a file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage, MultiDict

from crm_admin.forms import build
from crm_admin.kinds import KINDS, FieldDef, Invalid
from crm_admin.kinds.base import Upload
from crm_admin.kinds.file import safe_name
from crm_admin.kinds.subject import Ref
from tests.crm_admin.kinds.stage import reader

OPTIONS: dict[str, dict[str, Any]] = {
    "link": {"target": "contact"},
    "links": {"target": "contact"},
    "subject": {"targets": ("contact", "account")},
}


def field(kind: str, required: bool = False, **options: Any) -> FieldDef:
    return FieldDef("f", KINDS[kind], "F", required=required, options=OPTIONS.get(kind, {}) | options)


def find(entity: str, text: str) -> list[int]:
    return {"An": [7], "Bình": [8, 9], "123 Co": [10]}.get(text, []) if entity == "contact" else []


def parsed(kind: str, raw: Any, **options: Any) -> Any:
    definition = field(kind, **options)
    return definition.kind.parse(raw, definition, reader(find=find))


@pytest.mark.parametrize(
    "raw", [7, "7", " 7 ", 7.0, {"id": 7}, {"id": "7"}, {"": 7, "name": "An"}, {"": "", "name": "An"}, "An"]
)
def test_a_record_is_named_by_id_or_by_its_one_name(raw: Any) -> None:
    assert parsed("link", raw) == 7


@pytest.mark.parametrize(
    "raw", [0, -1, 2**63, "9" * 30, 7.5, True, [7], {"id": [7]}, "Bình", "Nobody", "٧", "x" * 9_999]
)
def test_what_names_no_record_is_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("link", raw)


def test_a_name_that_begins_with_digits_is_a_name() -> None:
    assert parsed("link", "123 Co") == 10


def test_a_record_that_may_not_be_seen_has_no_name() -> None:
    definition = field("link")
    for shown in (
        definition.kind.format(999, definition, reader()),
        str(definition.kind.html(999, definition, reader())),
    ):
        assert "not visible" in shown
        assert "999" not in shown
    assert definition.kind.draft(999, definition, reader())["id"] == 999


def test_the_writer_must_be_allowed_to_see_what_is_linked() -> None:
    assert field("link").kind.references(7, field("link")) == [("contact", 7)]
    assert field("user").kind.references(7, field("user")) == [("user", 7)]
    assert field("links").kind.references((7, 8), field("links")) == [("contact", 7), ("contact", 8)]
    assert field("subject").kind.references(Ref("account", 7), field("subject")) == [("account", 7)]
    assert field("file").kind.references(7, field("file")) == [("attachment", 7)]


def test_many_links_are_a_sorted_set() -> None:
    assert parsed("links", "8, 7,An") == (7, 8)
    assert parsed("links", [9, {"id": 8}, "9"]) == (8, 9)
    for raw in ([0], list(range(1, 202)), "7,Nobody", [[7]], True):
        with pytest.raises(Invalid):
            parsed("links", raw)


def test_a_subject_is_one_record_of_the_entities_that_are_meant() -> None:
    assert parsed("subject", "contact:7") == Ref("contact", 7)
    assert parsed("subject", "contact:An") == Ref("contact", 7)
    assert parsed("subject", {"entity": "account", "id": "7"}) == Ref("account", 7)
    assert parsed("subject", {"": "contact:7", "name": "An"}) == Ref("contact", 7)
    assert parsed("subject", {"entity": "contact", "id": ""}) is None
    for raw in (
        "user:7",
        "7",
        "contact:0",
        "contact:",
        {"id": 7},
        {"entity": "contact", "id": True},
        "contact:account:7",
    ):
        with pytest.raises(Invalid):
            parsed("subject", raw)


def upload(name: str, content: bytes = b"data", **posted: str) -> MultiDict[str, Any]:
    return MultiDict({"f": FileStorage(BytesIO(content), name, content_type="text/plain"), **posted})


def test_a_file_is_taken_from_the_form_and_kept_in_the_transaction() -> None:
    definition = field("file")
    form = build([definition], reader())(upload("../Báo giá.pdf"), data={"f": 5})
    assert form.validate()
    assert form["f"].data == Upload("Báo giá.pdf", b"data", "text/plain")
    kept: list[Upload] = []

    def keep(sent: Upload) -> int:
        kept.append(sent)
        return 12

    who = reader(keep=keep)
    assert definition.kind.settle(form["f"].data, "contact", definition, who, new=False) == 12
    assert kept == [form["f"].data]
    assert definition.kind.settle(5, "contact", definition, who, new=False) == 5


def test_a_form_without_a_new_file_keeps_the_present_one() -> None:
    form = build([field("file", required=True)], reader())
    for posted in (MultiDict({}), upload("")):
        sent = form(posted, data={"f": 5})
        assert sent.validate()
        assert sent["f"].data == 5
        assert not sent["f"].posted
    assert build([field("file")], reader())(MultiDict({"f-remove": "1"}), data={"f": 5})["f"].data is None
    assert not form(MultiDict({}), data={"f": None}).validate()


def test_the_control_names_the_present_file() -> None:
    page = str(build([field("file")], reader())(data={"f": 5})["f"]())
    assert "attachment 5" in page
    assert 'name="f-remove"' in page
    assert "<script>" not in page


def test_files_keep_to_the_limit() -> None:
    form = build([field("file", max_mb=1)], reader())
    assert form(upload("a.bin", b"x" * 1024 * 1024))["f"].data is not None
    assert form(upload("a.bin", b"x" * (1024 * 1024 + 1)))["f"].process_errors == [
        "This file is larger than 1 MB."
    ]
    assert form(upload("a.bin", b""))["f"].process_errors == ["This file is empty."]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Báo giá.pdf", "Báo giá.pdf"),
        ("报价.pdf", "报价.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\x00.php", "a.php"),
        ("a\r\nb.txt", "ab.txt"),
        ('<a href="x">.svg', "_a href=_x__.svg"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("CON.txt", "_CON.txt"),
        ("a.pHaR. ", "a.pHaR"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("\u200b\ufeff", "file"),
        ("a/", "file"),
        ("%2e%2e%2fx", "%2e%2e%2fx"),
    ],
)
def test_file_names_are_made_safe(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept
    assert safe_name(kept) == kept
