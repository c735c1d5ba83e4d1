"""The figures for monitoring: readable by Prometheus' own parser, bounded, and free of whatever a card says."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from kiosk_ui.app.failures import KioskError
from kiosk_ui.app.operation import families as f
from kiosk_ui.app.operation.exposition import as_text
from kiosk_ui.app.operation.measures import MOST_ROWS, Measures
from kiosk_ui.app.operation.metrics_server import MetricsServer
from kiosk_ui.app.operation.operation import Operation
from kiosk_ui.app.operation.process_figures import process_figures
from kiosk_ui.app.ports import SystemClock
from kiosk_ui.app.settings_operation import OperationSettings


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """As an independent reader understands it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_gauges_and_histograms_are_read_as_they_were_meant() -> None:
    measures = Measures()
    measures.count(f.CHECK_INS, "queue", "chip_verified")
    measures.count(f.CHECK_INS, "queue", "chip_verified", amount=2)
    measures.put(f.OUTBOX_ITEMS, {("waiting",): 3.0, ("parked",): 0.0})
    for seconds in (0.05, 0.3, 99.0):
        measures.observe(f.PEER_SECONDS, seconds, "relay")
    found = samples(as_text(measures))
    assert found["chipid_check_ins_total", (("assurance", "chip_verified"), ("exit", "queue"))] == 3
    assert found["chipid_outbox_items", (("state", "waiting"),)] == 3
    bucket = {labels[0][1]: value for (name, labels), value in found.items() if name == "chipid_peer_seconds_bucket"}
    assert (bucket["0.05"], bucket["0.2"], bucket["0.5"], bucket["10"], bucket["+Inf"]) == (1, 1, 2, 2, 3)
    assert found["chipid_peer_seconds_count", (("peer", "relay"),)] == 3
    assert found["chipid_peer_seconds_sum", (("peer", "relay"),)] == pytest.approx(99.35)


def test_the_kinds_are_named_as_monitoring_expects_them() -> None:
    measures = Measures()
    measures.count(f.TICKETS, "printed")
    measures.observe(f.STEP_SECONDS, 2.0, "confirm")
    kinds = {each.name: each.type for each in text_string_to_metric_families(as_text(measures, process_figures()))}
    assert kinds["chipid_tickets"] == "counter"
    assert kinds["chipid_step_seconds"] == "histogram"
    assert kinds["process_start_time_seconds"] == "gauge"


def test_every_figure_keeps_the_rules_of_names() -> None:
    for family in f.FAMILIES:
        assert family.name.startswith("chipid_")
        assert (family.kind is f.FamilyKind.COUNTER) == family.name.endswith("_total")
        assert family.help.endswith(".")
        assert list(family.bounds) == sorted(family.bounds)
        assert "le" not in family.labels


def test_a_gauge_that_is_said_anew_forgets_its_former_rows() -> None:
    measures = Measures()
    measures.put(f.PRINTER_STATE, {("ready",): 1.0})
    measures.put(f.PRINTER_STATE, {("no_paper",): 1.0})
    assert [row.labels for row in measures.rows(f.PRINTER_STATE)] == [("no_paper",)]


@given(st.text(max_size=80))
def test_no_label_can_hold_a_name_a_number_or_break_the_text(value: str) -> None:
    measures = Measures()
    measures.count(f.READINGS, value)
    ((name, labels),) = samples(as_text(measures))
    assert name == "chipid_readings_total"
    assert dict(labels)["outcome"] in (value, "other")


@pytest.mark.parametrize("value", ["040085000017", "Nguyễn Văn An", "NGUYEN", "a b", "x1985", "", "a" * 61, 'a"b'])
def test_what_could_be_somebody_s_is_counted_as_other(value: str) -> None:
    measures = Measures()
    measures.count(f.READINGS, value)
    assert measures.rows(f.READINGS)[0].labels == ("other",)


def test_labels_never_grow_without_end_and_nothing_is_lost() -> None:
    measures = Measures()
    for index in range(3 * MOST_ROWS):
        measures.count(f.READINGS, f"code.{index // 26}{chr(97 + index % 26)}")
    rows = measures.rows(f.READINGS)
    assert len(rows) <= MOST_ROWS + 1
    assert sum(row.value for row in rows) == 3 * MOST_ROWS


def test_several_threads_lose_no_count() -> None:
    measures = Measures()

    def work() -> None:
        for _ in range(500):
            measures.count(f.TICKETS, "printed")
            measures.observe(f.STEP_SECONDS, 1.0, "confirm")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert measures.rows(f.TICKETS)[0].value == 2000
    assert measures.rows(f.STEP_SECONDS)[0].buckets[-1] == 2000


def test_the_times_of_steps_are_the_middle_and_what_nine_of_ten_stay_below() -> None:
    measures = Measures()
    for seconds in range(1, 11):
        measures.observe(f.STEP_SECONDS, float(seconds), "confirm")
    measures.observe(f.STEP_SECONDS, 60.0, "enter_number")
    first, second = measures.step_times()
    assert (first.step, first.median_s) == ("enter_number", 60.0)
    assert (second.step, second.median_s, second.slow_s, second.count) == ("confirm", 5.5, 10.0, 10)


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request(method, path)
        answer = line.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        line.close()


def test_the_figures_are_served_to_this_machine_and_nothing_else_is(capfd: pytest.CaptureFixture[str]) -> None:
    measures = Measures()
    measures.count(f.TICKETS, "printed")
    with MetricsServer(lambda: as_text(measures), 0) as server:
        status, kind, text = ask(server.port, "/metrics")
        assert status == 200
        assert kind.startswith("text/plain; version=0.0.4")
        assert samples(text)["chipid_tickets_total", (("outcome", "printed"),)] == 1
        assert ask(server.port, "/etc/passwd?040085000017") == (404, kind, "")
        status, _, text = ask(server.port, "/metrics", "<script>040085000017")
        assert status >= 400
        assert "040085000017" not in text
    assert "".join(capfd.readouterr()) == ""
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", server.port), timeout=1):
        pass


def test_a_port_that_somebody_else_has_is_an_error_with_advice() -> None:
    with MetricsServer(str, 0) as server, pytest.raises(KioskError) as refused:
        MetricsServer(str, server.port)
    assert refused.value.code.name == "operation.metrics_port_taken"


def test_a_kiosk_whose_port_is_taken_serves_patients_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with MetricsServer(str, 0) as server:
        settings = OperationSettings(metrics_port=server.port)
        with Operation(settings, tmp_path, SystemClock(), dt.UTC) as operation:
            assert "chipid_silence_seconds" in operation.metrics_text()
            assert operation.recent.lines()[0].endswith("operation.metrics_port_taken")
    assert "operation.metrics_port_taken" in caplog.text


def test_the_figures_of_a_kiosk_are_served_while_it_runs(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Operation(OperationSettings(metrics_port=port), tmp_path, SystemClock(), dt.UTC):
        status, _, text = ask(port, "/metrics")
    assert status == 200
    assert ("chipid_silence_seconds", (("part", "outbox"),)) in samples(text)
    assert any(name == "chipid_version" for name, _ in samples(text))


def test_a_mistake_while_counting_is_named_and_its_text_is_not_printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def mistaken() -> str:
        raise RuntimeError("NGUYEN VAN AN")

    with (
        MetricsServer(mistaken, 0) as server,
        contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 5)) as line,
    ):
        line.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert line.recv(100) == b""
    assert "RuntimeError" in caplog.text
    assert "NGUYEN" not in caplog.text + "".join(capfd.readouterr())
