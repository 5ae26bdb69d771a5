"""The call center's guards that are no question to the judge: file, function, text that stands there once, text
without it."""

from __future__ import annotations

GUARDS: tuple[tuple[str, str, str, str], ...] = (
    # the way in
    ("call_center/webhooks.py", "admit", "if not gate.signed(request):", "if False:"),
    ("call_center/webhooks.py", "admit", "if not gate.is_ours(", "if not (lambda account: True)("),
    ("call_center/call_log.py", "_found", " & (Call.agent == state.user)", ""),
    ("call_center/views/setup_page.py", "for_administrators", "if not actor().is_administrator:", "if False:"),
    ("call_center/views/desk.py", "for_people_of_the_phones", "not may_look(actor())", "False"),
    # the desk
    ("call_center/views/presence.py", "_phoning", "if not may_phone(person) or person.id is None:", "if person.id is None:"),
    ("call_center/views/desk_call.py", "seen", " or not at_their_phone(actor, call)", ""),
    ("call_center/views/desk_call.py", "for_work", " or not _may_take(actor, call)", ""),
    ("call_center/views/desk_call.py", "_may_take", "call.owner is None and policy", "policy"),
    ("call_center/views/call_control.py", "control", "if not own and not supervises(person):", "if False:"),
    ("call_center/views/call_control.py", "control", "may_phone(person) and ", ""),
    ("call_center/views/call_control.py", "control", " and desk_call.at_their_phone(person, call)", ""),
    ("call_center/views/call_customer.py", "link", "records.get(person, entity, int(number))", "registry.entity(entity).model.get_by_id(int(number))"),
    ("call_center/views/call_customer.py", "create", ' and seeing.names("account", [call.account])', ""),
    ("call_center/views/call_customer.py", "_linked", ' and reader().names("account", [company])', ""),
    # recordings
    ("call_center/views/recording_file.py", "_visible",
     "    try:\n        records.get(g.actor, \"call\", row.call)\n    except records.NotFound:\n        abort(404)\n", ""),
    # calling and writing
    ("call_center/calling_out.py", "request", "        records.get(actor, *wish.customer)\n", "        pass\n"),
    ("call_center/calling_out.py", "customer_of", "reader.country, actor=actor)", "reader.country)"),
    ("call_center/api.py", "call_out", "    calling_out.permit(actor())\n", ""),
    ("call_center/api.py", "call_out", 'records.get(actor(), "queue", queue)', "pass"),
    ("call_center/texting.py", "request", "        records.get(actor, *wish.customer)\n", "        pass\n"),
    ("call_center/views/text_page.py", "write", "if not may_write(actor()):", "if False:"),
    ("call_center/views/text_page.py", "toast", "records.get(actor(), TEXT_MESSAGE.key, id)", "TEXT_MESSAGE.model.get_by_id(id)"),
    ("call_center/views/text_page.py", "_customer", "records.get(actor(), entity, int(number))", "registry.entity(entity).model.get_by_id(int(number))"),
)  # fmt: skip
