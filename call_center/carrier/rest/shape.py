"""What several resources share: dates, prices, addresses of sub-resources."""

from __future__ import annotations

from call_center.carrier.leg import rfc2822
from call_center.carrier.network import Network

ROOT = "/2010-04-01/Accounts"
BASE = ROOT + "/{account}"


def when(moment: float | None) -> str | None:
    return rfc2822(moment) if moment is not None else None


def uri(network: Network, path: str) -> str:
    return f"{ROOT}/{network.account.sid}/{path}.json"


def subresources(network: Network, path: str, names: tuple[str, ...]) -> dict[str, str]:
    """The addresses of what hangs on a resource: `user_defined_messages` is `UserDefinedMessages.json`."""
    return {
        name: uri(network, f"{path}/{''.join(word.title() for word in name.split('_'))}") for name in names
    }
