"""The paper that a patient takes away: how it looks, and the printers it comes out of."""
