"""The core's addresses: one row for each and every method that it knows."""

from __future__ import annotations

from tests.access.modules.module import Row, change, see

ADDRESSES: dict[str, Row] = {
    # pages of an entity
    "GET record.index_view": see("entity"),
    "GET record.create_view": see("entity", action="create", needs="creatable"),
    "POST record.create_view": change("entity", "create", needs="creatable"),
    "GET record.details_view": see("record"),
    "GET record.panels_view": see("record"),
    "GET record.history_view": see("record", needs="history"),
    "GET record.audit_view": see("record"),
    "POST record.watch_view": change("record", "read", 204),
    "GET record.edit_view": see("record", action="update"),
    "POST record.edit_view": change("record", "update"),
    "GET record.field_view": see("record", action="update"),
    "POST record.field_view": change("record", "update", 200),
    "POST record.delete_view": change("record", "delete"),
    "POST record.restore_view": change("bin", "delete"),
    "GET record.bin_view": see("entity", action="delete"),
    # Gives back what the person deleted themselves, and here they have deleted nothing.
    "POST record.bin_view": Row(
        "page", "entity", "delete", 302, form={"since": "2026-01-01", "until": "2026-01-02"}
    ),
    "POST record.action_view": change("ticked", "delete"),
    "GET record.export": Row("page", "entity", "export", 200, writes=True, values={"export_type": "csv"}),
    "GET record.board_view": see("entity", needs="board"),
    "POST record.move_view": change("record", "update", 200, needs="board"),
    "GET record.lookup_view": see("entity", query="q=a"),
    "GET record.filter_view": see("entity", query="field=id"),
    "POST record.columns_view": change("entity", "read", form={"columns": "id"}),
    "GET record.views_view": see("entity"),
    "POST record.views_view": change("entity", "read", form={"name": "Mine", "query": "?id=1"}),
    # Flask-Admin brings these two addresses; our view has nothing behind them.
    "GET record.ajax_lookup": see("entity", needs="nothing"),
    "POST record.ajax_update": see("entity", needs="nothing"),
    "GET admin.index": Row("page"),
    "GET admin.static": Row("open", ok=404, values={"filename": "none.css"}),
    "GET static": Row("open", values={"filename": "icons.txt"}),
    # imports
    "GET imports.begin": see("entity", action="import"),
    "POST imports.upload": change("entity", "import", 303),
    "GET imports.plan": see("batch", action="import"),
    "POST imports.keep_plan": change(
        "batch", "import", 303, form={"column-0": "id", "match": "id", "mode": "present"}
    ),
    "GET imports.preview": see("batch", action="import"),
    "POST imports.start": change("batch", "import", 303),
    "GET imports.result": Row("page", "batch", "import", 303),
    "GET imports.progress": see("batch", action="import"),
    "GET imports.failed": see("batch", action="import"),
    "POST imports.take_back": Row("page", "batch", "import", 303),
    "POST imports.stop": Row("page", "batch", "import", 303),
    "POST imports.again": Row("page", "batch", "import", 303),
    # pages of no entity
    "GET pages.home": Row("page"),
    "GET pages.results": Row("page", query="q=changed"),
    "GET pages.suggest": Row("page", query="q=changed"),
    "GET pages.file": Row("page", "record", only="attachment", values={"name": "a.txt"}),
    "GET conversion.convert_lead": Row("page", "record", "update", only="lead"),
    "POST conversion.convert_lead": Row(
        "page", "record", "update", 302, True, only="lead", form={"opportunity": "1"}
    ),
    "POST password_links.make": Row("administrators", "record", "update", only="user"),
    "GET roles.index": Row("administrators"),
    "GET roles.matrix": Row("administrators", values={"id": "{viewer_role}"}),
    "POST roles.save": Row(
        "administrators", ok=302, writes=True, form={"account-read": "own"}, values={"id": "{viewer_role}"}
    ),
    "GET roles.fields": Row("administrators", "noun", values={"id": "{viewer_role}"}),
    "POST roles.save_fields": Row(
        "administrators", "noun", ok=302, writes=True, values={"id": "{viewer_role}"}
    ),
    "GET jobs.index": Row("administrators"),
    "POST jobs.change": Row("administrators", ok=302, writes=True, values={"id": "{job}", "verb": "cancel"}),
    # the person's own
    "GET auth.login": Row("open", "door"),
    "POST auth.sign_in": Row("open", "sign-in", ok=422, form={"username": "", "password": ""}),
    "GET auth.leave": Row("open", "leave"),
    "POST auth.logout": Row("page", ok=303, shared=True),
    "GET auth.choose_password": Row("open", ok=404, values={"signed": "nonsense"}),
    "POST auth.set_chosen_password": Row("open", "form", ok=404, values={"signed": "nonsense"}),
    "GET auth.profile": Row("page"),
    "POST auth.save_settings": Row(
        "page", ok=303, writes=True, form={"language": "vi", "timezone": "UTC", "theme": "dark"}
    ),
    "POST auth.switch_language": Row("page", ok=303, writes=True, form={"language": "vi"}),
    "POST auth.switch_theme": Row("page", ok=303, writes=True, form={"theme": "dark"}),
    "POST auth.change_password": Row("page", ok=422, form={"current": "", "new": ""}),
    "POST auth.end_session": Row("page", "mine", ok=303),
    "POST auth.end_other_sessions": Row("page", ok=303),
    "POST auth.add_token": Row("page", form={"name": "x", "access": "read", "days": "30"}),
    "POST auth.revoke_token": Row("page", "mine or any", ok=303),
    "GET auth.all_tokens": Row("hidden"),
    # machines that watch us; asked from another host
    "GET operations.healthz": Row("open"),
    "GET operations.readyz": Row("open", ok=503),
    "GET operations.metrics": Row("watch"),
    # programs
    "GET api.list_records": Row("api", "entity"),
    "POST api.create_record": Row("api", "entity", "create", 201, True, "creatable"),
    "GET api.get_record": Row("api", "record"),
    "PATCH api.change_record": Row("api", "record", "update", 200, True),
    "DELETE api.delete_record": Row("api", "record", "delete", 204, True),
    "POST api.restore_record": Row("api", "bin", "delete", 200, True),
    "GET api.get_history": Row("api", "record"),
    "POST api.save_many": Row("api", "row", "update", 200, True),
    "GET api.find": Row("api", query="q=changed"),
    "GET api.find_by_phone": Row("api", query="number=%2B842471000000"),
    "GET api.list_entities": Row("api"),
    "GET api.get_entity": Row("api", "entity"),
    "GET api.describe": Row("api"),
}
