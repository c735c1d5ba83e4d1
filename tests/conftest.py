"""For every test: properties are searched without a clock, since a busy machine must not make a right answer wrong.

`make quick` looks at fewer examples of each property; the whole suite looks at all of them.
"""

import os

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("quick" if os.environ.get("CHIPID_QUICK") else "no deadline")
