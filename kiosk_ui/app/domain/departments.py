"""Departments that a patient can choose."""

from __future__ import annotations

import dataclasses

__all__ = ["DEFAULT_DEPARTMENTS", "Department"]


@dataclasses.dataclass(frozen=True, slots=True)
class Department:
    """One department with a queue of its own.

    Attributes:
        code: stable key, lower-case ASCII, e.g. ``noi``.
        name_vi: name on screens and tickets.
        name_en: the same in English.
        prefix: one capital letter, unique among the departments; begins its queue numbers.
        place_vi: where it is, as the hospital's signs say it.
        place_en: the same in English.
    """

    code: str
    name_vi: str
    name_en: str
    prefix: str
    place_vi: str
    place_en: str


DEFAULT_DEPARTMENTS: tuple[Department, ...] = (
    Department("noi", "Nội", "Internal medicine", "A", "Tầng 1, phòng 101", "Floor 1, room 101"),
    Department("ngoai", "Ngoại", "Surgery", "B", "Tầng 1, phòng 105", "Floor 1, room 105"),
    Department("nhi", "Nhi", "Children", "C", "Tầng 1, phòng 110", "Floor 1, room 110"),
    Department("san", "Sản", "Obstetrics", "D", "Tầng 2, phòng 201", "Floor 2, room 201"),
    Department("mat", "Mắt", "Eyes", "E", "Tầng 2, phòng 206", "Floor 2, room 206"),
    Department("tai_mui_hong", "Tai Mũi Họng", "Ear, nose and throat", "G", "Tầng 2, phòng 208", "Floor 2, room 208"),
    Department("rang_ham_mat", "Răng Hàm Mặt", "Teeth and jaw", "H", "Tầng 3, phòng 301", "Floor 3, room 301"),
    Department("da_lieu", "Da liễu", "Skin", "K", "Tầng 3, phòng 305", "Floor 3, room 305"),
)
