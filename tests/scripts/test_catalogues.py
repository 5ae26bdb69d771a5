"""Translations are compiled where the application looks for them, and again after a change."""

import gettext
import os
from pathlib import Path

from scripts import catalogues

PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Save"\nmsgstr "{}"\n'


def _catalogue(root: Path, translation: str) -> Path:
    source = root / "crm_admin" / "translations" / "vi" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(PO.format(translation), "utf-8")
    return source


def _translated(root: Path) -> str:
    return gettext.translation("messages", root / "crm_admin" / "translations", ["vi"]).gettext("Save")


def test_a_catalogue_is_compiled_once(tmp_path: Path) -> None:
    source = _catalogue(tmp_path, "Lưu")
    os.utime(source, (1, 1))
    assert catalogues.compile_all(tmp_path) == [source.with_suffix(".mo")]
    assert _translated(tmp_path) == "Lưu"
    assert catalogues.compile_all(tmp_path) == []


def test_a_changed_catalogue_is_compiled_again(tmp_path: Path) -> None:
    catalogues.compile_all(tmp_path)
    source = _catalogue(tmp_path, "Lưu")
    compiled = source.with_suffix(".mo")
    compiled.write_bytes(b"old")
    os.utime(compiled, (1, 1))
    assert catalogues.compile_all(tmp_path) == [compiled]
    assert _translated(tmp_path) == "Lưu"


def _source(root: Path, *lines: str) -> None:
    (root / "crm_admin").mkdir(exist_ok=True)
    (root / "crm_admin" / "page.py").write_text("\n".join(lines), "utf-8")
    (root / "templates").mkdir(exist_ok=True)


def _translate(source: Path, **translations: str) -> None:
    text = source.read_text("utf-8")
    for english, translation in translations.items():
        text = text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{translation}"')
    source.write_text(text, "utf-8")


def test_a_new_string_comes_into_the_catalogue_and_is_missing_until_translated(tmp_path: Path) -> None:
    source = _catalogue(tmp_path, "Lưu")
    _source(tmp_path, 'gettext("Save")', 'lazy_pgettext("command", "Open")')
    (tmp_path / "templates" / "list.html").write_text("<p>{{ _('Search') }}</p>", "utf-8")
    assert any("no entry for ('Search', '')" in text for text in catalogues.problems(tmp_path))
    assert catalogues.update(tmp_path) == [source]
    assert len([text for text in catalogues.problems(tmp_path) if "not translated" in text]) > 2
    _translate(source, Search="Tìm", Open="Mở")
    left = catalogues.problems(tmp_path)
    assert not any("'Search'" in text or "'Open'" in text or "'Save'" in text for text in left)


def test_a_string_that_is_gone_is_taken_out(tmp_path: Path) -> None:
    source = _catalogue(tmp_path, "Lưu")
    _source(tmp_path)
    assert any("nothing says ('Save', '') any more" in text for text in catalogues.problems(tmp_path))
    catalogues.update(tmp_path)
    assert "Lưu" not in source.read_text("utf-8")
    assert catalogues.update(tmp_path) == []


def test_a_translation_keeps_the_placeholders(tmp_path: Path) -> None:
    source = _catalogue(tmp_path, "Lưu")
    _source(tmp_path, 'gettext("Save")', 'ngettext("One of %(all)s", "%(num)s of %(all)s", 2)')
    catalogues.update(tmp_path)
    text = source.read_text("utf-8").replace('msgstr[0] ""', 'msgstr[0] "%(num)s trên %(al)s"', 1)
    source.write_text(text, "utf-8")
    assert any(
        "'%(num)s trên %(al)s' differ in their placeholders" in p for p in catalogues.problems(tmp_path)
    )
    source.write_text(text.replace("%(al)s", "%(all)s"), "utf-8")
    assert not any("placeholders" in p for p in catalogues.problems(tmp_path))


def test_a_guess_does_not_pass_for_a_translation(tmp_path: Path) -> None:
    source = _catalogue(tmp_path, "Lưu")
    _source(tmp_path, 'gettext("Save")')
    source.write_text(source.read_text("utf-8").replace('msgid "Save"', '#, fuzzy\nmsgid "Save"'), "utf-8")
    assert any("'Save' is marked as fuzzy" in text for text in catalogues.problems(tmp_path))
