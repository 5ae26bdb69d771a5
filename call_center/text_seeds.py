"""Text messages of a demo company: a few short conversations, told as the provider would have told of them."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from functools import partial
from random import Random

from call_center import text_log, texting
from call_center.models.text_message import TEXT_MESSAGE, TextMessage
from call_center.seeds import Party, answering, office_moment, parties_with_numbers
from crm_admin import clock, policy, records
from crm_admin.config import Config
from crm_admin.kinds import phone
from crm_admin.seeds.diary import Diary

SEED = 11
CONVERSATIONS = 20

# Language → conversations: who writes (we >, they <) and what.
SAID: dict[str, tuple[tuple[str, ...], ...]] = {
    "vi": (
        (
            "<Chị ơi, chiều nay có giao gioăng không ạ?",
            ">Dạ có, khoảng 15 giờ xe tới chỗ anh/chị ạ.",
            "<Ok em",
        ),
        (">Sao Mai xin nhắc lịch bảo trì máy sáng thứ Ba, 9 giờ ạ.", "<Ok em, anh có ở quán"),
        ("<Máy xay kêu to quá, gọi lại giúp mình nhé",),
        (">Đơn hàng của anh/chị đã giao. Cảm ơn anh/chị!", "<TC"),
    ),
    "en": (
        ("<Has the spare gasket arrived?", ">Yes, it is at our counter until six."),
        (">Your grinder is ready to be picked up.", "<Great, tomorrow morning then"),
    ),
    "zh": (("<请问滤芯还有货吗？", ">有的，明天可以送到。", "<好的，谢谢"),),
}


def enter_texts(config: Config, line: str, diary: Diary) -> None:
    """Enter some conversations of the last weeks in the diary, each with whoever is a customer by then."""
    rng = Random(SEED)  # noqa: S311 — a story, not a secret
    _, agents = answering()
    for place in range(CONVERSATIONS):
        at = office_moment(rng, config, diary.until)
        diary.enter(at, partial(_begin, config, rng, line, rng.choice(agents), diary, place))


def _begin(config: Config, rng: Random, line: str, agent: int, diary: Diary, place: int) -> None:
    """Whom it is with, and the moments at which each of the two writes."""
    parties = parties_with_numbers()
    if not parties:
        return
    party = rng.choice(parties)
    talks = SAID[party.language]
    for turn, text in enumerate(talks[place % len(talks)]):
        sid = f"SM{rng.getrandbits(128):032x}"
        if text.startswith(">"):
            write = partial(_sent, rng, party, agent, text[1:], sid)
        else:
            # Some still wait for somebody.
            write = partial(_came, config, rng, party, line, text[1:], sid, handled=place % 4 > 0)
        diary.enter(clock.now() + timedelta(minutes=7 * turn), write)


def _came(
    config: Config, rng: Random, party: Party, line: str, body: str, sid: str, *, handled: bool
) -> None:
    facts = {"MessageSid": sid, "From": party.number, "To": line, "Body": body}
    made = text_log.receive(facts, config.company.country)
    assert made is not None
    TextMessage.update(uid=_uid(rng), handled=handled).where(TextMessage.id == made.id).execute()


def _sent(rng: Random, party: Party, agent: int, body: str, sid: str) -> None:
    """A message of ours that has arrived."""
    line = texting.line_for(party.number)
    internal = {
        "direction": "outbound",
        "status": "delivered",
        "name": party.name,
        "body": body,
        "number": phone.read(party.number, "VN"),
        "contact": party.contact,
        "certainty": "chosen",
        "agent": agent,
        "line": line.id if line else None,
        "sent_at": clock.now(),
        "provider_sid": sid,
    }
    made = records.create(policy.SYSTEM, TEXT_MESSAGE.key, {"owner": agent}, internal=internal)
    assert isinstance(made, TextMessage)
    TextMessage.update(uid=_uid(rng), created_by=agent).where(TextMessage.id == made.id).execute()


def _uid(rng: Random) -> str:
    """Made up from the dice, so that the demo is the same every time."""
    return base64.urlsafe_b64encode(hashlib.sha256(rng.randbytes(8)).digest()[:12]).decode()
