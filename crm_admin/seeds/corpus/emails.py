"""E-mail addresses as people choose them, in ASCII and under domains nobody can own."""

from __future__ import annotations

import re
from functools import cache
from random import Random

from crm_admin.folding import fold
from crm_admin.seeds.corpus.people import Person, readings
from crm_admin.seeds.corpus.tables import spin, wheel

# For people who write from home: reserved names (RFC 2606), so no message ever reaches a stranger.
PERSONAL_DOMAINS = ("mail.example", "post.example", "thu.example", "youxiang.example")

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_STYLES = wheel(
    (
        ("{given}.{family}", 5),
        ("{given}{initials}", 3),
        ("{family}.{given}", 2),
        ("{given}{family}", 2),
        ("{family}{given}", 1),
    )
)


def email(rng: Random, person: Person, domain: str) -> str:
    """An address of `person` at `domain`, lower-case ASCII; two namesakes may get the same one."""
    family, given = latin(person.family), latin(person.given)
    initials = family[:1] + latin(person.middle)[:1]
    local = spin(rng, _STYLES).format(given=given, family=family, initials=initials)
    if rng.random() < 0.4:
        local += str(1 + int(rng.random() * 99))
    return f"{local}@{domain}"


@cache
def latin(word: str) -> str:
    """A name of the corpus in the letters a-z and digits: Nguyễn → nguyen, 欧阳 → ouyang."""
    return readings().get(word) or _NOT_PLAIN.sub("", fold(word))
