"""Features over one table or many."""
