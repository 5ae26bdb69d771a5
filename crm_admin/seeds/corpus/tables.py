"""The data files beside this module, and picking from them by weight in constant time."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

_DATA = Path(__file__).parent / "data"
_SLOTS = 4000


def rows(name: str) -> list[dict[str, str]]:
    """The rows of `data/<name>.tsv`, each a mapping of column to text as written."""
    with (_DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def document(name: str) -> Any:
    """The content of `data/<name>.json`."""
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


def wheel(weighted: Iterable[tuple[T, float]]) -> tuple[T, ...]:
    """Each value repeated in proportion to its weight, at least once: what `spin` picks from."""
    pairs = list(weighted)
    total = sum(weight for _, weight in pairs)
    return tuple(value for value, weight in pairs for _ in range(max(1, round(weight / total * _SLOTS))))


def spin(rng: Random, values: Sequence[T]) -> T:
    """One of `values`, from a single `rng.random()`."""
    return values[int(rng.random() * len(values))]
