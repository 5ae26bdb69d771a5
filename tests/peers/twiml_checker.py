"""Is this TwiML? Judged by the type declarations of npm's twilio, read when a test first asks.

They say which elements there are and where, which attributes each has, what a value may be, and where text stands.
They say nothing about a schema in order or number, so `check` passes a <Gather> after a <Hangup>.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from tests.peers import node

Root = Literal["VoiceResponse", "MessagingResponse"]

ENUM = re.compile(r"^\s*(?:export )?type (\w+) = (.+);$", re.MULTILINE)
BLOCK = re.compile(
    r"^ *(?:export |declare )?(interface|class) (\w+)[^{\n]*\{\n(.*?)^ *\}$", re.MULTILINE | re.DOTALL
)
ATTRIBUTE = re.compile(r"^\s+\"?([\w:-]+)\"?\?: ([\w\[\]]+);$", re.MULTILINE)
METHOD = re.compile(r"^\s+(\w+)\(([^)]*)\): \w+Response\.(\w+);$", re.MULTILINE)
ATTRIBUTES_OF = re.compile(r"attributes\??: (?:\w+\.)?(\w+)")
XML_PREFIX = "{http://www.w3.org/XML/1998/namespace}"
# How xmlbuilder prints what JavaScript calls a boolean or a number.
PLAIN = {
    "boolean": re.compile(r"true|false"),
    "number": re.compile(r"-?\d+(\.\d+)?"),
    "string": re.compile(r".*", re.DOTALL),
}


@dataclass(frozen=True)
class Element:
    """What one element may carry, as its parent's method declares it."""

    attributes: dict[str, str]
    content: str  # the declared class, which says what may stand inside
    text: bool


@dataclass(frozen=True)
class Declarations:
    """One .d.ts file: enumerations, and per class the elements that may stand in it by their XML name."""

    enums: dict[str, frozenset[str]]
    children: dict[str, dict[str, Element]]
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {name for elements in self.children.values() for name in elements}
        object.__setattr__(self, "names", frozenset(names))


def check(twiml: str, root: Root = "VoiceResponse") -> list[str]:
    """What is wrong with a document, one sentence a fault with the path to it; empty when nothing is."""
    try:
        document = ElementTree.fromstring(twiml.encode())
    except ElementTree.ParseError as error:
        return [f"not well-formed: {error}"]
    if document.tag != "Response":
        return [f"the root is <{document.tag}>, not <Response>"]
    return [
        *(f"Response: no attribute {name}" for name in document.attrib),
        *_faults_inside(document, root, "Response", text=False, declared=declarations(root)),
    ]


@cache
def declarations(root: Root) -> Declarations:
    """The declarations of voice or messaging. Raises PeersMissing."""
    source = node.installed(f"twilio/lib/twiml/{root}.d.ts").read_text("utf-8")
    enums = {name: frozenset(re.findall(r'"([^"]+)"', values)) for name, values in ENUM.findall(source)}
    blocks = BLOCK.findall(source)
    attributes = {name: dict(ATTRIBUTE.findall(body)) for kind, name, body in blocks if kind == "interface"}
    children = {name: _elements(body, attributes) for kind, name, body in blocks if kind == "class"}
    return Declarations(enums, children)


def _elements(body: str, attributes: dict[str, dict[str, str]]) -> dict[str, Element]:
    found = {}
    for method, signature, content in METHOD.findall(body):
        # The last overload of a method names both its attributes and its text.
        parameters = ATTRIBUTES_OF.search(signature)
        named = attributes.get(parameters[1], {}) if parameters else {}
        text = re.search(r"\b(?!attributes)\w+\??: string", signature) is not None
        found[_xml_name(method, content)] = Element(named, content, text)
    return found


def _xml_name(method: str, content: str) -> str:
    """SSML is written in lower case with dashes, everything else with a capital."""
    if content.startswith("Ssml"):
        return re.sub(r"(?<!^)[A-Z]", lambda capital: f"-{capital[0].lower()}", method)
    return method[0].upper() + method[1:]


def _faults_inside(
    parent: ElementTree.Element, content: str, path: str, *, text: bool, declared: Declarations
) -> list[str]:
    faults = []
    words = [parent.text, *(child.tail for child in parent)]
    if not text and any(word and word.strip() for word in words):
        faults.append(f"{path}: no text may stand here")
    allowed = declared.children[content]
    for child in parent:
        here = f"{path}/{child.tag}"
        element = allowed.get(child.tag)
        if element is None:
            faults.append(f"{here}: {_why_not(child.tag, path, declared)}")
            continue
        for name, value in child.attrib.items():
            faults += _attribute_faults(here, name.replace(XML_PREFIX, "xml:"), value, element, declared)
        faults += _faults_inside(child, element.content, here, text=element.text, declared=declared)
    return faults


def _why_not(tag: str, path: str, declared: Declarations) -> str:
    if tag in declared.names:
        return f"may not stand in {path.rpartition('/')[2]}"
    meant = next((name for name in declared.names if name.lower() == tag.lower()), None)
    return f"is written <{meant}>" if meant else "no such element"


def _attribute_faults(
    path: str, name: str, value: str, element: Element, declared: Declarations
) -> list[str]:
    kind = element.attributes.get(name)
    if kind is None:
        meant = next((known for known in element.attributes if known.lower() == name.lower()), None)
        return [f"{path}: {name} is written {meant}" if meant else f"{path}: no attribute {name}"]
    # A list is written with spaces between its values.
    values = value.split() if kind.endswith("[]") else [value]
    kind = kind.removesuffix("[]")
    if kind in PLAIN:
        wrong = [one for one in values if not PLAIN[kind].fullmatch(one)]
    else:
        wrong = [one for one in values if one not in declared.enums[kind]]
    return [f"{path}: {name} may not be {one!r}" for one in wrong]
