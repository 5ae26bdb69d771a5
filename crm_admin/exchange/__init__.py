"""Data in and out, through the one definition and the one judge."""

from crm_admin.exchange.batch import Import, ImportRow
from crm_admin.exchange.outgoing import FORMATS, Export, download, write

TABLES = (Import, ImportRow)

__all__ = ["FORMATS", "TABLES", "Export", "Import", "ImportRow", "download", "write"]
