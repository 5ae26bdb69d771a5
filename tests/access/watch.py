"""Which tests watch over which guard, cheapest first. A new question to the judge needs a line here."""

from __future__ import annotations

WATCH: dict[str, tuple[str, ...]] = {
    # the judge himself
    "crm_admin/policy.py:": ("cells as (rep|agent|clerk)$", "cells (api|record)", "canary rep /api/", "canary agent /api/"),
    "crm_admin/policy.py:level": ("cells api.* as reader", "cells details_view .* as rep"),
    "crm_admin/policy.py:scope": ("cells details_view", "cells api.get_record"),
    "crm_admin/policy.py:can": ("offers rep", "offers clerk", "offers agent"),
    "crm_admin/policy.py:_through": ("cells (note|attachment|account_contact)", "canary clerk /api/", "canary rep /api/"),
    "crm_admin/policy.py:predicate": ("cells (note|attachment|account_contact)",),
    "crm_admin/policy.py:visible": ("cells (note|attachment|account_contact)",),
    "crm_admin/policy.py:fields": ("cells clerk", "offers clerk", "canary clerk .", "cells as clerk"),
    "crm_admin/policy.py:_field_allowed": ("canary agent /api/v1/product", "canary agent /api/", "assign account", "give rep stranger"),
    "crm_admin/policy.py:may_assign": ("give agent stranger", "give agent colleague", "give rep stranger", "make account"),
    # the way in
    "crm_admin/auth/identity.py:install.<locals>.admit": ("cells as stranger", "change a_form_without_token_changes_nothing"),
    "crm_admin/auth/identity.py:_become": ("cells api.* as reader",),
    "crm_admin/auth/sessions.py:find": ("cells as disabled", "change another_role_ends_the_session"),
    "crm_admin/auth/sessions.py:end": ("cells auth.end_session",),
    "crm_admin/auth/tokens.py:authenticate": ("cells api.* as disabled", "change a_token_of_less_is_worth_less_and_a_revoked_one_nothing"),
    "crm_admin/auth/tokens.py:revoke": ("cells auth.revoke_token",),
    "crm_admin/auth/views.py:": ("cells auth.(revoke_token|all_tokens)",),
    # programs
    "crm_admin/api/": ("cells api.", "canary agent /api/", "canary rep /api/", "canary clerk /api/", "guess account annual_revenue",
                       "guess opportunity next_step", "guess contact mobile"),
    "crm_admin/api/form.py:": ("assign account",),
    # rules
    "crm_admin/records/": ("cells as (rep|agent|clerk)$", "assign account", "assign task", "canary rep /admin/(contact|task|note|meeting)/",
                           "canary agent /admin/(opportunity|task)/", "canary clerk .", "give rep stranger", "make account"),
    "crm_admin/records/reading.py:_groups": ("change a_board_has_the_columns_of_its_reader",),
    "crm_admin/records/reading.py:_find": ("change a_name_is_no_way_to_what_is_hidden",),
    "crm_admin/records/parsing.py:parse": ("assign account", "assign opportunity"),
    "crm_admin/records/permission.py:check": ("give rep stranger", "give agent stranger", "change a_link_leads_to_what_its_writer_sees",
                                              "change the_rules_of_saving_hold_behind_every_door"),
    "crm_admin/records/permission.py:_visible": ("change a_link_leads_to_what_its_writer_sees",),
    "crm_admin/records/reading.py:lock": ("change the_rules_of_saving_hold_behind_every_door",),
    "crm_admin/records/saving.py:create": ("cells create_record", "change the_rules_of_saving_hold_behind_every_door"),
    "crm_admin/records/saving.py:_save_children": ("change a_row_belongs_to_its_own_form",),
    "crm_admin/records/saving.py:update": ("change a_record_takes_its_story_along",),
    "crm_admin/listing.py:": ("canary rep /api/v1/(account|contact)", "guess account tax_code", "guess account annual_revenue",
                              "guess contact mobile", "change an_export_takes_what_may_be_exported"),
    "crm_admin/search.py:": ("canary rep (search|q=)", "canary agent (search|lookup)", "canary clerk (search|lookup)",
                             "guess contact mobile", "guess account tax_code", "canary viewer (search|lookup)", "canary office (search|lookup)"),
    "crm_admin/history.py:": ("canary rep /history", "canary agent /history", "canary clerk /history",
                              "change a_story_keeps_what_its_reader_may_not_see",
                              "change a_story_is_told_to_who_sees_whom_it_is_about"),
    "crm_admin/audit.py:": ("canary agent /audit", "canary rep /audit"),
    "crm_admin/conversion.py:": ("canary agent /convert", "change a_converted_lead_carries_what_its_reader_sees"),
    "crm_admin/exchange/": ("cells imports.", "canary office /export/", "canary clerk /export/", "file",
                            "change a_file_finds_and_sets_what_its_sender_may"),
    # screens
    "crm_admin/views/": ("offers rep", "offers viewer", "offers clerk", "canary agent .", "canary rep ."),
    "crm_admin/views/board_page.py:": ("canary agent /board/", "guess opportunity close_date", "guess case due_at",
                                       "offers viewer", "offers agent", "change a_card_moves_only_for_who_may_move_it",
                                       "change a_hidden_fact_is_on_no_card"),
    "crm_admin/views/home_page.py:": ("change home_tells_nothing_of_hidden_fields", "change home_shows_what_may_be_read_and_finished", "canary agent ^/$",
                                      "offers viewer"),
    "crm_admin/views/dispatcher.py:": ("cells (index_view|audit_view|lookup_view) .* as clerk", "canary agent /edit/"),
    "crm_admin/views/record_view.py:": ("cells record.", "change columns_and_boards_keep_to_the_readable", "canary agent /field/", "offers agent"),
    "crm_admin/views/form_page.py:": ("canary agent /(edit|new)", "canary rep /(edit|new)", "change a_form_has_the_rows_of_its_reader",
                                      "assign account"),
    "crm_admin/views/list_page.py:": ("offers viewer", "offers agent", "offers clerk", "change a_list_offers_the_readable"),
    "crm_admin/views/record_page.py:": ("canary agent /admin/.*/[0-9]+/", "canary rep /admin/.*/[0-9]+/", "offers viewer", "offers rep",
                                        "offers agent", "offers clerk", "change a_page_offers_what_may_be_done"),
    "crm_admin/views/panels.py:": ("canary agent /panels/", "canary rep /panels/", "offers viewer", "offers rep",
                                   "guess meeting starts_at", "change a_page_shows_no_panel_of_what_is_hidden"),
    "crm_admin/views/timeline.py:": ("canary agent /history", "canary rep /admin/.*/[0-9]+/", "offers viewer", "offers rep",
                                     "offers agent", "offers clerk", "change a_page_offers_what_may_be_done"),
    "crm_admin/views/bulk.py:": ("change a_bulk_change_sets_the_writable", "canary agent /action/"),
    "crm_admin/views/pages.py:": ("change a_file_whose_size_is_hidden_stays_closed", "cells pages.file"),
    "crm_admin/views/shell.py:": ("offers clerk", "offers viewer", "change the_menu_shows_what_may_be_opened"),
    "crm_admin/views/import_page.py:": ("cells imports.",),
    "crm_admin/views/roles_page.py:": ("cells roles.",),
    "crm_admin/views/jobs_page.py:": ("cells jobs.",),
    "crm_admin/views/operations.py:": ("cells operations.",),
    "crm_admin/views/preferences.py:": ("change saved_views_are_ones_own",),
    "crm_admin/views/password_link_page.py:": ("cells password_links", "change a_page_offers_what_may_be_done"),
    "crm_admin/views/convert_page.py:": ("canary agent /convert", "canary clerk /convert", "offers viewer", "offers agent",
                                         "change a_page_offers_what_may_be_done"),
    "crm_admin/views/stage_card.py:": ("change a_card_tells_no_hidden_stage",),
}  # fmt: skip
"""Beginning of a guard's name → probes; the longest beginning that fits counts."""


def watched(name: str) -> tuple[str, ...]:
    """The probes of a guard. Raises LookupError for one that nobody watches."""
    fitting = [beginning for beginning in WATCH if name.startswith(beginning)]
    if not fitting:
        raise LookupError(f"no test watches over {name}; see tests/access/watch.py")
    return WATCH[max(fitting, key=len)]
