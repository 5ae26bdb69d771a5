"""TwiML: reads a document and tells what in it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

CALLBACK = "statusCallback statusCallbackEvent statusCallbackMethod"
RECORDED = "recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingConfigurationId"
DETECTION = (
    "machineDetection machineDetectionTimeout machineDetectionSpeechThreshold machineDetectionSpeechEndThreshold "
    "machineDetectionSilenceTimeout amdStatusCallback amdStatusCallbackMethod"
)
NOUN = f"url method {CALLBACK}"

# Element → its attributes and the elements that may stand in it.
SCHEMA: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(attributes.split()), frozenset(children.split()))
    for name, (attributes, children) in {
        "Response": (
            "",
            "Connect Dial Echo Enqueue Gather Hangup Leave Message Pause Play Queue Record Redirect Refer Reject Say "
            "Sms Start Stop",
        ),
        "Say": ("voice language loop", "break emphasis lang p phoneme prosody s say-as sub w"),
        "Play": ("loop digits", ""),
        "Pause": ("length", ""),
        "Gather": (
            "action method timeout numDigits finishOnKey actionOnEmptyResult input language hints speechTimeout "
            "maxSpeechTime profanityFilter partialResultCallback partialResultCallbackMethod speechModel enhanced "
            "bargeIn debug",
            "Say Play Pause",
        ),
        "Record": (
            "action method timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback "
            f"{RECORDED}",
            "",
        ),
        "Dial": (
            "action method timeout timeLimit hangupOnStar callerId record trim answerOnBridge ringTone sequential "
            f"recordingTrack referUrl referMethod events passports {RECORDED}",
            "Number Client Sip Queue Conference",
        ),
        "Number": (f"sendDigits byoc {NOUN} {DETECTION}", ""),
        "Client": (NOUN, "Identity Parameter"),
        "Identity": ("", ""),
        "Parameter": ("name value", ""),
        "Sip": (f"username password {NOUN} {DETECTION}", ""),
        "Queue": ("url method reservationSid postWorkActivitySid", ""),
        "Conference": (
            "muted beep startConferenceOnEnter endConferenceOnExit waitUrl waitMethod maxParticipants record region "
            f"coach trim {CALLBACK} {RECORDED} eventCallbackUrl jitterBufferSize participantLabel",
            "",
        ),
        "Enqueue": ("action method waitUrl waitUrlMethod maxQueueSize workflowSid", "Task"),
        "Task": ("priority timeout", ""),
        "Leave": ("", ""),
        "Redirect": ("method", ""),
        "Reject": ("reason", "Parameter"),
        "Hangup": ("", "Parameter"),
        "Refer": ("action method", "Sip"),
        "Start": ("action method", "Recording Stream Siprec Transcription"),
        "Stop": ("", "Recording Stream Siprec Transcription"),
        "Recording": (f"trim channels track {RECORDED}", ""),
        "Message": ("to from action method statusCallback", "Body Media"),
        "Body": ("", ""),
        "Media": ("", ""),
        "Sms": ("to from action method statusCallback", ""),
        "Connect": ("action method", "Stream Room Conversation VirtualAgent"),
        "Echo": ("", ""),
        "Stream": (
            "name connectorName url track audioFormat sampleRate statusCallback statusCallbackMethod",
            "Parameter",
        ),
        "Siprec": ("name connectorName track statusCallback statusCallbackMethod", "Parameter"),
        "Transcription": (
            "name track statusCallbackUrl statusCallbackMethod languageCode partialResults inboundTrackLabel "
            "outboundTrackLabel transcriptionEngine speechModel hints profanityFilter enableAutomaticPunctuation "
            "intelligenceService",
            "Config",
        ),
    }.items()
}

CHOICES: dict[tuple[str, str], frozenset[str]] = {
    (element, attribute): frozenset(values.split())
    for (element, attribute), values in {
        ("Reject", "reason"): "rejected busy",
        ("Dial", "record"): "do-not-record record-from-answer record-from-ringing record-from-answer-dual "
        "record-from-ringing-dual true false",
        ("Conference", "record"): "do-not-record record-from-start true false",
        ("Conference", "beep"): "true false onEnter onExit",
        ("Gather", "input"): "dtmf speech",
    }.items()
}
BOOLEANS = frozenset(
    {
        "actionOnEmptyResult", "answerOnBridge", "bargeIn", "endConferenceOnExit", "hangupOnStar", "muted", "playBeep",
        "sequential", "startConferenceOnEnter", "transcribe",
    }
)  # fmt: skip
METHODS = frozenset(["GET", "POST"])


class TwimlError(Exception):
    """A document that cannot be run: `code` 12100 (not well-formed or no Response), 12300 (not XML by its type)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Element:
    """One verb or noun."""

    name: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.attributes[name].lower() == "true" if name in self.attributes else default

    def integer(self, name: str, default: int) -> int:
        """A whole number; the default where it is missing or none (the check has told)."""
        try:
            return int(self.attributes.get(name, default))
        except ValueError:
            return default

    def method(self, name: str = "method") -> str:
        return "GET" if self.attributes.get(name, "").upper() == "GET" else "POST"


XML_TYPES = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml", ""})


def parse(text: str, content_type: str = "text/xml") -> list[Element]:
    """The verbs of a document. Raises TwimlError."""
    if content_type not in XML_TYPES:
        raise TwimlError(12300, f"Invalid Content-Type: {content_type}")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TwimlError(12100, "document type declarations are not allowed")
    if not text.strip():
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no declarations, so no entities to expand
    except (ElementTree.ParseError, ValueError) as error:
        raise TwimlError(12100, f"Document parse failure: {error}") from None
    if root.tag != "Response":
        raise TwimlError(12100, f"the root is <{root.tag}>, not <Response>")
    return [_element(child) for child in root if isinstance(child.tag, str)]


def problems(verbs: list[Element]) -> Iterator[str]:
    """What the schema (warning 12200) does not know: the carrier goes on without it."""
    for verb in verbs:
        yield from _problems(verb, "Response")


def _element(node: ElementTree.Element) -> Element:
    attributes = {name.rpartition("}")[2]: value for name, value in node.attrib.items()}
    text = "".join(node.itertext()) if node.tag == "Say" else (node.text or "")
    children = [] if node.tag == "Say" else [_element(child) for child in node if isinstance(child.tag, str)]
    return Element(node.tag, text.strip(), attributes, children)


def _problems(element: Element, parent: str) -> Iterator[str]:
    if element.name not in SCHEMA[parent][1]:
        yield f"<{element.name}> is not allowed in <{parent}>"
        return
    for name, value in element.attributes.items():
        if name not in SCHEMA[element.name][0]:
            yield f"<{element.name}> has no attribute {name}"
        elif not _fits(element.name, name, value):
            yield f"<{element.name} {name}>: {value!r} is not allowed"
    for child in element.children:
        yield from _problems(child, element.name)


def _fits(element: str, attribute: str, value: str) -> bool:
    if attribute in BOOLEANS:
        return value.lower() in {"true", "false"}
    if attribute == "method" or attribute.endswith("Method"):
        return value.upper() in METHODS
    choices = CHOICES.get((element, attribute))
    return choices is None or all(word in choices for word in value.split())
