"""The wheel carries all that a running CRM reads, and runs where there is no checkout."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [
    ROOT / name for name in ("crm_admin", "call_center", "geo") if (ROOT / name / "__init__.py").is_file()
]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does, in a folder of its own."""
    folder = tmp_path_factory.mktemp("dist")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    subprocess.run([*PIP, *build], check=True)
    return next(folder.glob("crm-*.whl"))


def test_every_file_of_every_package_and_every_template_is_in_it(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in _files(package)}
    wanted |= {
        f"crm_admin/_templates/{path.relative_to(ROOT / 'templates')}" for path in _files(ROOT / "templates")
    }
    wanted |= {"crm_admin/_config/config.toml", "crm_admin/static/vendor/manifest.json"}
    assert not wanted - carried
    assert not [name for name in carried if name.startswith(("tests/", "templates/", "var/"))]


def test_it_runs_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    subprocess.run(
        [*PIP, "install", "--no-deps", "--no-compile", "--target", str(site), str(wheel)], check=True
    )
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CRM_")},
        "PYTHONPATH": str(site),
        "CRM_DATA_DIR": str(tmp_path / "data"),
    }

    def crm(*words: str) -> list[str]:
        return [sys.executable, "-m", "crm_admin", *words]

    # The development environment knows the checkout as well; ours comes first.
    where = "import importlib.util as u; print(*(u.find_spec(n).origin for n in %r))" % [
        p.name for p in PACKAGES
    ]
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=here, env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert all(Path(origin).is_relative_to(site) for origin in found.split())
    for command in ("init", "check"):
        subprocess.run(crm(command), cwd=here, env=environment, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(crm("web", "--port", str(port)), cwd=here, env=environment)
    try:
        page = _get(f"http://127.0.0.1:{port}/login", patience_s=60)
        assert "<form" in page
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert _get(f"http://127.0.0.1:{port}{path}")
        assert "Đăng nhập" in _get(f"http://127.0.0.1:{port}/login?language=vi")
        assert "ok" in _get(f"http://127.0.0.1:{port}/healthz")
    finally:
        server.terminate()
        assert server.wait(30) == 0


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if (
            path.is_file()
            and not {"__pycache__", "vendor.new"} & set(path.parts)
            and path.suffix not in (".new", ".swp")
        ):
            yield path


def _get(url: str, patience_s: float = 0) -> str:
    """The answer's text; waits so long for a server that is still starting. Any status but 200 is an error."""
    until = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read().decode(errors="replace")
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
