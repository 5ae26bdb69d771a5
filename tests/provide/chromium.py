"""The browser of the tests: the machine's Chromium, else Debian's, installed when we may."""

import os
import shutil
import subprocess

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

# The second gives screenshots Chinese and Vietnamese glyphs.
DEBIAN_PACKAGES = ("chromium", "fonts-noto-cjk")

# No sandbox: as root Chromium refuses to start with one, and it opens nothing but our own pages.
# The rest keeps the browser from calling home in the middle of a test.
LAUNCH_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps, and nobody is asked for it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


class BrowserMissing(Exception):
    """There is no Chromium and we may not, or could not, install one; the message says what to do."""


def find_chromium() -> str | None:
    """The path of the machine's Chromium or Chrome, or None."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def chromium_path() -> str:
    """The path of a Chromium, installing Debian's package as root. Raises BrowserMissing."""
    path = find_chromium()
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        path = find_chromium()
    if path is None:
        raise BrowserMissing(f"the tests need a browser: `sudo apt-get install {' '.join(DEBIAN_PACKAGES)}`")
    return path


def _install() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *DEBIAN_PACKAGES]
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise BrowserMissing(f"`{' '.join(command)}` failed: {done.stderr.strip()[-500:]}")
