"""The verbs of TwiML: each is a function from a document under way and an element to what follows."""

from call_center.carrier.run import Verb
from call_center.carrier.verbs.control import hang_up, leave, redirect, refer, reject
from call_center.carrier.verbs.dial import dial
from call_center.carrier.verbs.enqueue import enqueue
from call_center.carrier.verbs.gather import gather
from call_center.carrier.verbs.message import send_message
from call_center.carrier.verbs.record import record, start, stop
from call_center.carrier.verbs.say import pause, play, say

# What a document may ask of the carrier; the others of the schema are known and not done.
VERBS: dict[str, Verb] = {
    "Dial": dial,
    "Enqueue": enqueue,
    "Gather": gather,
    "Hangup": hang_up,
    "Leave": leave,
    "Message": send_message,
    "Pause": pause,
    "Play": play,
    "Record": record,
    "Redirect": redirect,
    "Refer": refer,
    "Reject": reject,
    "Say": say,
    "Sms": send_message,
    "Start": start,
    "Stop": stop,
}

__all__ = ["VERBS"]
