"""For every test: properties are searched without a clock, since a busy machine must not make a right answer wrong."""

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
