"""`python -m call_center.carrier`: the simulator without the CRM's command line."""

from call_center.carrier.command import carrier

carrier(prog_name="carrier")
