"""A result on its way to others: as text, JSON, XML of TR-03135, and one page of paper."""
