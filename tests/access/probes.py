"""Small parts of the access tests, cheap enough to run once for every guard: each finds something wrong or nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest
from flask import Flask

from tests.access import (
    test_call_rules,
    test_canary,
    test_inference,
    test_inner_rules,
    test_mass_assignment,
    test_matrix,
    test_offers,
    test_rights_change,
    test_rules,
)
from tests.access.requests import Asking
from tests.access.test_matrix import House
from tests.access.world import World, undone
from tests.installation import copied


@contextmanager
def company_of_the_cast(template: str, folder: Path) -> Iterator[House]:
    """An installation with the cast and nothing else, as the tests of single rules expect it."""
    with copied("sqlite", template, folder) as app:
        world = World(app)
        yield House(world, Asking(world), "")


COMPANIES: dict[str, Callable[[str, Path], AbstractContextManager[House]]] = {
    "cast": company_of_the_cast,
    "quiet": lambda template, folder: test_matrix.quiet_company("sqlite", template, folder),
    "secrets": test_inference.company_with_secrets,
    "work": test_canary.company_at_work,
}
"""Where probes look, the quickest first: who is noticed in one is not looked for in the next."""

CELLS = 250
"""Cells of one look at the matrix."""


def company_of(probe: str) -> str:
    """The company in which a probe looks."""
    return {"change": "cast", "canary": "work", "guess": "secrets", "foreign": "secrets"}.get(
        probe.partition(" ")[0], "quiet"
    )


def look(house: House, probe: str) -> str | None:
    """The first thing that a probe finds wrong; None when all is well.

    `cells PATTERN` asks the cells whose name the pattern is found in, `canary ACTOR PATTERN` sweeps the paths,
    `guess ENTITY FIELD` and `foreign ENTITY` compare companies, `offers ACTOR` follows links, `assign ENTITY`,
    `make ENTITY`, `give WHO WHOM`, `profile`, `file` and `change TEST` run the test of that name.
    """
    name, _, rest = probe.partition(" ")
    return next(_LOOKS[name](house, *rest.split()), None)


def _cells(house: House, *pattern: str) -> Iterator[str]:
    wanted = re.compile(" ".join(pattern))
    every = [cell for cell in test_matrix.cells(house.world.app) if wanted.search(str(cell))]
    assert every, f"no cell is called like {wanted.pattern}"
    questions = [list(same) for _, same in groupby(every, key=attrgetter("question"))]
    random.Random(1).shuffle(questions)
    room = CELLS
    while questions and room > 0:
        same = questions.pop()
        room -= len(same)
        yield from test_matrix.deviations(house, same)


def _canary(house: House, actor: str, pattern: str = "") -> Iterator[str]:
    yield from test_canary.leaks(house, actor, set(), pattern)


def _offers(house: House, actor: str) -> Iterator[str]:
    try:
        found = test_offers.offers(house, actor)
    except AssertionError as error:
        yield str(error)
        return
    yield from test_offers.refused(house, actor, found)


def _test(run: Callable[[House], None]) -> Callable[[House], Iterator[str]]:
    """A whole test as a probe; what it writes goes back."""

    def looked(house: House) -> Iterator[str]:
        with undone(house.baseline):
            try:
                run(house)
            except (AssertionError, LookupError, ValueError, pytest.fail.Exception) as error:
                yield (str(error).splitlines() or [type(error).__name__])[0]

    return looked


RULES = (test_rules, test_inner_rules, test_rights_change, test_call_rules)
"""Where the tests of single rules are; each is given the application alone."""


def rule(name: str) -> Callable[[Flask], None] | None:
    """The test of a rule by its name without `test_`; None when there is no such test."""
    found = (getattr(module, f"test_{name}", None) for module in RULES)
    return next((test for test in found if test is not None), None)


def _rule(house: House, name: str) -> Iterator[str]:
    test = rule(name)
    assert test is not None, f"no rule is called {name}"
    yield from _test(lambda h: test(h.world.app))(house)


_LOOKS: dict[str, Callable[..., Iterator[str]]] = {
    "cells": _cells,
    "canary": _canary,
    "offers": _offers,
    "guess": lambda house, entity, key: _test(
        lambda h: test_inference.test_a_hidden_field_cannot_be_guessed(h, entity, key)
    )(house),
    "foreign": lambda house, entity: _test(
        lambda h: test_inference.test_a_foreign_record_cannot_be_guessed(h, entity)
    )(house),
    "assign": lambda house, entity: _test(
        lambda h: test_mass_assignment.test_an_edit_changes_nothing_else(h, entity)
    )(house),
    "make": lambda house, entity: _test(
        lambda h: test_mass_assignment.test_a_new_record_is_the_makers_own(h, entity)
    )(house),
    "give": lambda house, who, whom: _test(
        lambda h: test_mass_assignment.test_who_may_give_records_to_whom(h, who, whom)
    )(house),
    "profile": _test(test_mass_assignment.test_a_profile_changes_preferences_only),
    "file": _test(test_mass_assignment.test_a_file_sets_nothing_that_a_form_may_not),
    "change": _rule,
}
