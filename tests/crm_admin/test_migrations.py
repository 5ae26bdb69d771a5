"""The schema goes forward and back step by step, one process at a time, and refuses what it does not understand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_admin import config as settings
from crm_admin import db, migrations
from crm_admin.config import Config
from crm_admin.migrations import MigrationError, Runner, SysMigration
from tests.connected import connected

ONE = """
    from peewee import TextField, Model

    def up(migrator, db):
        db.execute_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
        db.execute_sql("INSERT INTO thing (id, name) VALUES (1, 'first')")

    def down(migrator, db):
        db.execute_sql("DROP TABLE thing")
"""
TWO = """
    from peewee import IntegerField

    def up(migrator, db):
        migrator.migrate(migrator.add_column("thing", "size", IntegerField(null=True)))

    def down(migrator, db):
        migrator.migrate(migrator.drop_column("thing", "size"))
"""
BROKEN = """
    def up(migrator, db):
        db.execute_sql("CREATE TABLE half (id INTEGER PRIMARY KEY)")
        db.execute_sql("INSERT INTO nowhere VALUES (1)")
"""

Write = Callable[..., None]


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Iterator[Config]:
    made = settings.load(
        environ={}, overrides={"environment": "test", "data_dir": str(tmp_path), "database.url": database_url}
    )
    with connected(made, []):
        yield made


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "core" / "migrations"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def write(directory: Path) -> Write:
    def to(name: str, text: str, folder: Path = directory) -> None:
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")

    return to


@pytest.fixture
def runner(config: Config, directory: Path, write: Write) -> Runner:
    write("0001_one", ONE)
    write("0002_two", TWO)
    return Runner(config, [("core", directory)])


def columns(table: str) -> list[str]:
    return [column.name for column in db.database.get_columns(table)]


def words(runner: Runner) -> list[str]:
    return [f"{step.name} {step.word}" for step in runner.status()]


def test_up_runs_what_is_pending_once(runner: Runner) -> None:
    assert words(runner) == ["0001_one pending", "0002_two pending"]
    assert [step.key for step in runner.up()] == ["core/0001_one", "core/0002_two"]
    assert columns("thing") == ["id", "name", "size"]
    assert words(runner) == ["0001_one applied", "0002_two applied"]
    assert runner.up() == []


def test_up_stops_at_the_step_that_is_named(runner: Runner) -> None:
    runner.up("0001")
    assert words(runner) == ["0001_one applied", "0002_two pending"]
    with pytest.raises(MigrationError, match="no such step: 0009"):
        runner.up("0009")


def test_down_undoes_the_newest_or_back_to_the_one_named(runner: Runner) -> None:
    runner.up()
    assert [step.name for step in runner.down()] == ["0002_two"]
    assert columns("thing") == ["id", "name"]
    runner.up()
    assert [step.name for step in runner.down("core/0001_one")] == ["0002_two", "0001_one"]
    assert not db.database.table_exists("thing")
    assert runner.down() == []


def test_a_step_without_a_way_back_stops_the_descent_before_it_begins(runner: Runner, write: Write) -> None:
    write("0001_one", ONE.partition("    def down")[0])
    runner.up()
    with pytest.raises(MigrationError, match="0001_one is final"):
        runner.down("0001_one")
    assert words(runner) == ["0001_one applied", "0002_two applied"]


def test_a_failed_step_leaves_nothing_behind_and_those_before_it_stay(runner: Runner, write: Write) -> None:
    write("0003_broken", BROKEN)
    with pytest.raises(MigrationError, match=r"core/0003_broken failed \(up\).*nowhere"):
        runner.up()
    assert not db.database.table_exists("half")
    assert words(runner) == ["0001_one applied", "0002_two applied", "0003_broken pending"]


def test_dry_run_shows_the_sql_and_changes_nothing(runner: Runner) -> None:
    tried = runner.dry_run()
    assert [step.name for step, _ in tried] == ["0001_one", "0002_two"]
    assert any("CREATE TABLE thing" in statement for statement in tried[0][1])
    assert any("size" in statement for statement in tried[1][1])
    assert not db.database.table_exists("thing")
    assert not db.database.table_exists("sys_migration")


def test_a_newer_schema_is_refused(runner: Runner, directory: Path) -> None:
    runner.up()
    (directory / "0002_two.py").unlink()
    for act in (runner.up, runner.down, runner.dry_run, runner.pending):
        with pytest.raises(MigrationError, match="newer than this release: it holds core/0002_two"):
            act()


def test_a_changed_file_is_refused_until_it_is_accepted(runner: Runner, write: Write) -> None:
    runner.up()
    write("0002_two", TWO + "\n# another\n")
    with pytest.raises(MigrationError, match="core/0002_two is not the file that was applied"):
        runner.up()
    runner.mark("0002_two", applied=True)
    assert runner.up() == []


def test_line_endings_do_not_count_as_a_change(runner: Runner, directory: Path) -> None:
    runner.up()
    file = directory / "0002_two.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert runner.up() == []


def test_a_step_outside_a_transaction_that_dies_leaves_the_schema_dirty(runner: Runner, write: Write) -> None:
    write("0003_broken", "    atomic = False\n" + BROKEN)
    with pytest.raises(MigrationError, match="failed"):
        runner.up()
    assert words(runner)[-1] == "0003_broken running"
    with pytest.raises(MigrationError, match="0003_broken was interrupted half-way"):
        runner.up()
    db.database.execute_sql("DROP TABLE half")
    runner.mark("0003_broken", applied=False)
    assert words(runner)[-1] == "0003_broken pending"


def test_modules_come_after_the_core_and_rest_when_switched_off(
    config: Config, directory: Path, tmp_path: Path, write: Write
) -> None:
    module = tmp_path / "module" / "migrations"
    module.mkdir(parents=True)
    write("0001_one", ONE)
    write("0001_of_module", TWO, module)
    both = Runner(config, [("core", directory), ("module", module)])
    assert [step.key for step in both.up()] == ["core/0001_one", "module/0001_of_module"]
    with pytest.raises(MigrationError, match="2 steps are called 0001"):
        both.down("0001")
    assert Runner(config, [("core", directory)]).up() == []


def test_one_runner_at_a_time(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "LOCK_WAIT_S", 0.3)
    refused: list[str] = []

    def second() -> None:
        try:
            runner.up()
        except MigrationError as error:
            refused.append(str(error))
        finally:
            db.database.close()

    with runner._exclusive():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert refused == ["another process is changing the schema: try again when it is done"]
    assert len(runner.up()) == 2


def test_processes_that_start_together_run_each_step_once(
    config: Config, tmp_path: Path, write: Write
) -> None:
    write("0001_one", ONE)
    write("0002_two", TWO)
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from crm_admin import config, db, migrations
        made = config.load(environ={{}}, overrides={{
            "environment": "test", "data_dir": {str(tmp_path)!r}, "database.url": {config.database_url!r}}})
        db.connect_to(made)
        print(len(migrations.Runner(made, [("core", Path({str(tmp_path / "core" / "migrations")!r}))]).up()))
        """
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    told = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(told) == ["0", "0", "0", "2"]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_busy_table_is_waited_for(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.up("0001")
    import psycopg  # noqa: PLC0415 — only one of the two databases needs it

    url = db.database.obj.connect_params
    other = psycopg.connect(
        host=url["host"], port=url["port"], user=url["user"], dbname=db.database.obj.database
    )
    other.execute("LOCK TABLE thing IN ACCESS SHARE MODE")
    waits: list[float] = []

    def release(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()
        other.close()

    monkeypatch.setattr(time, "sleep", release)
    runner.up()
    assert waits == [1]
    assert columns("thing") == ["id", "name", "size"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_embedded_database_is_copied_before_it_changes(
    runner: Runner, config: Config, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(config.data_dir) / "backups"
    runner.up("0001")
    assert not folder.exists(), "nothing to lose yet"
    for number in range(2, 10):
        write(
            f"000{number}_more",
            f"def up(migrator, db):\n    db.execute_sql('CREATE TABLE t{number} (id INTEGER)')",
        )
    (Path(config.data_dir) / "core" / "migrations" / "0002_two.py").unlink()
    for number in range(2, 10):
        runner.up(f"000{number}")
    copies = sorted(folder.iterdir())
    assert len(copies) == migrations.BACKUPS_KEPT
    assert all(copy.stat().st_mode & 0o777 == 0o600 for copy in copies)
    newest = db.EmbeddedDatabase(str(copies[-1]))
    assert newest.table_exists("t8")
    assert not newest.table_exists("t9")
    newest.close()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    write("0010_last", "def up(migrator, db):\n    db.execute_sql('CREATE TABLE t10 (id INTEGER)')")
    with pytest.raises(MigrationError, match="no room for a backup"):
        runner.up()
    assert not db.database.table_exists("t10")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_rebuild_that_would_orphan_rows_is_refused(runner: Runner, write: Write) -> None:
    write(
        "0003_children",
        """
        def up(migrator, db):
            db.execute_sql("CREATE TABLE child (id INTEGER PRIMARY KEY, thing_id INTEGER REFERENCES thing)")
            db.execute_sql("INSERT INTO child VALUES (1, 1)")
        """,
    )
    write("0004_careless", "def up(migrator, db):\n    db.execute_sql('DELETE FROM thing')")
    with pytest.raises(
        MigrationError, match="0004_careless leaves rows of child that refer to nothing in thing"
    ):
        runner.up()
    assert db.database.execute_sql("SELECT COUNT(*) FROM thing").fetchone()[0] == 1


def test_waiting_ends_when_the_schema_is_there(runner: Runner, config: Config, directory: Path) -> None:
    def mine(_: Config) -> list[tuple[str, Path]]:
        return [("core", directory)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "packages", mine)
        with pytest.raises(MigrationError, match="run `crm migrate up`"):
            migrations.wait_until_current(config, timeout_s=0)
        runner.up()
        migrations.wait_until_current(config, timeout_s=0)
    assert SysMigration.select().count() == 2
