"""Which tests watch over which of the call center's guards, cheapest first."""

from __future__ import annotations

_CARD = "change a_card_tells_of_a_customer_what_its_reader_sees"

WATCH: dict[str, tuple[str, ...]] = {
    "call_center/webhooks.py:": ("change the_provider_alone_comes_in_and_for_us_alone",),
    "call_center/call_log.py:": ("change nobody_dials_with_the_call_of_another",),
    "call_center/matching.py:": ("change a_caller_is_known_to_who_may_see_them",
                                 "change a_caller_is_found_and_described_by_what_may_be_read"),
    # calling and writing
    "call_center/calling_out.py:": ("change a_number_is_called_for_whom_its_caller_sees", "cells (dialling|api.call_out)"),
    "call_center/api.py:": ("change calling_is_offered_to_who_may_call",),
    "call_center/texting.py:": ("cells texts.", "change a_text_message_is_for_whom_its_writer_sees"),
    "call_center/views/dialling.py:": ("change calling_is_offered_to_who_may_call",),
    "call_center/views/text_page.py:": ("change a_text_message_is_for_whom_its_writer_sees", "cells texts.", "offers viewer"),
    # the desk
    "call_center/views/desk.py:": ("change only_who_has_a_call_or_supervises_steps_into_it", "cells desk."),
    "call_center/views/presence.py:": ("cells desk.(sign_on|token)",),
    "call_center/views/desk_call.py:": ("change nobody_takes_the_call_of_a_colleague", "change a_call_is_seen_by_whose_phone_it_was_at"),
    "call_center/views/call_control.py:": ("change only_who_has_a_call_or_supervises_steps_into_it",),
    "call_center/views/call_customer.py:": ("change a_call_is_linked_to_whom_its_person_sees",),
    "call_center/views/call_card.py:": ("change a_card_offers_what_its_reader_may_do",),
    "call_center/views/call_note.py:": ("change a_card_offers_what_its_reader_may_do",),
    "call_center/views/customer_card.py:": (_CARD, "change a_card_names_nobody_whose_name_is_hidden"),
    "call_center/views/call_lists.py:": ("change the_lists_beside_a_phone_are_those_of_its_person",),
    "call_center/views/call_story.py:": ("change a_recording_is_heard_by_who_may_know_of_it",),
    "call_center/views/recording_file.py:": ("change a_recording_is_heard_by_who_may_know_of_it",
                                             "change a_recording_is_deleted_by_who_may_delete_its_call"),
    "call_center/views/setup_page.py:": ("cells call_setup.",),
}  # fmt: skip
