"""What an empty database is filled with: the demo company and any amount of realistic records."""
