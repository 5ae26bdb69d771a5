"""Third-party browser code: in place, whole, listed with its licences, and with no address in the lock."""

import re

import pytest

from scripts import vendor


def test_vendor_folder_is_current() -> None:
    assert vendor.is_current()


def test_notices_on_the_shelf_are_those_of_the_vendored_packages() -> None:
    assert vendor.NOTICES.read_text("utf-8") == vendor.notices()


def test_every_named_icon_is_in_the_sprite() -> None:
    sprite = (vendor.VENDOR / "icons" / "tabler-sprite.svg").read_text("utf-8")
    assert re.findall(r'id="tabler-([^"]+)"', sprite) == sorted(vendor.ICON_LIST.read_text("utf-8").split())


def test_an_unknown_icon_is_named() -> None:
    with pytest.raises(vendor.VendorError, match="no-such-icon"):
        vendor._symbol(vendor.NODE_MODULES / vendor.ICON_PACKAGE / "icons", "no-such-icon")


def test_a_file_gone_from_the_vendor_folder_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    is_file = type(vendor.VENDOR).is_file
    monkeypatch.setattr(
        type(vendor.VENDOR), "is_file", lambda path: path.name != "htmx.min.js" and is_file(path)
    )
    assert not vendor.is_current()


@pytest.mark.parametrize("name", ["package-lock.json", "requirements/run.txt", "requirements/dev.txt"])
def test_lock_files_name_no_registry(name: str) -> None:
    text = (vendor.ROOT / name).read_text("utf-8")
    assert not re.search(r'"resolved"|--index-url|--find-links|file://|^\S+ @ ', text, re.MULTILINE)
