"""The one way to a record and the one way to write one: the kinds parse, the judge decides, the audit and the history
are told, and all of it is one transaction. Screens, API, import, jobs and commands all come through here."""

from crm_admin.records.deleting import delete, deleted, restore
from crm_admin.records.errors import Forbidden, NotFound, Rejected, Stale
from crm_admin.records.parsing import Values, parse
from crm_admin.records.reading import Names, get, load_names
from crm_admin.records.saving import Rows, create, subscribe, update
from crm_admin.records.uploading import keep, reader

__all__ = [
    "Forbidden",
    "Names",
    "NotFound",
    "Rejected",
    "Rows",
    "Stale",
    "Values",
    "create",
    "delete",
    "deleted",
    "get",
    "keep",
    "load_names",
    "parse",
    "reader",
    "restore",
    "subscribe",
    "update",
]
