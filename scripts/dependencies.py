"""Check dependencies: all that we import is declared, and the lock files hold just what is declared leads to.

Offline: the installed distributions tell what needs what, so run it where requirements/dev.txt is installed.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
PACKAGES = ("crm_admin", "call_center", "geo")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    """Name → version of a lock file. Raises ValueError for a pin without a hash."""
    found: dict[str, str] = {}
    for match in PIN.finditer(path.read_text("utf-8")):
        if "--hash=sha256:" not in match["rest"]:
            raise ValueError(f"{path.name}: {match['name']} has no hash")
        found[canonicalize_name(match["name"])] = match["version"]
    return found


def closure(wanted: Iterable[Requirement]) -> dict[str, list[Requirement]]:
    """Every distribution that `wanted` leads to here, with the requirements that ask for it."""
    asked: dict[str, list[Requirement]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(wanted)
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        asked.setdefault(name, []).append(requirement)
        if (name, frozenset(requirement.extras)) not in seen:
            seen.add((name, frozenset(requirement.extras)))
            queue += _needs(name, requirement.extras)
    return asked


def _needs(name: str, extras: set[str]) -> list[Requirement]:
    """What the installed distribution needs on this Python and platform; nothing when it is not installed."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    return _applying(map(Requirement, lines), extras)


def _applying(requirements: Iterable[Requirement], extras: Iterable[str]) -> list[Requirement]:
    contexts = [{"extra": extra} for extra in extras] or [{"extra": ""}]
    return [r for r in requirements if r.marker is None or any(r.marker.evaluate(c) for c in contexts)]


def faults(path: Path, wanted: list[str]) -> list[str]:
    """What is wrong with one lock file, a line each."""
    try:
        locked = pins(path)
    except ValueError as error:
        return [str(error)]
    asked = closure(_applying(map(Requirement, wanted), ()))
    found = [f"{path.name}: {name} is missing" for name in sorted(asked.keys() - locked.keys())]
    found += [f"{path.name}: {name} is unused" for name in sorted(locked.keys() - asked.keys())]
    for name in sorted(asked.keys() & locked.keys()):
        found += [
            f"{path.name}: {name} {locked[name]} does not satisfy {requirement}"
            for requirement in asked[name]
            if not requirement.specifier.contains(locked[name], prereleases=True)
        ]
    return found


def undeclared(root: Path, declared: list[str]) -> list[str]:
    """The imports of our packages under `root` from distributions that `declared` does not name, a line each."""
    names = {canonicalize_name(Requirement(line).name) for line in declared}
    providers = packages_distributions()
    found = []
    for source in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        for module in sorted(_imports(source)):
            owners = {canonicalize_name(owner) for owner in providers.get(module, [])} - {"crm"}
            if owners and not owners & names:
                found.append(
                    f"{source.relative_to(root)} imports {module}, which pyproject.toml does not declare"
                )
    return found


def _imports(source: Path) -> set[str]:
    """The top-level modules that a source file imports, wherever in it."""
    modules = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"), source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    return modules


def main() -> int:
    """0 when pyproject.toml, the lock files and the code agree, else 1 with a line for each fault."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    # run.txt is what `make run` installs, the carrier simulator with it.
    run, dev = project["dependencies"] + extras["carrier"], extras["dev"]
    found = faults(ROOT / "requirements" / "run.txt", run) + faults(
        ROOT / "requirements" / "dev.txt", run + dev
    )
    found += undeclared(ROOT, run)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
