"""Rules, their catalogue, and their evaluation."""
