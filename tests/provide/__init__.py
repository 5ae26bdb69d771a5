"""What the tests bring with them: a browser and a PostgreSQL server."""
