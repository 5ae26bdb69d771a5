"""Field kinds, one file each. Importing this package makes all of them known in `KINDS`."""

from crm_admin.kinds import (  # noqa: F401 — each module registers its kind
    autonumber,
    choice,
    choices,
    date,
    datetime,
    decimal,
    duration,
    email,
    file,
    flag,
    integer,
    link,
    links,
    longtext,
    money,
    percent,
    phone,
    place,
    richtext,
    subject,
    text,
    time,
    url,
    user,
)
from crm_admin.kinds.base import KINDS, OPERATORS, Choice, FieldDef, Invalid, Kind, Reader, register

__all__ = ["KINDS", "OPERATORS", "Choice", "FieldDef", "Invalid", "Kind", "Reader", "register"]
