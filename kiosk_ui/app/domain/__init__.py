"""What the kiosk talks about: numbers, readings, insurance, departments, check-ins. Values only, no I/O."""
