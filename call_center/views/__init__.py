"""What people see of the call center."""
