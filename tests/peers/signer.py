"""The signer of npm's twilio: a second opinion on every signature, by the provider's other library."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.peers import node

Params = Iterable[tuple[str, str]]


class Signer:
    """Signs and judges requests as npm's twilio does. Parameters are pairs, as they stand in the body."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def sign(self, token: str, url: str, params: Params = ()) -> str:
        """The X-Twilio-Signature (HMAC-SHA1, Base64) of a form POST; without params, of a GET or a JSON POST."""
        return str(self._ask("sign", token=token, url=url, params=_by_name(params)))

    def accepts(
        self, token: str, signature: str, url: str, params: Params = (), body: str | None = None
    ) -> bool:
        """Whether a POST to `url` is the provider's: a form, or with `body` JSON whose hash is in the query."""
        if body is None:
            return bool(self._ask("form", token=token, signature=signature, url=url, params=_by_name(params)))
        return bool(self._ask("json", token=token, signature=signature, url=url, body=body))

    def _ask(self, verb: str, **question: object) -> Any:
        self._questions.write(json.dumps({"verb": verb, **question}) + "\n")
        self._questions.flush()
        answer = self._answers.readline()
        if not answer:
            raise RuntimeError(f"the signer ended when it was asked to {verb} {question}")
        return json.loads(answer)


def _by_name(params: Params) -> dict[str, str | list[str]]:
    """What a form parser of node makes of a body: a repeated name is a list of its values."""
    gathered: dict[str, list[str]] = {}
    for name, value in params:
        gathered.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in gathered.items()}


@contextmanager
def running() -> Iterator[Signer]:
    """The signer in a process of its own. Raises PeersMissing."""
    node.installed("twilio/lib/webhooks/webhooks.js")
    with subprocess.Popen(
        [node.node(), node.FOLDER / "signer.js"],
        cwd=node.FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        # Leaving closes stdin, at whose end the program ends.
        yield Signer(program.stdin, program.stdout)
