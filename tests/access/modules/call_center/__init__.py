"""What the table says of the call center."""

from __future__ import annotations

from tests.access.modules.call_center.addresses import ADDRESSES
from tests.access.modules.call_center.entities import ENTITIES
from tests.access.modules.call_center.furniture import furnish
from tests.access.modules.call_center.guards import GUARDS
from tests.access.modules.call_center.rights import RIGHTS
from tests.access.modules.call_center.watch import WATCH
from tests.access.modules.module import Module

CALL_CENTER = Module("call_center", ENTITIES, RIGHTS, ADDRESSES, GUARDS, WATCH, furnish=furnish)
