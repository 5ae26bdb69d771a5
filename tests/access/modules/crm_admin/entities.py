"""The core's entities."""

from __future__ import annotations

from tests.access.modules.module import Noun

_PERSON = {"given_name": "New"}
_SUBJECT = {"subject": "New"}

ENTITIES: dict[str, Noun] = {
    "account": Noun("customer", "owned", history=True),
    "contact": Noun("customer", "owned", history=True, title="given_name", new=_PERSON,
                    placed={"account": "{account}"}),
    "account_contact": Noun("detail", "through", through=("account", "contact"), title="is_primary", changed=True,
                            new={"account": "{account}", "contact": "{contact}"},
                            placed={"account": "{account}", "contact": "{partner}"}),
    "lead": Noun("customer", "owned", board=True, history=True, title="given_name", new=_PERSON, moved="working"),
    "opportunity": Noun("customer", "owned", board=True, history=True, moved="{next_stage}",
                        placed={"account": "{account}", "contact": "{contact}"}),
    "case": Noun("customer", "owned", board=True, history=True, title="subject", new=_SUBJECT, moved="in_progress",
                 placed={"account": "{account}", "contact": "{contact}"}),
    "task": Noun("activity", "owned", board=True, title="subject", new=_SUBJECT, moved="in_progress",
                 placed={"regarding": "account:{account}"}),
    "meeting": Noun("activity", "owned", title="subject", new={**_SUBJECT, "starts_at": "2026-03-06T03:00:00Z"},
                    placed={"regarding": "account:{account}", "starts_at": "2026-03-05T03:00:00Z"}),
    "note": Noun("detail", "through", title="body", new={"body": "New", "regarding": "account:{account}"},
                 placed={"regarding": "account:{account}"}),
    "attachment": Noun("detail", "through", creatable=False, placed={"regarding": "account:{account}"},
                       internal={"content_type": "text/plain", "size": 21, "sha256": "{file}"}),
    "product": Noun("catalogue", "shared", new={"name": "New", "code": "NEW-1"}),
    "tag": Noun("catalogue", "shared"),
    "user": Noun("people", "shared", title="given_name", placed={"role": "{viewer_role}"},
                 new={"username": "new", **_PERSON, "role": "{viewer_role}"}),
    "team": Noun("people", "shared"),
    "role": Noun("setup", "shared", new={"name": "New", "key": "new"}),
    "territory": Noun("setup", "shared"),
    "pipeline": Noun("setup", "shared"),
    "stage": Noun("setup", "shared", new={"name": "New", "pipeline": "{pipeline}", "position": 7},
                  placed={"pipeline": "{pipeline}", "position": "5"}),
    "currency": Noun("setup", "shared", new={"code": "PLN", "name": "New"},
                     placed={"code": {"shared": "CHF", "binned": "SEK"}}),
}  # fmt: skip
