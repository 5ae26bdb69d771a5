"""SQLite is not opened on a network file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_admin.mounts import network_kind

MOUNTS = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:40 / /srv/share rw,relatime - nfs4 server:/export rw
31 30 254:2 / /srv/share/local rw,relatime - xfs /dev/vdb1 rw
32 22 0:41 / /mnt/two\040words rw,relatime - cifs //server/share rw
33 22 0:42 / /mnt/ssh rw,relatime - fuse.sshfs me@host: rw
""".lstrip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/crm", None),
        ("/srv/share/crm", "nfs4"),
        ("/srv/shared", None),
        ("/srv/share/local/crm", None),
        ("/mnt/two words/crm", "cifs"),
        ("/mnt/ssh/not/there/yet", "fuse.sshfs"),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, path: str, kind: str | None) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert network_kind(Path(path), table) == kind


def test_a_system_without_a_table_of_mounts_is_given_the_benefit(tmp_path: Path) -> None:
    assert network_kind(tmp_path, tmp_path / "missing") is None
    assert network_kind(tmp_path) is None
