"""Build hook: what the wheel carries beside the packages — browser code, translations, templates, config.toml."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class CustomBuildHook(BuildHookInterface[Any]):
    """Makes the generated files before hatchling collects the wheel's contents."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring browser code and translations up to date; an editable installation reads the checkout."""
        if version == "editable":
            return
        sys.path.insert(0, str(ROOT))
        # Found only now: a build runs in an environment that does not know the project's folders.
        from scripts import catalogues, vendor  # noqa: PLC0415

        if not vendor.is_current():
            vendor.fetch()
            vendor.build()
        catalogues.compile_all(ROOT)
        if self.target_name == "wheel":
            # Inside the package: a top-level `templates` in site-packages would belong to nobody.
            build_data["force_include"] |= {
                str(ROOT / "templates"): "crm_admin/_templates",
                str(ROOT / "config.toml"): "crm_admin/_config/config.toml",
            }
