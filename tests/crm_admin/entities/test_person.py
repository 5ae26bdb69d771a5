"""Names are written the way they are where the person lives."""

from __future__ import annotations

import pytest

from crm_admin.entities.person import person_name


@pytest.mark.parametrize(
    ("family", "middle", "given", "country", "written"),
    [
        ("Nguyễn", "Thị Minh", "Khai", "VN", "Nguyễn Thị Minh Khai"),
        ("Trần", None, "Hùng", "vn", "Trần Hùng"),
        ("Smith", "Q.", "John", "US", "John Q. Smith"),
        ("Dupont", None, "Marie", "FR", "Marie Dupont"),
        ("王", None, "小明", "CN", "王小明"),
        ("王", None, "小明", "US", "王小明"),
        ("欧阳", None, "娜娜", None, "欧阳娜娜"),
        ("Wang", None, "Xiaoming", "CN", "Wang Xiaoming"),
        ("Wang", None, "Xiaoming", "US", "Xiaoming Wang"),
        ("Chan", None, "Tai Man", "HK", "Chan Tai Man"),
        ("Tan", None, "Mei Ling", "SG", "Mei Ling Tan"),
        ("陈", None, "美玲", "SG", "陈美玲"),
        ("山田", None, "太郎", "JP", "山田太郎"),
        ("さくら", None, "ももこ", "JP", "さくらももこ"),
        ("Yamada", None, "Taro", "JP", "Yamada Taro"),
        ("김", None, "민준", "KR", "김민준"),
        ("Kim", None, "Min-jun", "KR", "Kim Min-jun"),
        ("Nagy", "Péter", "László", "HU", "Nagy László Péter"),
        ("王", None, "Peter", "CN", "王 Peter"),
        (None, None, "Suharto", "ID", "Suharto"),
        ("Smith", None, None, "GB", "Smith"),
        ("  Lê ", "", " Lợi ", "VN", "Lê Lợi"),
        ("Smith", None, "John", None, "John Smith"),
        (None, None, None, "VN", ""),
        ("", " ", "", "US", ""),
    ],
)
def test_a_name_is_written_as_at_home(
    family: str | None, middle: str | None, given: str | None, country: str | None, written: str
) -> None:
    assert person_name(family, middle, given, country) == written
