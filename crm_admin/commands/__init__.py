"""The commands of `crm`, one file per noun. Each is loaded when it is called, and only then."""
