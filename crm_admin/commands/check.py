"""`crm check`: examine configuration and environment."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from crm_admin import doctor
from crm_admin.commands.options import configured
from crm_admin.config import Config


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As data.")
@configured
def check(config: Config, as_json: bool) -> int:
    """Examine configuration and environment; say what is wrong and how to mend it. Exit 1 if anything must be."""
    findings = doctor.examine(config)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding.severity:8} {finding.subject}: {finding.text}")
            if finding.remedy:
                click.echo(f"{'':8} → {finding.remedy}")
    return int(any(finding.severity == "error" for finding in findings))
