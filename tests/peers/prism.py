"""Prism with Twilio's own OpenAPI description, between the real library and a stand-in: it refuses what breaks it.

A question that Twilio would not take is answered 422, an answer that Twilio would not give becomes 500; both say in
their body which field. `Client` notes every such refusal, so a test need only ask that there was none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from tests.peers import node

DESCRIPTIONS = "@twilio/cli-core/src/services/twilio-api"
# Prism compiles every path when it starts: a third of the time would go into what a call center never asks.
RESOURCES = re.compile(
    r"/2010-04-01/Accounts/(\{Sid\}\.json|\{AccountSid\}/("
    r"Applications|Calls|Conferences|IncomingPhoneNumbers|Messages|OutgoingCallerIds|Queues|Recordings|Transcriptions)\b)"
)
FORM = "application/x-www-form-urlencoded"
# Format names that Twilio made up and Prism does not know, as patterns that it does.
PATTERNS = {
    "date-time-rfc-2822": r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$",
    "http-method": r"^(GET|POST|HEAD|PATCH|PUT|DELETE)$",
}


def description() -> dict[str, Any]:
    """Twilio's description of voice, messages and look-ups, mended where it contradicts Twilio's own library.

    Else Prism refuses what the library sends every day: a list in a form is a repeated name, dates to filter by may be
    left out, and an empty identifier takes one away. Twilio's example answers say the rest: a value that stands in
    one is allowed though the type forbids it, a field that stands in all of them must stand in ours.
    Raises PeersMissing.
    """
    spec = _read("twilio_api_v2010")
    spec["paths"] = {path: item for path, item in spec["paths"].items() if RESOURCES.match(path)}
    lookups = _read("twilio_lookups_v2")
    path = "/v2/PhoneNumbers/{PhoneNumber}"
    spec["paths"][path] = lookups["paths"][path]
    spec["components"]["schemas"].update(lookups["components"]["schemas"])
    for item in spec["paths"].values():
        # Twilio's host: ours stands on loopback.
        item.pop("servers", None)
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                _mend(operation, spec["components"]["schemas"])
    _name_formats(spec["components"]["schemas"])
    return spec


@contextmanager
def proxy(upstream: str, folder: Path) -> Iterator[str]:
    """Prism before the stand-in at `upstream`; gives the address to talk to. The patched description is in `folder`.

    Raises PeersMissing.
    """
    patched = folder / "twilio.json"
    patched.write_text(json.dumps(description()), "utf-8")
    program = node.installed("@stoplight/prism-cli/dist/index.js")
    with node.listening(
        lambda port: [program, "proxy", patched, upstream, "--errors", "--port", str(port), "-v", "error"]
    ) as address:
        yield address


class Client(TwilioHttpClient):
    """The library's own transport, pointed at Prism whatever host is meant; `violations` are Prism's refusals."""

    def __init__(self, address: str) -> None:
        super().__init__(timeout=20)
        self.address = address
        self.violations: list[str] = []

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        meant = urlsplit(url)
        query = f"?{meant.query}" if meant.query else ""
        answer = super().request(method, f"{self.address}{meant.path}{query}", *args, **options)
        if (answer.headers or {}).get("Content-Type", "").startswith("application/problem+json"):
            self.violations.append(f"{method} {meant.path}: {_refusal(answer.text)}")
        return answer


def _refusal(body: str) -> str:
    problem = json.loads(body)
    faults = problem.get("validation", [])
    if not faults:
        return f"{problem['title']}: {problem['detail']}"
    return "; ".join(f"{'.'.join(map(str, fault['location']))}: {fault['message']}" for fault in faults)


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads(node.installed(f"{DESCRIPTIONS}/{name}.json").read_text("utf-8")))


def _mend(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and parameter["schema"].get("format", "").startswith("date"):
            del parameter["schema"]["format"]
    form = operation.get("requestBody", {}).get("content", {}).get(FORM)
    if form:
        fields = form["schema"].get("properties", {})
        lists = [name for name, kind in fields.items() if kind.get("type") == "array"]
        form["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
        for name, kind in fields.items():
            if "pattern" in kind and name not in form["schema"].get("required", ()):
                _allow(kind, "", schemas)
    for answer in operation["responses"].values():
        for content in answer.get("content", {}).values():
            _follow_examples(content, schemas)


def _follow_examples(content: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Let the examples of an answer speak for the resource, or for the page and the resources it lists."""
    examples = [example["value"] for example in content.pop("examples", {}).values()]
    schema = _resolved(content["schema"], schemas)
    for name, kind in schema.get("properties", {}).items():
        if "$ref" in kind.get("items", {}):
            rows = [row for example in examples for row in example.get(name) or ()]
            _follow(_resolved(kind["items"], schemas), rows, schemas)
    _follow(schema, examples, schemas)


def _follow(schema: dict[str, Any], examples: list[dict[str, Any]], schemas: dict[str, Any]) -> None:
    if not examples:
        return
    kinds = schema.get("properties", {})
    always = set(kinds).intersection(*examples)
    schema["required"] = sorted(always.intersection(schema.get("required", always)))
    for name, kind in kinds.items():
        for value in (example[name] for example in examples if name in example):
            _allow(kind, value, schemas)


def _allow(kind: dict[str, Any], value: object, schemas: dict[str, Any]) -> None:
    if value is None:
        kind["nullable"] = True
        values = _resolved(kind, schemas)
        if "enum" in values and None not in values["enum"]:
            values.update(nullable=True, enum=[*values["enum"], None])
    elif value == "":
        kind.pop("minLength", None)
        full = "^[a-z]+:" if kind.pop("format", None) == "uri" else kind.get("pattern")
        if full and not full.startswith("^$|"):
            kind["pattern"] = f"^$|{full}"
    elif isinstance(value, str) and value.startswith("/") and kind.get("format") == "uri":
        del kind["format"]
        kind["pattern"] = "^/"
    elif isinstance(value, str) and kind.get("type") in ("number", "integer"):
        del kind["type"]


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return schemas[reference.rpartition("/")[2]] if reference else schema


def _name_formats(schemas: dict[str, Any]) -> None:
    for schema in schemas.values():
        for kind in schema.get("properties", {}).values():
            if kind.get("format") in PATTERNS and kind.get("type") == "string":
                kind["pattern"] = PATTERNS[kind.pop("format")]
