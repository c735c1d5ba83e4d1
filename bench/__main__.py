"""``python -m bench``: print every table."""

from __future__ import annotations

from bench import (
    cold_start,
    full_read,
    host_time,
    kiosk,
    machine,
    pace_suites,
    passive_authentication,
    read_time,
    trust_lists,
)


def main() -> None:
    print(f"Measured on {machine.describe()}")
    full_read.run()
    read_time.run()
    host_time.run()
    cold_start.run()
    pace_suites.run()
    passive_authentication.run()
    trust_lists.run()
    kiosk.run()


if __name__ == "__main__":
    main()
