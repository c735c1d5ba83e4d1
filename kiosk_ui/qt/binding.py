"""Qt's binding, loaded without what it does to Python's ``import``.

PySide6 puts itself before ``import`` and reads the source of every module that is imported after it, in search of a way
of writing (``from __feature__ import …``) that is not used here. That is a fifth of the time of those imports, so Python's
own ``import`` is put back. Works only if imported before anything else of Qt's.
"""

from __future__ import annotations

import builtins

_own_import = builtins.__import__
import PySide6  # noqa: E402, F401 - between the two lines that need it there

builtins.__import__ = _own_import
