"""What the table says of the core."""

from __future__ import annotations

from tests.access.modules.crm_admin.addresses import ADDRESSES
from tests.access.modules.crm_admin.entities import ENTITIES
from tests.access.modules.crm_admin.guards import GUARDS
from tests.access.modules.crm_admin.rights import RIGHTS
from tests.access.modules.crm_admin.watch import REDUNDANT, WATCH
from tests.access.modules.module import Module

CRM_ADMIN = Module("crm_admin", ENTITIES, RIGHTS, ADDRESSES, GUARDS, WATCH, REDUNDANT)
