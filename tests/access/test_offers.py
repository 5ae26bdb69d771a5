"""What a page offers can be done: no link and no button leads to a refusal."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.expectations import STATIONS, level, may
from tests.access.modules import ENTITIES
from tests.access.requests import ELSEWHERE
from tests.access.test_matrix import WHOLE, House, quiet_company
from tests.access.world import undone

ADDRESS = re.compile(
    r'\b(href|action|formaction|hx-get|hx-post|data-href|data-move-url|data-edit-url)="(/[^"#]*|\?[^"#]*)"'
)

WALKERS = ("agent", "rep", "viewer", "clerk")

ASIDE = ("/static/", "/logout", "/login", "/profile/")

FEW = 3

JUDGED_LATER = re.compile(r"/admin/(\w+)/\d+/(edit|field|move|delete)/")
"""What lists and boards offer for every record of an entity when the right reaches some: each is judged when it is done."""


@pytest.fixture(scope="module")
def house(sqlite_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with quiet_company("sqlite", sqlite_template, tmp_path_factory.mktemp("offers")) as made:
        yield made


def pages(house: House, actor: str) -> Iterator[str]:
    yield from ("/", "/profile")
    for entity, noun in ENTITIES.items():
        if level(actor, "read", entity) == "none":
            continue
        yield f"/admin/{entity}/"
        if noun.board:
            yield f"/admin/{entity}/board/"
        for station in [s for s in STATIONS[noun.held] if may(actor, "read", entity, s)][:1]:
            number = house.world.ids[entity][station]
            yield from (f"/admin/{entity}/{number}/", f"/admin/{entity}/{number}/panels/")


def offers(house: House, actor: str) -> dict[tuple[str, str], str]:
    """(method, address) → the page that offers it."""
    client, sent = house.world.client(), _sent(house, actor)
    found: dict[tuple[str, str], str] = {}
    for page in pages(house, actor):
        with undone(house.baseline):
            answer = client.get(page, **sent)
            assert answer.status_code == 200, page
            for how, address in ADDRESS.findall(answer.get_data(as_text=True)):
                target = html.unescape(address)
                target = page.partition("?")[0] + target if target.startswith("?") else target
                if (
                    not target.startswith(ASIDE)
                    and not target.endswith("/action/")
                    and not _judged_later(actor, target)
                ):
                    posts = how in ("action", "formaction", "hx-post", "data-move-url")
                    found.setdefault(("POST" if posts else "GET", target), page)
    return _alike(found)


def _alike(found: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """The first few of the offers that differ in numbers alone; all of them in a whole run."""
    many: Counter[tuple[str, str]] = Counter()
    kept = {}
    for (method, target), page in found.items():
        shape = (method, re.sub(r"\d+", "#", target))
        many[shape] += 1
        if WHOLE or many[shape] <= FEW:
            kept[method, target] = page
    return kept


def _judged_later(actor: str, target: str) -> bool:
    found = JUDGED_LATER.match(target)
    return found is not None and level(actor, "delete" if found[2] == "delete" else "update", found[1]) in (
        "own",
        "team",
    )


def refused(house: House, actor: str, found: dict[tuple[str, str], str]) -> Iterator[str]:
    """Offers that lead to a refusal."""
    client, sent = house.world.client(), _sent(house, actor)
    for (method, target), page in found.items():
        with undone(house.baseline):
            data = {"csrf_token": house.world.passes[actor].csrf} if method == "POST" else None
            answer = client.open(target, method=method, data=data, **sent)
            answer.close()
        if answer.status_code in (403, 404) or answer.status_code >= 500:
            yield f"{page} offers {method} {target}: {answer.status_code}"


def _sent(house: House, actor: str) -> dict[str, Any]:
    return {"headers": {"Cookie": house.world.passes[actor].cookies}, "environ_base": ELSEWHERE}


@pytest.mark.parametrize("actor", WALKERS)
def test_nothing_is_offered_that_is_refused(house: House, actor: str) -> None:
    found = offers(house, actor)
    wrong = list(refused(house, actor, found))
    assert len(found) > 50
    assert not wrong, "\n".join(wrong[:40])
