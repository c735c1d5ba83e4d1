"""State machines of the kiosk: state + event → state + effects. No I/O, no clock, no Qt."""
