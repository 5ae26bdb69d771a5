"""A number that wants no more text messages: whoever has it, whatever the customer is called today."""

from __future__ import annotations

from datetime import datetime

from peewee import BigAutoField, DateTimeField, TextField

from crm_admin import clock
from crm_admin.db import Table


class TextOptOut(Table):
    """`said`: the word that asked for it, or `21610` where the provider knew before we did."""

    id = BigAutoField()
    e164 = TextField(unique=True)
    at = DateTimeField(default=clock.now)
    said = TextField()

    class Meta:
        table_name = "text_opt_out"


def since(e164: str) -> datetime | None:
    """From when on (UTC) the number wants no text messages; None when it may have them."""
    row = TextOptOut.get_or_none(TextOptOut.e164 == e164)
    return row.at if row else None


def add(e164: str, said: str) -> None:
    """No more text messages to a number; one that is there already stays as it is."""
    TextOptOut.insert(e164=e164, at=clock.now(), said=said[:40]).on_conflict_ignore().execute()


def remove(e164: str) -> None:
    """The number may have text messages again: its owner said so."""
    TextOptOut.delete().where(TextOptOut.e164 == e164).execute()
