"""Bring what the tests need, or say what is missing: `python -m tests.provide`."""

import argparse
import sys

from tests.provide.chromium import BrowserMissing, chromium_path
from tests.provide.postgres import DatabaseMissing, temporary_database


def main() -> int:
    """0 when a browser and a database are there, 1 with a line on stderr when one is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.provide", description=__doc__)
    parser.add_argument("--no-browser", action="store_true", help="only the database")
    arguments = parser.parse_args()
    try:
        if not arguments.no_browser:
            chromium_path()
        with temporary_database("crm_provide"):
            pass
    except (BrowserMissing, DatabaseMissing) as error:
        print(f"tests: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
