"""Uploaded files: kept by content under the data directory, never served from where they lie."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from crm_admin.kinds.base import Upload

_root = Path("var/files")


def keep_in(root: Path) -> None:
    """Set the directory of this installation's files."""
    global _root
    _root = root


def store(upload: Upload) -> str:
    """Keep the content; its SHA-256 in hex. The same content is kept once; a crash leaves no half file."""
    digest = hashlib.sha256(upload.content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(upload.content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    return digest


def adopt(draft: Path) -> str:
    """Keep a complete file that lies on the same disk, by moving it; its SHA-256 in hex."""
    with draft.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    path = path_of(digest)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.chmod(0o600)
    draft.replace(path)
    return digest


def path_of(digest: str) -> Path:
    """Where content of this SHA-256 lies."""
    return _root / digest[:2] / digest
