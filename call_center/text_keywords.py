"""The words by which people end text messages, and ask for them again, in the languages of our customers.

A word counts only when it is the whole message: "stop by at five" ends nothing. Words that mean something else without
their accents (Vietnamese `dung`: stop, but also right, use, and a name) are taken only with them.
"""

from __future__ import annotations

import re
import unicodedata

STOP, START = "stop", "start"

# English: what carriers and the provider take themselves (docs "Default keywords"). Vietnamese: TC and "tu choi" are
# the answers that Decree 91/2020 knows. Chinese: T, TD and 退订 are what senders there must take.
_STOP = """
    stop, stopall, stop all, unsubscribe, cancel, end, quit, optout, opt out, revoke,
    tc, từ chối, tu choi, tuchoi, dừng, ngừng, ngưng, ngung, hủy, huỷ, hủy đăng ký, huỷ đăng ký, huy dang ky,
    t, td, 退订, 退訂, 停止, 取消, 拒收
"""
_START = """
    start, unstop, subscribe, optin, opt in,
    bắt đầu, bat dau, đăng ký, dang ky, tiếp tục, tiep tuc,
    订阅, 訂閱, 恢复, 恢復, 开始, 開始
"""


def _plain(text: str) -> str:
    """Without case, marks around it and doubled blanks; accents stay."""
    bare = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]+", " ", bare).split())


_MEANING = {
    _plain(word): meaning for meaning, words in ((STOP, _STOP), (START, _START)) for word in words.split(",")
}


def meaning(text: str) -> str | None:
    """STOP, START, or None for a message that is neither."""
    return _MEANING.get(_plain(text)) if len(text) <= 100 else None
