"""What a directory is mounted from. SQLite's locks do not hold on network file systems, and the database breaks."""

from __future__ import annotations

import os
import re
from pathlib import Path

# Not 9p: sandboxes show their own local root as that.
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|afs|ceph|lustre|glusterfs|davfs|fuse\.(sshfs|glusterfs|s3fs|rclone|gcsfuse|davfs2)"
)


def network_kind(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The type of the network file system that holds `path` (which need not exist yet); None for a local disk.

    Also None where the system keeps no table of its mounts.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    here = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        # Spaces in a mount point are written in octal.
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), before.split()[4])
        if (here == point or here.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind if _NETWORK.fullmatch(kind) else None
