"""Draws the contact sheets of docs/screens from the sample states: ``python -m tests.ui.contact_sheet docs/screens``."""

from __future__ import annotations

import dataclasses
import io
import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import KioskApplication, WindowShape, make_application
from tests.ui.ui_measures import settle
from tests.ui.ui_sample_states import SAMPLES

LARGEST_BYTES = 60_000
GAP = 14
GROUND = "#8d989c"


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """One picture: some screens in one look."""

    name: str
    screens: tuple[str, ...]
    columns: int = 4
    width: int = 250
    language: str = "vi"
    palette: str = "light"
    scale: float = 1.0
    landscape: bool = False
    low_reach: bool = False


SHEETS = (
    Sheet("overview", ("welcome", "enter_number", "reading_5", "confirm", "ticket"), columns=5, width=200),
    Sheet("1-card", ("welcome", "enter_number", "place_card", "reading_5")),
    Sheet("2-number", ("confirm", "looking_up", "choose_department_ok", "ticket")),
    Sheet("3-problems", ("card_lifted", "wrong_number_wait", "refused", "problem_reader")),
    Sheet("4-insurance", ("insurance_notice_mismatch_name", "choose_department_unavailable", "ticket_unverified", "saving")),
    Sheet("5-people", ("confirm_long_name", "confirm_issuer_not_verified", "staff_called", "timeout_warning")),
    Sheet("6-english-large", ("enter_number", "confirm", "choose_department_ok", "ticket_no_paper"), language="en", scale=1.3),
    Sheet("7-high-contrast", ("welcome", "enter_number", "confirm", "ticket"), palette="high_contrast"),
    Sheet(
        "8-landscape",
        ("welcome", "enter_number", "confirm", "choose_department_ok", "refused", "ticket"),
        columns=2,
        width=440,
        landscape=True,
    ),
    Sheet("9-other-ways", ("other_ways", "guardian_card", "scan_phone", "emergency")),
    Sheet("10-typing", ("type_name", "type_birth", "type_number_old_card", "enter_phone")),
    Sheet("11-answers", ("insurance_choice_invalid", "appointment", "already_checked_in", "ask_priority")),
    Sheet("12-endings", ("take_card", "ticket_everything", "slip", "slip_no_paper")),
    Sheet("13-low-reach", ("welcome", "enter_number", "choose_department_ok", "type_name"), low_reach=True),
    Sheet("14-french-night", ("welcome", "confirm", "other_ways", "ticket"), language="fr", palette="night"),
    Sheet("15-passport", ("type_number_document", "type_expiry", "wrong_number_passport", "check_document"), language="en"),
)  # fmt: skip


def picture_of(image: QImage) -> Image.Image:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")


def draw(sheet: Sheet) -> Image.Image:
    shape = WindowShape().landscape() if sheet.landscape else WindowShape()
    look = AppearanceDefaults(
        language=sheet.language, palette=sheet.palette, text_scale=sheet.scale, motion=False, low_reach=sheet.low_reach
    )
    kiosk = KioskApplication(look, "3", shape)
    try:
        kiosk.view_model.connect_flow(lambda event: None, lambda: 28.0)  # what the countdown shows
        settle(kiosk)
        height = round(sheet.width * shape.height / shape.width)
        rows = -(-len(sheet.screens) // sheet.columns)
        size = (sheet.columns * (sheet.width + GAP) + GAP, rows * (height + GAP) + GAP)
        page = Image.new("RGB", size, GROUND)
        for at, name in enumerate(sheet.screens):
            kiosk.view_model.show(SAMPLES[name])
            settle(kiosk)
            kiosk.window.grabWindow()
            screen = picture_of(kiosk.window.grabWindow()).resize((sheet.width, height), Image.Resampling.LANCZOS)
            column, row = at % sheet.columns, at // sheet.columns
            page.paste(screen, (GAP + column * (sheet.width + GAP), GAP + row * (height + GAP)))
        return page
    finally:
        kiosk.close()


def small_png(page: Image.Image) -> bytes:
    """PNG of the page's most frequent colours, which are the theme's own, as many as fit into the size allowed."""
    by_count = sorted(page.getcolors(page.width * page.height) or [], reverse=True)
    for colors in (256, 192, 128, 96, 64, 48):
        palette = Image.new("P", (1, 1))
        palette.putpalette([channel for _, color in by_count[:colors] for channel in color])
        stored = io.BytesIO()
        page.quantize(palette=palette, dither=Image.Dither.NONE).save(stored, "PNG", optimize=True)
        if stored.tell() <= LARGEST_BYTES:
            break
    return stored.getvalue()


def main(folder: Path) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_QUICK_BACKEND", "software")
    make_application()
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in SHEETS:
        content = small_png(draw(sheet))
        (folder / f"{sheet.name}.png").write_bytes(content)
        sys.stdout.write(f"{sheet.name}.png {len(content):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
