"""THE TABLE, written by hand: one folder per package of the product.

Nothing here is taken from the product: rights, ownership and addresses are written a second time, from the issues.
When the product and this table differ, one of the two is wrong, and a person decides which. See docs/access.md.
"""

from __future__ import annotations

from tests.access.modules.call_center import CALL_CENTER
from tests.access.modules.crm_admin import CRM_ADMIN
from tests.access.modules.module import Levels, Module, Noun, Row

MODULES: tuple[Module, ...] = (CRM_ADMIN, CALL_CENTER)
"""In the order in which their records are placed."""

ENTITIES: dict[str, Noun] = {key: noun for module in MODULES for key, noun in module.entities.items()}

RIGHTS: dict[str, dict[str, Levels]] = {
    role: {what: levels for module in MODULES for what, levels in module.rights.get(role, {}).items()}
    for role in CRM_ADMIN.rights
}

ROWS: dict[str, Row] = {address: row for module in MODULES for address, row in module.addresses.items()}
"""HEAD answers like GET, OPTIONS as `expectations.options` says, any other method 405."""

WATCH: dict[str, tuple[str, ...]] = {
    name: probes for module in MODULES for name, probes in module.watch.items()
}
