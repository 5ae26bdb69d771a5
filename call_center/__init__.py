"""The call center: calls through a telephone carrier, logged into the history by themselves."""
