"""Which tests watch over which guard. A new question to the judge needs a line in its module's `watch.py`."""

from __future__ import annotations

from tests.access.modules import WATCH


def watched(name: str) -> tuple[str, ...]:
    """The probes of a guard: those of the longest beginning of its name that is listed.

    Raises LookupError for a guard that nobody watches.
    """
    fitting = [beginning for beginning in WATCH if name.startswith(beginning)]
    if not fitting:
        raise LookupError(f"no test watches over {name}; see tests/access/modules")
    return WATCH[max(fitting, key=len)]
