"""An undeclared import, and a lock file that is short, has one too many or breaks pyproject.toml, are named."""

from pathlib import Path

from scripts import dependencies

HASH = " \\\n    --hash=sha256:" + "0" * 64
# wtforms needs markupsafe and nothing else, whatever the platform.
SOUND = f"wtforms==3.3.2{HASH}\n    # via crm\nmarkupsafe==3.0.4{HASH}\n"


def _faults(tmp_path: Path, content: str, wanted: str = "wtforms>=3.3.2,<3.4") -> list[str]:
    lock = tmp_path / "run.txt"
    lock.write_text(content, "utf-8")
    return dependencies.faults(lock, [wanted])


def test_a_sound_lock_has_no_fault(tmp_path: Path) -> None:
    assert _faults(tmp_path, SOUND) == []


def test_a_dependency_of_a_dependency_that_is_missing(tmp_path: Path) -> None:
    assert _faults(tmp_path, f"wtforms==3.3.2{HASH}\n") == ["run.txt: markupsafe is missing"]


def test_a_pin_nothing_leads_to(tmp_path: Path) -> None:
    assert _faults(tmp_path, f"{SOUND}leftover==1.0{HASH}\n") == ["run.txt: leftover is unused"]


def test_a_version_that_pyproject_forbids(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path, SOUND.replace("wtforms==3.3.2", "wtforms==3.4.0"))
    assert fault.startswith("run.txt: wtforms 3.4.0 does not satisfy wtforms")


def test_an_import_that_is_not_declared(tmp_path: Path) -> None:
    package = tmp_path / "crm_admin"
    package.mkdir()
    (package / "door.py").write_text("import os\n\ndef late():\n    from wtforms import Form\n", "utf-8")
    assert dependencies.undeclared(tmp_path, ["WTForms>=3"]) == []
    (fault,) = dependencies.undeclared(tmp_path, ["flask"])
    assert fault == "crm_admin/door.py imports wtforms, which pyproject.toml does not declare"


def test_a_pin_without_a_hash(tmp_path: Path) -> None:
    assert _faults(tmp_path, "wtforms==3.3.2\n") == ["run.txt: wtforms has no hash"]
