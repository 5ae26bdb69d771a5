"""Text of every kind: one line, many lines, HTML, e-mail and web addresses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_admin.kinds import KINDS, FieldDef, Invalid
from crm_admin.kinds.richtext import clean, plain
from tests.crm_admin.kinds.stage import reader


def parsed(kind: str, raw: Any, **options: Any) -> Any:
    definition = FieldDef("f", KINDS[kind], "F", options=options)
    return definition.kind.parse(raw, definition, reader())


def test_a_line_is_tidied() -> None:
    assert parsed("text", "  Nguyễn \t Văn\nAn ") == "Nguyễn Văn An"
    assert parsed("text", "Nguye\u0302\u0303n") == "Nguy\u1ec5n"  # combining marks joined
    assert parsed("text", 42) == "42"
    assert parsed("text", 42.0) == "42"


def test_a_line_keeps_to_its_length_and_pattern() -> None:
    assert parsed("text", "x" * 200) == "x" * 200
    with pytest.raises(Invalid, match="At most 200 characters; these are 201"):
        parsed("text", "x" * 201)
    assert parsed("text", "0101243150", pattern=r"\d{10}") == "0101243150"
    with pytest.raises(Invalid, match="ten digits"):
        parsed("text", "01", pattern=r"\d{10}", pattern_message="A tax code has ten digits.")


def test_lines_are_kept_and_line_ends_are_one_sort() -> None:
    assert parsed("longtext", "\r\n one  \r\n\r\n two\rthree \n") == "one\n\n two\nthree"
    definition = FieldDef("f", KINDS["longtext"], "F")
    assert definition.kind.html("a\n<b>", definition, reader()) == "a<br>&lt;b&gt;"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("<p>Hi <b>there</b></p>", "<p>Hi <b>there</b></p>"),
        ("plain", "plain"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("<p onclick='x()' style='color:red' class='a' id='b'>Hi</p>", "<p>Hi</p>"),
        ("<script>alert(1)</script><p>Hi</p>", "<p>Hi</p>"),
        ("<a href='javascript:alert(1)'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='JaVa\tScript:alert(1)'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='data:text/html,x'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='/admin/'>x</a>", '<a href="/admin/" rel="noopener noreferrer">x</a>'),
        ("<img src=x onerror=alert(1)>x", "x"),
        ("<svg><style><img src=x onerror=alert(1)></style></svg>x", "x"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", None),
        ("<iframe srcdoc='<script>1</script>'></iframe>x", "x"),
        ("<form action=/x><input name=y><button>z</button></form>", "z"),
        ("<p></p><br>", None),
        ("<p>&nbsp;</p>", None),
    ],
)
def test_formatted_text_keeps_only_its_short_list(raw: str, kept: str | None) -> None:
    assert parsed("richtext", raw) == kept


def test_formatted_text_is_cleaned_again_on_the_way_out() -> None:
    definition = FieldDef("f", KINDS["richtext"], "F")
    assert "script" not in definition.kind.html("<p>x</p><script>alert(1)</script>", definition, reader())


def test_formatted_text_is_found_by_its_words() -> None:
    definition = FieldDef("f", KINDS["richtext"], "F")
    assert definition.kind.fold_source("<ul><li>một</li><li>hai &amp; ba</li></ul>", definition) == [
        "một\nhai & ba"
    ]
    assert plain("<table><tr><td>a</td><td>b</td></tr></table>") == "a b"


@given(st.text(alphabet="<>/=\"'& abpimgsvscripthref\n\t;:", max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("An@Example.COM", "an@example.com"),
        (" an@example.com ", "an@example.com"),
        ("mailto:an@example.com", "an@example.com"),
        ("An Nguyễn <an@example.com>", "an@example.com"),
        ("小明@例子.中国", "小明@例子.中国"),
        ("a@xn--mnchen-3ya.de", "a@münchen.de"),
        ("a+b_c.d@sub.example.co.uk", "a+b_c.d@sub.example.co.uk"),
        ("ａｎ＠example．com", "an@example.com"),
    ],
)
def test_addresses_of_mail(raw: str, value: str) -> None:
    assert parsed("email", raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "an",
        "an@",
        "@x.vn",
        "an@localhost",
        "a b@x.vn",
        "an@x..vn",
        "an@x.vn,b@x.vn",
        "an@x.vn\nBcc: b@x.vn",
        "a" * 600,
        "<script>@x.vn",
        5,
        True,
        ["an@x.vn"],
    ],
)
def test_addresses_of_mail_that_are_none(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("email", raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("example.com", "https://example.com"),
        ("HTTP://Example.COM/A?b=C#d", "http://example.com/A?b=C#d"),
        ("//example.com/x", "https://example.com/x"),
        ("example.com:8080/x", "https://example.com:8080/x"),
        ("https://例子.中国/路", "https://例子.中国/路"),
        ("http://10.0.0.1/", "http://10.0.0.1/"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/"),
        (" https://a.b/?q=%20x ", "https://a.b/?q=%20x"),
    ],
)
def test_web_addresses(raw: str, value: str) -> None:
    assert parsed("url", raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:a@b.vn",
        "ftp://example.com",
        "http://",
        "https:///x",
        "http:example.com",
        "localhost",
        "https://user:pw@example.com",
        "https://user@example.com",
        "https://example.com\\@evil.com",
        "http://a b.com",
        "http://a.b/\nx",
        "http://exa<mple.com",
        "http://a.b:99999",
        "http://[::1",
        "https://.",
        "https://a..b",
        "http://a.b/\u202egpj",
        "x" * 2001,
        5,
        ["http://a.b"],
    ],
)
def test_web_addresses_that_are_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("url", raw)


def test_a_web_address_that_came_round_the_door_is_no_link() -> None:
    definition = FieldDef("f", KINDS["url"], "F")
    assert definition.kind.html("javascript:alert(1)", definition, reader()) == "javascript:alert(1)"
    html = str(definition.kind.html("https://example.com/", definition, reader()))
    assert 'rel="noopener noreferrer"' in html
    assert ">example.com<" in html
