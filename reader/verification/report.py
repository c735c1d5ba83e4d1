"""Moved: the result of a reading for people and for programs is :mod:`reader.reports.result`."""

from reader.reports.result import as_dict, as_json, as_text, write_files

__all__ = ["as_dict", "as_json", "as_text", "write_files"]
