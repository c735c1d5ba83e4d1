"""Files with personal data: for their owner only, whole or not at all, never in another file's place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reader.private_file import write_private


def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("knows_links", [True, False])
def test_another_file_keeps_its_place_on_every_kind_of_disk(
    knows_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not knows_links:  # a memory stick

        def no_links(source: object, target: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", no_links)
    write_private(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    write_private(tmp_path / "a", b"third", force=True)
    assert (tmp_path / "a").read_bytes() == b"third"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_link_that_leads_nowhere_is_no_free_place(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "a", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []
