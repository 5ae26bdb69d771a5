"""One field of every kind, values for it, questions about it, and the answers that Python gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

import peewee

from crm_admin.db import Table
from crm_admin.folding import fold
from crm_admin.kinds import KINDS, Choice, FieldDef, Reader
from crm_admin.kinds.autonumber import Sequence
from crm_admin.kinds.choices import ChoiceValue
from crm_admin.kinds.links import RecordLink
from crm_admin.kinds.money import Money
from crm_admin.kinds.phone import PhoneIndex
from crm_admin.kinds.subject import Ref

HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(1)>"'&"""
SIDE_TABLES = (Sequence, ChoiceValue, RecordLink, PhoneIndex)

COLOURS = (
    Choice("r", "Đỏ", "red"),
    Choice("g", "Green", "green"),
    Choice("b", "蓝色", "blue"),
    Choice("old", "Old one", retired=True),
)

Truth = Callable[[Any], bool]


def names(entity: str, ids: Iterable[int]) -> dict[int, str]:
    """Records up to 900 are visible; all have a hostile name."""
    return {number: f"{HOSTILE} {entity} {number}" for number in ids if number <= 900}


def reader(language: str = "en", **changes: Any) -> Reader:
    """A person in Viet Nam whose records have hostile names."""
    usual: dict[str, Any] = {"language": language, "timezone": "Asia/Ho_Chi_Minh", "names": names}
    return Reader(**(usual | changes))


@dataclass
class Stage:
    """A kind on trial: raw values to store, and questions as (operator, raw, what is true of a value)."""

    kind: str
    raws: list[Any]
    asked: list[tuple[str, Any, Truth]]
    options: dict[str, Any] = field(default_factory=dict)
    sort_key: Callable[[Any], Any] | None = None

    @property
    def definition(self) -> FieldDef:
        return FieldDef("f", KINDS[self.kind], "Field", options=self.options)

    def model(self) -> type[Table]:
        """A table with nothing but the columns of the field."""
        definition = self.definition
        columns: dict[str, Any] = {
            definition.kind.column_name(definition, suffix): column
            for suffix, column in definition.kind.columns(definition).items()
        }
        meta = type("Meta", (), {"table_name": f"trial_{self.kind}", "entity_key": "trial"})
        return type("Trial", (Table,), {"id": peewee.AutoField(), "Meta": meta, **columns})


def is_empty(value: Any) -> bool:
    return value is None


def compared(
    raws: list[Any], values: list[Any], in_raws: list[Any], in_values: list[Any]
) -> list[tuple[str, Any, Truth]]:
    """Every comparison of an ordered kind with each of `raws`, which mean `values`."""
    asked: list[tuple[str, Any, Truth]] = [
        ("isnull", True, is_empty),
        ("isnull", "0", lambda v: v is not None),
        ("in", in_raws, lambda v: v in in_values),
    ]
    for raw, value in zip(raws, values, strict=True):
        asked += [(name, raw, partial(compare, value)) for name, compare in _COMPARISONS.items()]
    return asked


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda given, v: v == given,
    "ne": lambda given, v: v != given,
    "lt": lambda given, v: v is not None and v < given,
    "lte": lambda given, v: v is not None and v <= given,
    "gt": lambda given, v: v is not None and v > given,
    "gte": lambda given, v: v is not None and v >= given,
}


def _text_truths() -> list[tuple[str, Any, Truth]]:
    def folded(v: Any) -> str:
        return "" if v is None else fold(v)

    return [
        ("isnull", True, is_empty),
        ("isnull", False, lambda v: v is not None),
        ("eq", "nguyen van an", lambda v: folded(v) == "nguyen van an"),
        ("ne", "NGUYỄN văn An", lambda v: folded(v) != "nguyen van an"),
        ("eq", "???", lambda v: v == "???"),
        ("ne", "!!!", lambda v: v != "!!!"),
        ("in", "nguyen van an,王小明", lambda v: folded(v) in ("nguyen van an", "王小明")),
        ("in", ["???"], lambda v: v == "???"),
        ("contains", "VĂN", lambda v: "van" in folded(v)),
        ("contains", "小", lambda v: "小" in folded(v)),
        ("contains", "100%", lambda v: "100" in folded(v)),
        ("startswith", "nguy", lambda v: folded(v).startswith("nguy")),
    ]


def _money_truths() -> list[tuple[str, Any, Truth]]:
    def dong(v: Any) -> bool:
        return v is not None and v.currency == "VND"

    return [
        ("isnull", True, is_empty),
        ("isnull", False, lambda v: v is not None),
        ("eq", "1.234.567 ₫", lambda v: v == Money(1_234_567, "VND")),
        ("eq", {"amount": 12.5, "currency": "USD"}, lambda v: v == Money(1250, "USD")),
        ("ne", "12.50 USD", lambda v: v != Money(1250, "USD")),
        ("lt", 1_250, lambda v: dong(v) and v.minor < 1250),
        ("lte", 1_250, lambda v: dong(v) and v.minor <= 1250),
        ("gt", "0 VND", lambda v: dong(v) and v.minor > 0),
        ("gte", "12.5 USD", lambda v: v is not None and v.currency == "USD" and v.minor >= 1250),
        ("in", ["1250 VND", "12.5 USD"], lambda v: v in (Money(1250, "VND"), Money(1250, "USD"))),
    ]


def _near(lat: float, lon: float, km: float) -> Truth:
    """Great-circle distance: every point of the trial lies well inside or well outside."""

    def within(v: Any) -> bool:
        if v is None or v.lat is None:
            return False
        a, b = math.radians(lat), math.radians(v.lat)
        h = (
            math.sin((b - a) / 2) ** 2
            + math.cos(a) * math.cos(b) * math.sin(math.radians(v.lon - lon) / 2) ** 2
        )
        return 2 * 6371 * math.asin(math.sqrt(h)) <= km

    return within


