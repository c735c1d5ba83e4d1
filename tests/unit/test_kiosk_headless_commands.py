"""Every event of a person can be told as a line of JSON, and every state can be written as one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from kiosk_ui.app.domain.travel_document import DocumentField, TravelDocument
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.headless import CommandError, event_from, shown
from scripts.flow_map import EVERYWHERE, PEOPLE

TYPED = TravelDocument("L898902C3", dt.date(1974, 8, 12), 1974, dt.date(2032, 4, 15))
TOLD = {
    "".join(f"_{c.lower()}" if c.isupper() else c for c in type(event).__name__).lstrip("_"): event
    for event in (*PEOPLE.values(), *EVERYWHERE.values())
}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_every_event_of_a_person_can_be_told(name: str):
    event = TOLD[name]
    fields = [each.name for each in dataclasses.fields(event) if each.default is dataclasses.MISSING]
    line = json.dumps({"event": name, **{each: getattr(event, each) for each in fields}})
    told = event_from(json.loads(line))
    assert [getattr(told, each) for each in fields] == [getattr(event, each) for each in fields]
    assert type(told) is type(event)


def test_a_field_that_is_none_is_said_to_be_none():
    assert event_from({"event": "field_chosen", "field": "birth"}) == ev.FieldChosen(DocumentField.BIRTH)
    with pytest.raises(CommandError, match="one of number, birth, expiry"):
        event_from({"event": "field_chosen", "field": "name"})


@pytest.mark.parametrize("screen", [s.CheckDocument(TYPED), s.TypeExpiry(given=TYPED), s.OtherWays(for_guardian=True)])
def test_what_is_typed_of_a_passport_is_written_as_plain_values(screen: s.Screen):
    line = json.dumps(shown(s.CheckInState(screen=screen)))
    assert json.loads(line)["screen"] == screen.name
