"""Text to value: numbers, dates, booleans, nothing-words; shared by reading, profiling and checks."""
