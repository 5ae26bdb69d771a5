"""Bringing a file in: upload, say where its columns go, look before anything is saved, run, look back, undo."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from crm_admin import jobs, policy, registry
from crm_admin.exchange import batch as imports
from crm_admin.exchange import columns, incoming, outgoing, undo
from crm_admin.exchange.batch import Import
from crm_admin.exchange.incoming import Unreadable
from crm_admin.exchange.row import MODES, Plan
from crm_admin.i18n import LANGUAGES, gettext
from crm_admin.jobs import imports as work
from crm_admin.registry import EntityDef
from crm_admin.views.seat import actor, config, reader

blueprint = Blueprint("imports", __name__, url_prefix="/admin/<entity>/import")

Answer = str | AnyResponse | tuple[str, int]

SAMPLE = 60
"""Characters of a sample cell."""


@blueprint.url_value_preprocessor
def open_entity(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The entity comes out of every address of ours; views find it in `g`."""
    g.entity = (values or {}).pop("entity", "")


@blueprint.url_defaults
def same_entity(endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("entity", g.entity)


@blueprint.before_request
def admit() -> None:
    """An entity one may not read is not there; one that one may read but not import is closed."""
    if policy.level(actor(), "read", g.entity).rank == 0:
        abort(404)
    if not imports.may_import(actor(), g.entity):
        abort(403)


@blueprint.get("/")
def begin() -> Answer:
    """Choose a file; the imports so far."""
    return _begin()


@blueprint.post("/")
def upload() -> Answer:
    """Read the file once and propose where its columns go."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _begin(gettext("Choose a file.")), 422
    most = config().records.upload_mb
    content = sent.stream.read(most * 1024 * 1024 + 1)
    problem = incoming.unreadable_upload(len(content), most)
    encoding = request.form.get("encoding", "")
    if problem is None:
        try:
            chosen = encoding if encoding in incoming.ENCODINGS else ""
            made = imports.draft(actor(), _entity(), sent.filename, content, reader(), encoding=chosen)
            return redirect(url_for("imports.plan", batch=made.id), 303)
        except Unreadable as error:
            problem = str(error)
    return _begin(problem, encoding), 422


@blueprint.get("/<int:batch>/columns/")
def plan(batch: int) -> Answer:
    """Where the columns go, and how rows find the records they are about."""
    return _plan(_editable(batch), [])


@blueprint.post("/<int:batch>/columns/")
def keep_plan(batch: int) -> Answer:
    """Keep the plan and show what it would do; or say what is wrong with it."""
    found = _editable(batch)
    form = request.form
    wanted = Plan(
        mapping=tuple(form.get(f"column-{place}", "") for place in range(len(found.header))),
        match=form.get("match", ""),
        mode=form.get("mode", "both"),
        overwrite="overwrite" in form,
    )
    found.mapping, found.match = list(wanted.mapping), wanted.match
    found.mode, found.overwrite = wanted.mode, wanted.overwrite
    if form.get("language") in LANGUAGES:
        found.reader = {**found.reader, "language": form["language"]}
    problems = wanted.problems(actor(), _entity())
    if problems:
        return _plan(found, problems), 422
    found.save()
    return redirect(url_for("imports.preview", batch=batch), 303)


@blueprint.get("/<int:batch>/preview/")
def preview(batch: int) -> Answer:
    """What the first rows would come to; nothing is saved."""
    found = _editable(batch)
    if problems := found.plan.problems(actor(), _entity()):
        return _plan(found, problems), 422
    try:
        tried = list(imports.preview(actor(), found))
    except Unreadable as error:
        return _begin(str(error)), 422
    counts = {
        name: sum(t.outcome.action == name for t in tried) for name in ("create", "update", "skip", "error")
    }
    rows = [
        {
            "line": t.line,
            "action": t.outcome.action,
            "name": t.name,
            "told": imports.spelled(_entity(), t.outcome.errors) or _changed(t.outcome.before),
        }
        for t in tried
    ]
    return render_template(
        "exchange/preview.html",
        entity=_entity(),
        batch=found,
        rows=rows,
        counts=counts,
        all_tried=found.rows <= len(rows),
    )


@blueprint.post("/<int:batch>/start/")
def start(batch: int) -> Answer:
    """Carry the import out, in the background."""
    found = _found(batch)
    if found.is_editable:
        if found.plan.problems(actor(), _entity()):
            return redirect(url_for("imports.plan", batch=batch), 303)
        work.start(found, actor())
    return redirect(url_for("imports.result", batch=batch), 303)


@blueprint.get("/<int:batch>/")
def result(batch: int) -> Answer:
    """How far it is; then what came of it."""
    found = _found(batch)
    if found.is_editable:
        return redirect(url_for("imports.plan", batch=batch), 303)
    return render_template("exchange/result.html", **_standing(found))


@blueprint.get("/<int:batch>/progress/")
def progress(batch: int) -> Answer:
    """The part of the result page that changes while the import runs."""
    return render_template("exchange/standing.html", **_standing(_found(batch)))


@blueprint.get("/<int:batch>/failed.csv")
def failed(batch: int) -> Answer:
    """The rows that failed, with their errors."""
    found = _found(batch)
    pieces = outgoing.held(imports.failures(found))
    answer = Response(stream_with_context(pieces), content_type="text/csv; charset=utf-8")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"{g.entity}-import-{found.id}-failed.csv"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/<int:batch>/undo/")
def take_back(batch: int) -> Answer:
    """Take the whole import back, in the background."""
    found = _found(batch)
    if found.can_be_undone and not _is_running(found):
        work.start(found, actor(), work.UNDO)
    return redirect(url_for("imports.result", batch=batch), 303)


@blueprint.post("/<int:batch>/stop/")
def stop(batch: int) -> Answer:
    """Stop an import; what it has done so far stays, and can be undone."""
    found = _found(batch)
    if found.is_busy and found.job is not None and jobs.cancel(found.job) and found.status == "queued":
        imports.set_status(found, "cancelled")
    return redirect(url_for("imports.result", batch=batch), 303)


@blueprint.post("/<int:batch>/again/")
def again(batch: int) -> Answer:
    """Take up an import that failed or was stopped, where it stands."""
    found = _found(batch)
    if found.status in ("failed", "cancelled") and found.done < found.rows and not _is_running(found):
        work.start(found, actor())
    return redirect(url_for("imports.result", batch=batch), 303)


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────
def _begin(problem: str = "", encoding: str = "") -> str:
    return render_template(
        "exchange/upload.html",
        entity=_entity(),
        problem=problem,
        encoding=encoding,
        encodings=incoming.ENCODINGS,
        most_mb=config().records.upload_mb,
        imports=imports.recent(actor(), g.entity),
        statuses=imports.STATUSES,
    )


def _plan(found: Import, problems: list[str]) -> str:
    targets = columns.of_import(actor(), _entity())
    try:
        samples = imports.samples(found)
    except Unreadable as error:
        samples, problems = [], [*problems, str(error)]
    lines = [
        {
            "name": name or gettext("Column %(number)s", number=place + 1),
            "target": found.mapping[place],
            "samples": [
                str(cell)[:SAMPLE] for cell in (samples[place] if samples else []) if cell not in ("", None)
            ],
        }
        for place, name in enumerate(found.header)
    ]
    names = columns.headings(targets, keys=False)
    return render_template(
        "exchange/columns.html",
        entity=_entity(),
        batch=found,
        lines=lines,
        targets=[{"key": c.key, "label": n} for c, n in zip(targets, names, strict=True)],
        matches=columns.matchable(actor(), _entity()),
        modes=MODES,
        languages=LANGUAGES,
        problems=problems,
    )


def _standing(found: Import) -> dict[str, Any]:
    """What the result page shows."""
    job = jobs.Job.get_or_none(jobs.Job.id == found.job) if found.job is not None else None
    if found.is_busy and job is not None and job.state in ("failed", "cancelled"):
        # The worker that ran it could not say so itself.
        problem = (
            gettext("The import stopped because of an unexpected error.") if job.state == "failed" else ""
        )
        imports.set_status(found, job.state, problem)
    label, tone = imports.STATUSES[found.status]
    return {
        "entity": _entity(),
        "batch": found,
        "label": label,
        "tone": tone,
        "percent": job.progress if job is not None and found.is_busy else 100,
        "failures": [{"line": line, "told": told} for line, told in imports.wrong(found)],
        "kept": [
            {"id": row.record_id, "why": undo.REASONS[row.undo], "line": row.line} for row in undo.kept(found)
        ],
    }


def _changed(before: dict[str, Any]) -> str:
    fields = _entity().fields
    return ", ".join(str(fields[key].label) for key in before)


def _entity() -> EntityDef:
    return registry.entity(g.entity)


def _found(batch: int) -> Import:
    found = imports.of(actor(), g.entity, batch)
    if found is None:
        abort(404)
    return found


def _editable(batch: int) -> Import:
    """A draft; one that was started already shows how it goes."""
    found = _found(batch)
    if not found.is_editable:
        flash(gettext("This import was started already."), "info")
        abort(redirect(url_for("imports.result", batch=batch), 303))
    return found


def _is_running(found: Import) -> bool:
    job = jobs.Job.get_or_none(jobs.Job.id == found.job) if found.job is not None else None
    return job is not None and job.state in ("ready", "running")
