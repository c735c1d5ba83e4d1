"""Queues of one hospital: who waits, who is called next, who was called. Numbers and times only, never a person."""