_DAYS = [date(1000, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(9999, 12, 31)]
_MOMENTS = [
    datetime(1000, 1, 2),
    datetime(2024, 2, 28, 16, 59, 59),
    datetime(2024, 2, 28, 17, 0),
    datetime(2024, 2, 29, 6, 14, 15, 500_000),
    datetime(2024, 2, 29, 17, 0),
    datetime(9999, 12, 29),
]
_UTC = [m.isoformat() + "Z" for m in _MOMENTS]
_TIMES = [time(0, 0), time(9, 5), time(9, 5, 1), time(23, 59, 59)]
_EXACT = [
    Decimal("-9999999999999.99"),
    Decimal("-0.01"),
    Decimal("0"),
    Decimal("0.1"),
    Decimal("0.3"),
    Decimal("9999999999999.99"),
]

STAGES = {
    stage.kind: stage
    for stage in (
        Stage(
            "text",
            [
                "Nguyễn Văn An",
                "nguyen van AN",
                "Nguyễn Thị Bình",
                "王小明",
                "100% _x_",
                "1000",
                "???",
                "!!!",
                None,
                "Đỗ",
            ],
            _text_truths(),
            sort_key=fold,
        ),
        Stage(
            "longtext",
            ["Dòng một\nDòng hai", "x" * 300 + " cuối", "王小明", "100%", None],
            [
                ("isnull", True, is_empty),
                ("contains", "dong hai", lambda v: v is not None and "hai" in v),
                ("contains", "CUOI", lambda v: v is not None and "cuối" in v),
                ("contains", "小明", lambda v: v is not None and "小明" in v),
            ],
        ),
        Stage(
            "richtext",
            ["<p>Xin <b>chào</b></p>", "<ul><li>một</li><li>hai</li></ul>", "<p>1 &lt; 2 &amp; 3</p>", None],
            [
                ("isnull", True, is_empty),
                ("contains", "xin chao", lambda v: v is not None and "Xin" in v),
                ("contains", "mot hai", lambda v: v is not None and "một" in v),
                ("contains", "1 < 2 & 3", lambda v: v is not None and "2" in v),
                ("contains", "li", lambda v: False),
            ],
        ),
        Stage(
            "integer",
            [0, -5, 5, 999_999_999_999_999, -999_999_999_999_999, None, "1,234"],
            compared([0, "-5", 5.0, "1,234"], [0, -5, 5, 1234], ["0", 5, "7"], [0, 5, 7]),
            sort_key=int,
        ),
        Stage(
            "duration",
            [0, 5, 65, 3_723, 366 * 86_400, None, "1:02:03"],
            compared([0, "1:05", 5.0, "1:02:03"], [0, 65, 5, 3_723], ["0", 5, "0:07"], [0, 5, 7]),
            sort_key=int,
        ),
        Stage(
            "decimal",
            [*map(str, _EXACT), None],
            compared(
                ["0.1", 0.3, "-0.01", float(_EXACT[-1])],
                [*map(Decimal, ("0.1", "0.3", "-0.01")), _EXACT[-1]],
                ["0.1", 0.3],
                [Decimal("0.1"), Decimal("0.3")],
            ),
            sort_key=Decimal,
        ),
        Stage(
            "percent",
            ["12.5 %", "0", "100%", 33.33, None],
            compared(
                ["12.5%", 33.33], [Decimal("12.5"), Decimal("33.33")], [0, 100], [Decimal(0), Decimal(100)]
            ),
            sort_key=Decimal,
        ),
        Stage(
            "money",
            ["1.234.567 ₫", "1250 VND", "12.50 USD", "-3 VND", "999,999,999,999,999 ₫", "0 VND", None],
            _money_truths(),
            sort_key=lambda v: v.minor,
        ),
        Stage(
            "date",
            [*(d.isoformat() for d in _DAYS), None],
            compared(
                ["2024-02-29", "1000-01-01"], [_DAYS[1], _DAYS[0]], ["2024-03-01", "2020-01-01"], [_DAYS[2]]
            ),
            sort_key=date.toordinal,
        ),
        Stage(
            "time",
            [*(t.isoformat() for t in _TIMES), None],
            compared(["09:05", "9:05:01"], _TIMES[1:3], ["00:00", "23:59:59"], [_TIMES[0], _TIMES[3]]),
            sort_key=time.isoformat,
        ),
        Stage(
            "datetime",
            [*_UTC, None],
            [
                *compared([_UTC[2], _UTC[3]], _MOMENTS[2:4], _UTC[:2], _MOMENTS[:2]),
                # 29 February in Ho Chi Minh City is 17:00 UTC of the day before to 17:00 UTC.
                ("eq", "2024-02-29", lambda v: v is not None and _MOMENTS[2] <= v < _MOMENTS[4]),
                ("ne", "2024-02-29", lambda v: v is None or not _MOMENTS[2] <= v < _MOMENTS[4]),
                ("lt", "2024-02-29", lambda v: v is not None and v < _MOMENTS[2]),
                ("lte", "2024-02-29", lambda v: v is not None and v < _MOMENTS[4]),
                ("gt", "2024-02-29", lambda v: v is not None and v >= _MOMENTS[4]),
                ("gte", "2024-02-29", lambda v: v is not None and v >= _MOMENTS[2]),
            ],
            sort_key=datetime.isoformat,
        ),
        Stage(
            "flag",
            [True, False, "yes", "không", None],
            [
                ("eq", True, lambda v: v is True),
                ("eq", "0", lambda v: v is False),
                ("ne", "true", lambda v: v is not True),
                ("ne", False, lambda v: v is not False),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
            options={"nullable": True},
            sort_key=int,
        ),
        Stage(
            "choice",
            ["r", "g", "b", "old", None, "g"],
            [
                ("eq", "g", lambda v: v == "g"),
                ("eq", "đỏ", lambda v: v == "r"),
                ("ne", "g", lambda v: v != "g"),
                ("in", "g,old", lambda v: v in ("g", "old")),
                ("isnull", True, is_empty),
            ],
            options={"choices": COLOURS},
            sort_key=lambda v: [c.key for c in COLOURS].index(v),
        ),
        Stage(
            "choices",
            [["r"], ["g", "r"], "g,b", ["old"], None, ["r", "g", "b"]],
            [
                ("contains", "g", lambda v: v is not None and "g" in v),
                ("contains", ["g", "b"], lambda v: v is not None and bool({"g", "b"} & set(v))),
                ("in", "r,old", lambda v: v is not None and bool({"r", "old"} & set(v))),
                ("eq", "r,g", lambda v: v is not None and set(v) == {"r", "g"}),
                ("ne", ["r"], lambda v: v != ("r",)),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
            options={"choices": COLOURS},
        ),
        Stage(
            "phone",
            [
                "0912 345 678",
                "+84 912 345 679",
                "024 3822 3344 ext 12",
                "+1 650 253 0000",
                "01201234567",
                None,
            ],
            [
                ("eq", "+84912345678", lambda v: v is not None and v.e164 == "+84912345678"),
                ("ne", "0912345678", lambda v: v is None or v.e164 != "+84912345678"),
                (
                    "in",
                    ["0912345678", "+16502530000"],
                    lambda v: v is not None and v.e164 in ("+84912345678", "+16502530000"),
                ),
                ("contains", "345 67", lambda v: v is not None and "34567" in v.e164),
                ("contains", "0912", lambda v: v is not None and "912" in v.e164),
                ("startswith", "091", lambda v: v is not None and v.e164.startswith("+8491")),
                ("startswith", "+1 6", lambda v: v is not None and v.e164.startswith("+16")),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
            sort_key=lambda v: v.e164,
        ),
        Stage(
            "email",
            ["An@Example.com", "binh_1@example.com", "binhx1@example.com", "小明@example.com", None],
            [
                ("eq", "AN@EXAMPLE.COM", lambda v: v == "an@example.com"),
                ("ne", "an@example.com", lambda v: v != "an@example.com"),
                ("in", "an@example.com,no@example.com", lambda v: v == "an@example.com"),
                ("contains", "BINH_", lambda v: v is not None and "binh_" in v),
                ("startswith", "b", lambda v: v is not None and v.startswith("b")),
                ("isnull", False, lambda v: v is not None),
            ],
            sort_key=str,
        ),
        Stage(
            "url",
            [
                "example.com",
                "https://Example.com/A",
                "https://example.com/a",
                "http://münchen.de/ü?x=1#y",
                None,
            ],
            [
                ("eq", "https://example.com/a", lambda v: v == "https://example.com/a"),
                ("ne", "example.com", lambda v: v != "https://example.com"),
                (
                    "in",
                    "example.com,https://example.com/A",
                    lambda v: v in ("https://example.com", "https://example.com/A"),
                ),
                ("contains", "MUNCHEN", lambda v: v is not None and "münchen" in v),
                ("startswith", "http://", lambda v: v is not None),
                ("isnull", True, is_empty),
            ],
            sort_key=fold,
        ),
        Stage(
            "link",
            [7, "8", {"id": 9}, 2**63 - 1, None],
            [
                ("eq", 7, lambda v: v == 7),
                ("ne", "7", lambda v: v != 7),
                ("in", "7,8,1", lambda v: v in (7, 8)),
                ("isnull", True, is_empty),
            ],
            options={"target": "contact"},
        ),
        Stage(
            "user", [7, 8, None], [("eq", 7, lambda v: v == 7), ("isnull", False, lambda v: v is not None)]
        ),
        Stage(
            "file", [7, 8, None], [("eq", 7, lambda v: v == 7), ("isnull", False, lambda v: v is not None)]
        ),
        Stage(
            "links",
            [[7], "7,8", [{"id": 9}], [2**63 - 1], None],
            [
                ("contains", 7, lambda v: v is not None and 7 in v),
                ("contains", [8, 9], lambda v: v is not None and bool({8, 9} & set(v))),
                ("in", "7,9", lambda v: v is not None and bool({7, 9} & set(v))),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
            options={"target": "contact"},
        ),
        Stage(
            "subject",
            ["contact:7", {"entity": "account", "id": 7}, "contact:8", None],
            [
                ("eq", "contact:7", lambda v: v == Ref("contact", 7)),
                ("ne", "contact:7", lambda v: v != Ref("contact", 7)),
                (
                    "in",
                    ["contact:8", {"entity": "account", "id": 7}],
                    lambda v: v in (Ref("contact", 8), Ref("account", 7)),
                ),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
            options={"targets": ("contact", "account")},
        ),
        Stage(
            "place",
            [
                {
                    "street": "1 Lê Lợi",
                    "province": "TP. Hồ Chí Minh",
                    "lat": 10.7769,
                    "lon": 106.7009,
                    "level": "street",
                },
                {"street": "2 Phố Huế", "province": "Hà Nội", "lat": 21.0, "lon": 105.85},
                {"city": "Suva", "country": "FJ", "lat": -18.14, "lon": 178.44},
                {"city": "Apia", "country": "WS", "lat": -13.83, "lon": -171.77},
                {"lat": -18.0, "lon": -179.9, "country": "FJ"},
                {"street": "人民路1号", "district": "黄浦区", "city": "上海", "country": "中国"},
                "Số 3, đường không tên",
                None,
            ],
            [
                ("contains", "ha noi", lambda v: v is not None and v.province == "Hà Nội"),
                ("contains", "上海", lambda v: v is not None and v.city == "上海"),
                ("near", "10.78,106.70,5", _near(10.78, 106.70, 5)),
                ("near", [21.0, 105.85, 0.001], _near(21.0, 105.85, 0.001)),
                ("near", "-18.1,179.9,200", _near(-18.1, 179.9, 200)),
                ("near", "-18.1,-179.95,200", _near(-18.1, -179.95, 200)),
                ("near", "90,0,500", _near(90, 0, 500)),
                ("isnull", True, is_empty),
                ("isnull", False, lambda v: v is not None),
            ],
        ),
        Stage(
            "autonumber",
            ["CASE-2026-00001", "CASE-2026-00002", "CASE-2025-00001", None],
            [
                ("eq", "CASE-2026-00001", lambda v: v == "CASE-2026-00001"),
                ("contains", "00001", lambda v: v is not None and "00001" in v),
                ("startswith", "case-2026", lambda v: v is not None and v.startswith("CASE-2026")),
                ("isnull", True, is_empty),
            ],
            options={"pattern": "CASE-{year}-{number:05d}"},
            sort_key=str,
        ),
    )
}
