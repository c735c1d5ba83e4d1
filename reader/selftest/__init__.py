"""``chipid selftest``: every supported combination of protocols, run through real APDUs, in one table."""
