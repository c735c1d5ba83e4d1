"""``make screens``: every state of every flow in every look, as pictures and as contact sheets, and the audit's table.

    python -m tests.ui.make_screens out/screens

One process draws everything into memory. Below the folder there is one folder for each look with one picture of each
state at half size, and ``sheets`` with a page for each group of states and look. Exit code 1 if the audit found anything.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

from PIL import Image, ImageDraw, ImageFont
from PySide6.QtGui import QImage

from kiosk_ui.qt.application import make_application
from kiosk_ui.qt.touch import Finger
from reader import fonts
from tests.ui.accessibility_audit import Audit, audit_screen, look_at
from tests.ui.ui_looks import DRAWN, Look, opened
from tests.ui.ui_sample_states import GROUPS, SAMPLES

GROUND = "#8d989c"
INK = "#10191d"
GAP = 16
CAPTION = 26
PICTURE_SHARE = 0.5  # of the window's size: large enough to read every word
WIDTHS = {False: 250, True: 440}  # of one screen on a sheet, by landscape
COLUMNS = {False: 7, True: 4}


def picture_of(image: QImage) -> Image.Image:
    """What Qt drew, for Pillow."""
    pixels = image.convertToFormat(QImage.Format.Format_RGBX8888)
    size = (pixels.width(), pixels.height())
    return Image.frombuffer("RGBX", size, bytes(pixels.constBits()), "raw", "RGBX", pixels.bytesPerLine(), 1).convert(
        "RGB"
    )


def draw(
    look: Look, folder: Path, audit: Audit, pool: concurrent.futures.Executor
) -> list[concurrent.futures.Future[None]]:
    """Draw and audit every state in one look; files are written beside the drawing."""
    kept: dict[str, Image.Image] = {}
    work: list[concurrent.futures.Future[None]] = []
    own = folder / look.name
    own.mkdir(parents=True, exist_ok=True)
    with opened(look) as kiosk:
        finger = Finger(kiosk.window)
        for name, state in SAMPLES.items():
            seen = look_at(kiosk, look, name, state, finger)
            kiosk.window.grabWindow()  # settles what is laid out anew; the next one is the picture
            picture = picture_of(kiosk.window.grabWindow())
            audit_screen(audit, seen)
            size = (round(picture.width * PICTURE_SHARE), round(picture.height * PICTURE_SHARE))
            kept[name] = picture.resize(size, Image.Resampling.BOX)
            work.append(pool.submit(_save, kept[name], own / f"{name}.png"))
    for group, names in GROUPS.items():
        cells = {name: kept[name] for name in names if name in kept}
        if cells:
            page = folder / "sheets" / f"{group}-{look.name}.png"
            work.append(pool.submit(_save_sheet, cells, f"{group} · {look.name}", look.landscape, page))
    return work


def _save(picture: Image.Image, path: Path) -> None:
    picture.save(path, compress_level=1)


def _save_sheet(cells: Mapping[str, Image.Image], title: str, landscape: bool, path: Path) -> None:
    sheet(cells, title, landscape=landscape).save(path, compress_level=3)


def sheet(cells: Mapping[str, Image.Image], title: str, *, landscape: bool) -> Image.Image:
    """One page: the screens in rows, each with its name below."""
    first = next(iter(cells.values()))
    width = WIDTHS[landscape]
    height = round(width * first.height / first.width)
    columns = min(COLUMNS[landscape], len(cells))
    rows = -(-len(cells) // columns)
    across, down = width + GAP, height + CAPTION + GAP
    page = Image.new("RGB", (columns * across + GAP, rows * down + GAP + 2 * CAPTION), GROUND)
    pen = ImageDraw.Draw(page)
    pen.text((GAP, GAP), title, INK, ImageFont.truetype(str(fonts.FOLDER / "NotoSans-Bold.ttf"), 24))
    small = ImageFont.truetype(str(fonts.FOLDER / "NotoSans-Regular.ttf"), 16)
    for at, (name, picture) in enumerate(cells.items()):
        left, top = GAP + at % columns * across, GAP + 2 * CAPTION + at // columns * down
        page.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (left, top))
        pen.text((left, top + height + 3), name, INK, small)
    return page


def _grouped(audit: Audit) -> Mapping[tuple[str, str, str], list[str]]:
    """Findings by rule, state and look: a keyboard that does not fit is one thing to mend, not forty."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in audit.findings:
        grouped.setdefault((each.rule, each.sample, each.look), []).append(each.what)
    return grouped


def main(folder: Path) -> int:
    """Draw everything. Returns 1 if the audit found anything, else 0."""
    begun = time.monotonic()
    for old in ("sheets", *(look.name for look in DRAWN)):
        shutil.rmtree(folder / old, ignore_errors=True)
    (folder / "sheets").mkdir(parents=True)
    make_application()
    audit = Audit()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = [each for look in DRAWN for each in draw(look, folder, audit, pool)]
        for each in work:
            each.result()
    sys.stdout.write(f"\nAccessibility audit of {len(SAMPLES)} states in {len(DRAWN)} looks\n\n{audit.table()}\n\n")
    for (rule, sample, look), found in _grouped(audit).items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        sys.stdout.write(f"- {rule}: {sample} in {look}: {found[0]}{more}\n")
    pictures = len(SAMPLES) * len(DRAWN)
    sys.stdout.write(
        f"{pictures} screens in {folder}/, {len(GROUPS) * len(DRAWN)} contact sheets in {folder}/sheets/, "
        f"{time.monotonic() - begun:.0f} s\n"
    )
    return 1 if audit.findings else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
