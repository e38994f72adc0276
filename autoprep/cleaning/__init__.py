"""Plan, apply, ledger, quarantine, undo."""
