"""The screens of one entity for one permission profile: Flask-Admin's model view on our definition.

Flask-Admin brings the shell (routes, forms, actions, rendering); records, lists and rights come from `records`,
`listing` and `policy`, because its Peewee backend is neither scoped nor transactional nor fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.model import BaseModelView
from markupsafe import Markup
from werkzeug.wrappers import Response

from crm_admin import clock, exchange, listing, policy, records, registry, search
from crm_admin.auth import safe_target
from crm_admin.forms import form_class
from crm_admin.i18n import gettext, lazy_gettext, ngettext
from crm_admin.policy import Actor
from crm_admin.push import watching
from crm_admin.records import Forbidden, NotFound, Rejected, Stale
from crm_admin.registry import EntityDef, Record
from crm_admin.views import (
    audit_page,
    board_page,
    bulk,
    form_page,
    inline_edit,
    list_page,
    panels,
    preferences,
    record_page,
    timeline,
)
from crm_admin.views.seat import actor, country_of, reader

Answer = str | Response | tuple[str, int]


class RecordView(BaseModelView):
    """One entity as one permission profile sees it. Compiled once, shared by all who have these rights."""

    can_view_details = True

    def __init__(self, definition: EntityDef, compiled_for: Actor) -> None:
        self.definition = definition
        self.columns = tuple(
            key for key in definition.list_columns if key in policy.fields(compiled_for, definition.key)
        )
        self.form_keys = form_page.writable(compiled_for, definition)
        super().__init__(definition.model, name=definition.key, endpoint="record", url="/admin/<entity>")

    # ── Flask-Admin's backend interface ──────────────────────────────────────────────────────────
    def get_pk_value(self, model: Record) -> int:
        return int(model.id)

    def scaffold_list_columns(self) -> list[str]:
        return list(self.columns)

    def scaffold_sortable_columns(self) -> dict[str, str]:
        return {key: key for key in self.columns if listing.sortable(self.definition.fields[key])}

    def init_search(self) -> bool:
        return bool(self.definition.search_fields)

    def scaffold_form(self) -> Any:
        return form_class([self.definition.fields[key] for key in self.form_keys])

    def get_one(self, id: Any) -> Record | None:
        try:
            return records.get(actor(), self.definition.key, int(id))
        except NotFound:
            return None

    def is_action_allowed(self, name: str) -> bool:
        wanted = {"delete": "delete", "change": "update", "export": "export"}.get(name)
        return wanted is not None and policy.can(actor(), wanted, self.definition.key)

    # ── list ─────────────────────────────────────────────────────────────────────────────────────
    @expose("/")
    def index_view(self) -> Answer:
        if "limit" in request.args:
            size = request.args.get("limit", "")
            if size.isascii() and size.isdigit() and int(size[:5]) in list_page.SIZES:
                preferences.keep(actor(), self.definition.key, size=int(size))
            rest = [(k, v) for k, v in request.args.items(multi=True) if k != "limit"]
            return redirect(f"/admin/{self.definition.key}/?{urlencode(rest)}")
        page = list_page.build(actor(), self.definition, request.args, reader())
        return self.render("admin/list.html", page=page)

    @expose("/columns/", methods=("POST",))
    def columns_view(self) -> Answer:
        """Keep the chosen columns, in their order, for this person."""
        readable = policy.fields(actor(), self.definition.key)
        chosen = [key for key in request.form.getlist("columns") if key in readable][:20]
        preferences.keep(actor(), self.definition.key, columns=",".join(dict.fromkeys(chosen)))
        return redirect(self._list_url(request.form.get("back")))

    @expose("/views/", methods=("GET", "POST"))
    def views_view(self) -> Answer:
        """Save the question at hand under a name; list and remove saved ones."""
        query = request.values.get("query", "")[:2000]
        name = " ".join(request.form.get("name", "").split())[:60]
        error = ""
        if request.method == "POST" and request.form.get("remove", "").isdigit():
            preferences.forget_view(actor(), int(request.form["remove"][:18]))
            return redirect(url_for(".views_view", entity=self.definition.key))
        if request.method == "POST":
            if name and query.startswith("?"):
                preferences.save_view(actor(), self.definition.key, name, query, "shared" in request.form)
                flash(gettext("View “%(name)s” saved.", name=name), "success")
                return redirect(f"/admin/{self.definition.key}/{query}")
            error = gettext("Give the view a name.")
        kept = preferences.views(actor(), self.definition.key)
        return self.render(
            "admin/saved_views.html", entity=self.definition, query=query, name=name, error=error, views=kept
        )

    @expose("/filter/")
    def filter_view(self) -> Answer:
        """The comparison and value controls of one row of the filter builder."""
        target = self._readable_field(request.args.get("field", ""))
        operator = request.args.get("op", "")
        return self.render("admin/filter_row.html", **inline_edit.filter_row(target, operator, reader()))

    @expose("/lookup/")
    def lookup_view(self) -> Answer:
        """Records of this entity by typing, for link fields: names and what tells two of one name apart."""
        query = request.args.get("q", "")[:200]
        found = search.suggest(actor(), self.definition, query, reader(), limit=21)
        items = [{"id": hit.id, "label": hit.label, "hint": hit.hint} for hit in found[:20]]
        return jsonify(items=items, more=len(found) > 20)

    # ── create, edit ─────────────────────────────────────────────────────────────────────────────
    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        definition = self.definition
        if not definition.creatable or not policy.can(actor(), "create", definition.key):
            abort(403)
        posted = form_page.request_data(request) if request.method == "POST" else None
        seeing = reader(form_page.posted_country(definition, posted))
        given = form_page.arguments(actor(), definition, request.args, seeing)
        quick = "quick" in request.args
        keys = self._quick_keys(given) if quick else None
        made = form_page.build(actor(), definition, seeing, posted=posted, given=given, keys=keys)
        homeless: list[str] = []
        if posted is not None and made.validate():
            try:
                values = {**given, **made.values()} if quick else made.values()
                record = records.create(actor(), definition.key, values, reader=seeing, children=made.rows())
                return self._saved(record, gettext("%(what)s saved.", what=definition.label))
            except Rejected as error:
                homeless = made.add_errors(error.errors)
        if quick and request.headers.get("HX-Request"):
            page = render_template("admin/quick_form.html", made=made, entity=definition, homeless=homeless)
            return page, 422 if posted is not None else 200
        return self._form(made, gettext("New %(what)s", what=str(definition.label).lower()), homeless, posted)

    @expose("/<int:id>/edit/", methods=("GET", "POST"))
    def edit_view(self, id: int) -> Answer:
        record = self._get(id, "update")
        definition = self.definition
        posted = form_page.request_data(request) if request.method == "POST" else None
        seeing = reader(form_page.posted_country(definition, posted) or country_of(definition, record))
        made = form_page.build(actor(), definition, seeing, record=record, posted=posted)
        homeless: list[str] = []
        version: int = record.row_version
        began = version
        if posted is not None:
            version = _number(posted.get("row_version")) or 0
            began = _number(posted.get("began_version")) or version
        if posted is not None and made.validate():
            try:
                values = made.values()
                if began != version:
                    values = form_page.merged(made, record, posted, began)
                saved = records.update(
                    actor(), record, values, expected_version=version, reader=seeing, children=made.rows()
                )
                return self._saved(saved, gettext("%(what)s saved.", what=definition.label))
            except Stale as stale:
                records.load_names(definition, [stale.current], self.form_keys, seeing)
                made.conflict = form_page.differences(made, stale.current, began)
                version = stale.current.row_version
            except Rejected as error:
                homeless = made.add_errors(error.errors)
        title = gettext("Edit %(what)s", what=str(definition.label).lower())
        return self._form(made, title, homeless, posted, version=version, began=began)

    # ── record page ──────────────────────────────────────────────────────────────────────────────
    @expose("/<int:id>/")
    def details_view(self, id: int) -> Answer:
        record = self._get(id)
        definition, seeing = self.definition, reader(country_of(self.definition, record))
        records.load_names(definition, [record], record_page.shown_fields(actor(), definition), seeing)
        history = timeline.build(actor(), definition, record, seeing) if definition.has_history else None
        return self.render(
            "admin/record.html",
            entity=definition,
            record=record_page.head(actor(), definition, record, seeing),
            sections=record_page.details(actor(), definition, record, seeing),
            history=history,
            cards=record_page.cards(actor(), definition, record, seeing),
            panel_count=panels.count(definition),
            row_version=record.row_version,
        )

    @expose("/<int:id>/panels/")
    def panels_view(self, id: int) -> Answer:
        """The related records, fetched once the page stands."""
        record = self._get(id)
        found = panels.build(actor(), self.definition, record, reader())
        return self.render("admin/record_panels.html", panels=found)

    @expose("/<int:id>/history/")
    def history_view(self, id: int) -> Answer:
        """The time line alone: older lines, or lines of one kind."""
        record = self._get(id)
        if not self.definition.has_history:
            abort(404)
        kind = request.args.get("kind", "")
        shown = kind if kind in timeline.KIND_LABELS else ""
        found = timeline.build(
            actor(), self.definition, record, reader(), kind=shown, after=request.args.get("after")
        )
        if request.headers.get("HX-Request"):
            part = "admin/record_lines.html" if "after" in request.args else "admin/record_timeline.html"
            return self.render(part, history=found)
        head = record_page.head(actor(), self.definition, record, reader())
        return self.render("admin/history.html", entity=self.definition, record=head, history=found)

    @expose("/<int:id>/audit/")
    def audit_view(self, id: int) -> Answer:
        record = self._get(id)
        before = _number(request.args.get("before"))
        rows, more = audit_page.rows(actor(), self.definition, record, reader(), before)
        name = self.definition.name_of(record)
        return self.render("admin/audit.html", entity=self.definition, id=id, name=name, rows=rows, more=more)

    @expose("/<int:id>/watch/", methods=("POST",))
    def watch_view(self, id: int) -> Answer:
        """An open page wants to hear of the next write to its record; answers what others changed since it was made."""
        self._get(id)
        watching.look(actor(), self.definition.key, id)
        version = _number(request.form.get("row_version"))
        seeing = reader()
        # Read after the look began: what is written from now on is told.
        news = audit_page.news(actor(), self.definition, id, version, seeing) if version else None
        if news is None:
            return Response(status=204)
        url = f"/admin/{self.definition.key}/{id}/"
        return self.render("admin/record_news.html", news=news, url=url, editing="editing" in request.form)

    @expose("/<int:id>/field/<key>/", methods=("GET", "POST"))
    def field_view(self, id: int, key: str) -> Answer:
        """One field edited in place: the control, then the new value, the error, or both versions."""
        record = self._get(id, "update")
        if key not in policy.fields(actor(), self.definition.key, "write"):
            abort(404)
        return inline_edit.answer(self.definition, record, key, request)

    # ── delete, restore ──────────────────────────────────────────────────────────────────────────
    @expose("/<int:id>/delete/", methods=("POST",))
    def delete_view(self, id: int) -> Answer:
        record = self._get(id, "delete")
        try:
            records.delete(actor(), record)
        except Rejected as error:
            flash(" ".join(text for texts in error.errors.values() for text in texts), "danger")
            return redirect(f"/admin/{self.definition.key}/{id}/")
        undo = render_template("admin/undo.html", url=f"/admin/{self.definition.key}/{id}/restore/")
        said = gettext("“%(name)s” is in the recycle bin.", name=self.definition.name_of(record))
        flash(Markup("{} {}").format(said, Markup(undo)), "info")  # noqa: S704 — a template of ours
        return redirect(f"/admin/{self.definition.key}/")

    @expose("/<int:id>/restore/", methods=("POST",))
    def restore_view(self, id: int) -> Answer:
        try:
            record = records.restore(actor(), self.definition.key, id)
        except NotFound:
            abort(404)
        flash(gettext("“%(name)s” is back.", name=self.definition.name_of(record)), "success")
        return redirect(f"/admin/{self.definition.key}/{id}/")

    @expose("/bin/", methods=("GET", "POST"))
    def bin_view(self) -> Answer:
        """The recycle bin of this entity; posted to, it gives back what this person has just deleted."""
        if not policy.can(actor(), "delete", self.definition.key):
            abort(403)
        if request.method == "POST":
            since, until = _moment(request.form.get("since")), _moment(request.form.get("until"))
            if since is None or until is None:
                abort(400)
            done = bulk.undelete(actor(), self.definition, since, until)
            if done:
                flash(ngettext("%(num)s record is back.", "%(num)s records are back.", done), "success")
            else:
                flash(gettext("There is nothing left to bring back."), "warning")
            return redirect(self._list_url(request.form.get("back")))
        model = self.definition.model
        found = list(
            records.deleted(actor(), self.definition.key).order_by(model.deleted_at.desc()).limit(200)
        )
        reader().names("user", [r.deleted_by for r in found if r.deleted_by])
        return self.render("admin/bin.html", entity=self.definition, records=found, reader=reader())

    # ── many records ─────────────────────────────────────────────────────────────────────────────
    @expose("/action/", methods=("POST",))
    def action_view(self) -> Answer:
        """A bulk action on the ticked records."""
        name = request.form.get("action", "")
        handler = self._actions_data.get(name)
        if handler is None or not self.is_action_allowed(name):
            abort(403 if handler else 404)
        ids = [int(text) for text in request.form.getlist("ids") if text.isascii() and text.isdigit()][
            : bulk.MOST
        ]
        if not ids:
            flash(gettext("Tick the records first."), "warning")
            return redirect(self._list_url(request.form.get("back")))
        answer: Answer | None = handler[0](ids)
        return answer if answer is not None else redirect(self._list_url(request.form.get("back")))

    @action("delete", lazy_gettext("Move to recycle bin"))
    def action_delete(self, ids: list[int]) -> None:
        began = clock.now()
        done, refused, kept = bulk.delete(actor(), self.definition, ids)
        if done:
            said = ngettext(
                "%(num)s record is in the recycle bin.", "%(num)s records are in the recycle bin.", done
            )
            # Two moments, not the ids, and no long question: a message travels in a cookie.
            back = request.form.get("back", "")
            fields = {"since": began, "until": clock.now(), "back": back if len(back) < 1000 else ""}
            undo = render_template("admin/undo.html", url=f"/admin/{self.definition.key}/bin/", fields=fields)
            flash(Markup("{} {}").format(said, Markup(undo)), "info")  # noqa: S704 — a template of ours
        for text in kept:
            flash(text, "danger")
        _flash_counts(0, refused)

    @action("change", lazy_gettext("Change a field"))
    def action_change(self, ids: list[int]) -> Answer | None:
        """Ask for the field and its new value, then set it on all ticked records in one transaction."""
        made = bulk.change_form(actor(), self.definition, request, reader())
        if not made.ready:
            return self.render("admin/bulk_change.html", entity=self.definition, ids=ids, made=made)
        try:
            done, refused = bulk.change(actor(), self.definition, ids, made.values)
        except Rejected as error:
            made.refuse(error.errors)
            return self.render("admin/bulk_change.html", entity=self.definition, ids=ids, made=made), 422
        _flash_counts(done, refused)
        return None

    @action("export", lazy_gettext("Export"))
    def action_export(self, ids: list[int]) -> Answer:
        return redirect(f"/admin/{self.definition.key}/export/csv?id__in={','.join(map(str, ids))}")

    @expose("/export/<export_type>")
    def export(self, export_type: str) -> Answer:
        """The list's question as a file, row by row: what the list shows is what leaves."""
        if not policy.can(actor(), "export", self.definition.key):
            abort(403)
        if export_type not in exchange.FORMATS:
            abort(404)
        query = list_page.question(actor(), self.definition, request.args)
        if query.problems:
            for text in query.problems.values():
                flash(text, "warning")
            return redirect(f"/admin/{self.definition.key}/")
        return exchange.download(actor(), query, export_type, reader())

    # ── board ────────────────────────────────────────────────────────────────────────────────────
    @expose("/board/")
    def board_view(self) -> Answer:
        board = self._board()
        page = board_page.build(actor(), self.definition, board, request.args, reader())
        return self.render("admin/board.html", board=page)

    @expose("/<int:id>/move/", methods=("POST",))
    def move_view(self, id: int) -> Answer:
        """A card was dropped on a column: the change, as any other, or why it cannot be."""
        board = self._board()
        record = self._get(id, "update")
        try:
            moved = board_page.move(actor(), self.definition, board, record, request.form, reader())
        except Rejected as error:
            return jsonify(message=" ".join(t for texts in error.errors.values() for t in texts)), 422  # type: ignore[return-value]
        except Stale:
            return jsonify(message=gettext("Somebody changed this card meanwhile. Reload the page.")), 409  # type: ignore[return-value]
        columns = board_page.totals(actor(), self.definition, board, request.args, reader())
        return jsonify(row_version=moved.row_version, columns=columns)

    # ── shared steps ─────────────────────────────────────────────────────────────────────────────
    def _get(self, id: int, wanted: str = "read") -> Record:
        try:
            return records.get(actor(), self.definition.key, id, wanted)
        except NotFound:
            abort(404)
        except Forbidden:
            abort(403)

    def _readable_field(self, key: str) -> Any:
        if key not in policy.fields(actor(), self.definition.key):
            abort(404)
        return self.definition.fields[key]

    def _board(self) -> registry.Board:
        board = self.definition.board
        if board is None or board.column not in policy.fields(actor(), self.definition.key):
            abort(404)
        return board

    def _quick_keys(self, given: dict[str, Any]) -> tuple[str, ...]:
        required = [f.key for f in self.definition.fields.values() if f.required and not f.system]
        keys = dict.fromkeys([*self.definition.quick, *required])
        return tuple(key for key in keys if key not in given)

    def _form(
        self, made: form_page.RecordForm, title: str, homeless: list[str], posted: Any, **more: Any
    ) -> tuple[str, int]:
        name = self.definition.name_of(made.record) if made.record is not None else ""
        page = self.render(
            "admin/form.html",
            entity=self.definition,
            form=made.form,
            made=made,
            title=title,
            subtitle=name,
            homeless=homeless,
            sections=made.sections,
            children=made.children,
            conflict=made.conflict,
            back_url=self._back(
                f"/admin/{self.definition.key}/" + (f"{made.record.id}/" if made.record else "")
            ),
            **more,
        )
        refused = posted is not None
        return page, (409 if made.conflict else 422) if refused else 200

    def _saved(self, record: Record, text: str) -> Answer:
        url = f"/admin/{self.definition.key}/{record.id}/"
        if request.headers.get("HX-Request"):
            answer = Response(status=204)
            answer.headers["HX-Trigger"] = "crm:saved"
            return answer
        link = Markup('<a href="{}">{}</a>').format(url, self.definition.name_of(record))
        flash(Markup("{} {}").format(text, link), "success")
        if "again" in request.form:
            return redirect(request.full_path)
        return redirect(self._back(url))

    def _back(self, default: str) -> str:
        return safe_target(request.values.get("url"), default)

    def _list_url(self, query: str | None) -> str:
        base = f"/admin/{self.definition.key}/"
        return safe_target(base + query, base) if query and query.startswith("?") else base


def _flash_counts(done: int, refused: int) -> None:
    if done:
        flash(ngettext("%(num)s record changed.", "%(num)s records changed.", done), "success")
    if refused:
        text = ngettext(
            "%(num)s record may not be changed by you.", "%(num)s records may not be changed by you.", refused
        )
        flash(text, "warning")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def current_entity() -> str:
    """Key of the entity that this request is about; "" outside of the record screens."""
    return str(g.get("entity") or "")
