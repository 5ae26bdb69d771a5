"""Translations: what the source says, what the catalogues say, and the compiled form the application reads.

Strings are taken from the Python packages, the templates and the one file of WTForms whose words can reach a page.
`update` brings them into every `<package>/translations/<locale>/LC_MESSAGES/*.po`, `check` names what is missing or
wrong, and without a command the catalogues are compiled: each `.po` gets its `.mo` beside it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("crm_admin", "call_center", "geo", "templates")
# Its choices refuse what a form never offered; everything else our forms say themselves.
FRAMEWORK = "wtforms.fields.choices"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
# A template that cannot be parsed stops the extraction instead of losing its strings.
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
# Those in braces a script fills in.
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%%|\{\w+\}")
WIDTH = 110


# ── compile ─────────────────────────────────────────────────────────────────────────────────────────
def compile_all(root: Path) -> list[Path]:
    """Compile the catalogues under `root` that are newer than their result; return the files written."""
    return [_compile(source) for source in sources(root) if _is_stale(source, source.with_suffix(".mo"))]


def sources(root: Path) -> list[Path]:
    """The catalogues under `root`, one for each language of each package."""
    return sorted(root.glob("*/translations/*/LC_MESSAGES/*.po"))


def read(source: Path) -> Catalog:
    """One catalogue. Raises PoFileError where it is not well-formed."""
    with source.open("rb") as text:
        return read_po(text, locale=source.parent.parent.name, abort_invalid=True)


def _is_stale(source: Path, compiled: Path) -> bool:
    return not compiled.exists() or compiled.stat().st_mtime <= source.stat().st_mtime


def _compile(source: Path) -> Path:
    catalogue = read(source)
    compiled = source.with_suffix(".mo")
    fresh = compiled.with_suffix(".mo.new")
    with fresh.open("wb") as binary:
        write_mo(binary, catalogue)
    # In one move, because a running application may be reading the old one.
    fresh.replace(compiled)
    return compiled


# ── update ──────────────────────────────────────────────────────────────────────────────────────────
def extract(root: Path) -> Catalog:
    """Every string of the source that people may see, with the files it stands in."""
    found = Catalog(fuzzy=False)
    for folder in SOURCES:
        if (root / folder).is_dir():
            _collect(found, root / folder, folder)
    _collect_framework(found)
    return found


def update(root: Path) -> list[Path]:
    """Bring new strings into the catalogues and take gone ones out; return the files that changed."""
    template = extract(root)
    return [source for source in sources(root) if _update(source, template)]


def _collect(into: Catalog, folder: Path, name: str) -> None:
    for file, _line, texts, comments, context in extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS):
        into.add(texts, locations=[(f"{name}/{file}", 0)], auto_comments=comments, context=context)


def _collect_framework(into: Catalog) -> None:
    module = find_spec(FRAMEWORK)
    assert module is not None
    assert module.origin is not None
    for _line, texts, comments, context in extract_from_file("python", module.origin, KEYWORDS):
        into.add(texts, locations=[(FRAMEWORK, 0)], auto_comments=comments, context=context)


def _update(source: Path, template: Catalog) -> bool:
    before, catalogue = source.read_bytes(), read(source)
    # A guess of Babel's would look like a translation.
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    with source.open("wb") as text:
        write_po(text, catalogue, width=WIDTH, ignore_obsolete=True, include_lineno=False)
    return source.read_bytes() != before


# ── check ───────────────────────────────────────────────────────────────────────────────────────────
def problems(root: Path) -> list[str]:
    """What is missing, left over or wrong in the catalogues, a line each; empty when all is well."""
    template = extract(root)
    return [
        f"{source.relative_to(root)}: {text}"
        for source in sources(root)
        for text in _problems(read(source), template)
    ]


def forms(texts: Any) -> tuple[str, ...]:
    """The forms of a message's source or translation: one, or one for each grammatical number."""
    return tuple(texts) if isinstance(texts, (tuple, list)) else (texts or "",)


def _problems(catalogue: Catalog, template: Catalog) -> Iterator[str]:
    wanted, known = _keys(template), _keys(catalogue)
    yield from (f"no entry for {key}" for key in sorted(wanted - known))
    yield from (f"nothing says {key} any more" for key in sorted(known - wanted))
    for message in catalogue:
        if message.id:
            yield from _faults(message, catalogue.num_plurals)


def _keys(catalogue: Catalog) -> set[tuple[str, str]]:
    return {(str(forms(message.id)[-1]), message.context or "") for message in catalogue if message.id}


def _faults(message: Message, plurals: int) -> Iterator[str]:
    own, translated = forms(message.id), forms(message.string)
    name = repr(own[-1])
    if message.fuzzy:
        yield f"{name} is marked as fuzzy"
    if not all(translated):
        yield f"{name} is not translated"
        return
    if message.pluralizable and len(translated) != plurals:
        yield f"{name} needs {plurals} plural forms"
    for form in translated:
        # The plural of the source holds all placeholders; its singular may say "one" instead of a number.
        if _placeholders(form) != _placeholders(own[-1]):
            yield f"{name} and {form!r} differ in their placeholders"


def _placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


# ── command line ────────────────────────────────────────────────────────────────────────────────────
def main(arguments: Iterable[str]) -> int:
    """Run one command; 1 when `check` found something."""
    parser = argparse.ArgumentParser(prog="catalogues.py", description=__doc__)
    parser.add_argument("command", nargs="?", default="compile", choices=("compile", "update", "check"))
    command = parser.parse_args(list(arguments)).command
    if command == "update":
        for path in update(ROOT):
            print(f"{path.relative_to(ROOT)} has changed")
    found = problems(ROOT) if command in ("update", "check") else []
    print(*found, sep="\n", end="\n" if found else "")
    if command != "check":
        compile_all(ROOT)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
