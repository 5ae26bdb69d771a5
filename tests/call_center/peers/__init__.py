"""Our calls against programs by others: signatures, REST, an emulator."""
