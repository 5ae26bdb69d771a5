"""The call center: calls through a telephone carrier, logged into the history by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Let the call center join: its entities, doors, pages, cards and jobs."""
    # Late: the carrier simulator, inside this package, is used without the CRM.
    from call_center import (  # noqa: PLC0415 — addresses and jobs make themselves known
        api,  # noqa: F401
        jobs,  # noqa: F401
        models,
        reconcile_jobs,  # noqa: F401
        recordings,  # noqa: F401
        text_doors,  # noqa: F401
        text_jobs,  # noqa: F401
    )
    from call_center.views import desk_page, dialling, recording_file, setup_page, text_page  # noqa: PLC0415
    from call_center.webhooks import blueprint as provider  # noqa: PLC0415

    models.load()
    app.register_blueprint(provider)
    app.extensions["crm.connects_itself"].add(provider.name)
    desk_page.install(app)
    setup_page.install(app)
    dialling.install(app)
    recording_file.install(app)
    text_page.install(app)
