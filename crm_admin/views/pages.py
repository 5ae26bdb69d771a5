"""Home, search and files: the pages that belong to no single entity."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, send_file
from werkzeug.wrappers import Response

from crm_admin import files, policy, records, registry, search
from crm_admin.records import NotFound
from crm_admin.views import home_page
from crm_admin.views.seat import actor, reader

blueprint = Blueprint("pages", __name__)

# What a browser may show by itself without running anything; everything else is only ever downloaded.
SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "audio/mpeg", "audio/wav"}
)


@blueprint.get("/")
def home() -> str:
    """The first page after signing in, by what this person's role works with."""
    return render_template("home.html", page=home_page.build(actor(), reader()))


@blueprint.get("/search")
def results() -> str:
    query = request.args.get("q", "").strip()[:200]
    found = search.everywhere(actor(), query, reader(), per_entity=20) if query else {}
    groups = [(registry.entity(key), hits) for key, hits in found.items()]
    return render_template("search.html", q=query, groups=groups)


@blueprint.get("/search/suggest")
def suggest() -> str:
    """The list below the search field while typing."""
    query = request.args.get("q", "").strip()[:200]
    found = search.everywhere(actor(), query, reader(), per_entity=4) if query else {}
    return render_template(
        "search_suggest.html", q=query, groups=[(registry.entity(k), h) for k, h in found.items()]
    )


@blueprint.get("/files/<int:id>/<name>")
def file(id: int, name: str) -> Response:
    """An attachment, to whoever may see the record it belongs to; never run, never framed."""
    try:
        attachment = records.get(actor(), "attachment", id)
    except NotFound:
        abort(404)
    if not {"name", "content_type", "size"} <= policy.fields(actor(), "attachment"):
        abort(404)
    path = files.path_of(attachment.sha256)
    if not path.is_file():
        abort(404)
    shown = attachment.content_type in SHOWN and "download" not in request.args
    answer = send_file(
        path.resolve(),
        mimetype=attachment.content_type if shown else "application/octet-stream",
        as_attachment=not shown,
        download_name=attachment.name,
        conditional=True,
        etag=attachment.sha256,
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return answer
