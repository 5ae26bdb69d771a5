"""Folding: the form of a text in which two spellings of one name are equal, the same on every database."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not decompose but that people type without the stroke.
_STROKES = str.maketrans(
    {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)
_SIGNS = str.maketrans("", "", "+-.")
_SPACE = re.compile(r"[^\w@.+\-]+|_+")
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]+")


def fold(text: str) -> str:
    """Lower case, without diacritics (đ → d), full-width forms narrowed, runs of space and punctuation one space."""
    if text.isascii():  # nothing to take apart: four times as fast for digits, addresses and most of English
        return _SPACE.sub(" ", text.lower()).strip()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).translate(_STROKES)
    return _SPACE.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def words(query: str, most: int = 8) -> list[str]:
    """The folded words of a search, at most `most` of them: a longer query only narrows what these find."""
    return [_digits(word) or word for word in fold(query).split()[:most]]


def _digits(word: str) -> str:
    """A piece of a phone number without the signs people write into it; "" for anything else."""
    plain = word.translate(_SIGNS)
    return plain if plain.isdigit() else ""


def index_text(parts: list[str]) -> str:
    """What a record is found by: its folded texts, and every pair of neighbouring ideographs as a word of its own.

    A trigram index cannot see fewer than three characters; with a space before each word and each pair,
    a two-letter search is the trigram " xy" and finds word beginnings and Chinese names of two characters.
    """
    folded = [f for f in (fold(part) for part in parts if part) if f]
    if not folded:
        return ""
    text = " ".join(folded)
    pairs = {run[i : i + 2] for run in _IDEOGRAPHS.findall(text) for i in range(len(run) - 1)}
    return f" {text}" + "".join(f" {pair}" for pair in sorted(pairs))


def needle(word: str) -> str:
    """The form in which a folded `word` of two or more characters is looked up in `index_text`."""
    return f" {word}" if len(word) == 2 else word
