"""What an operator is told of a fault, and what not."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ephemeral import faults, metrics

ROOT = Path(__file__).resolve().parents[1]


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001 - it is what this is about
        return caught


def handled(record: logging.LogRecord, capsys) -> str:
    faults.FaultHandler().emit(record)
    return capsys.readouterr().err


def record(name: str, message: str, error: Exception | None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(name, logging.ERROR, "x.py", 1, message, (), info)


def test_a_fault_is_told_by_type_and_place_alone(capsys):
    line = handled(record("uvicorn.error", "canary", raised(KeyError("canary"))), capsys)
    assert line.startswith("Fault: KeyError at tests/test_faults.py:")
    assert "canary" not in line
    assert len(line.splitlines()) == 1


def test_sentences_of_ours_are_told_and_those_of_others_are_not(capsys):
    assert handled(record("ephemeral.store.x", "A sentence.", None), capsys) == "A sentence.\n"
    assert handled(record("asyncio", "canary", None), capsys) == ""
    assert handled(record("ephemerality", "canary", None), capsys) == ""


def test_a_sentence_of_ours_with_an_error_tells_type_and_place(capsys):
    line = handled(record("ephemeral", "It failed.", raised(KeyError("canary"))), capsys)
    assert line.startswith("It failed. (KeyError at tests/test_faults.py:")
    assert "canary" not in line


def test_in_json_a_fault_has_type_and_place_and_a_sentence_stays_one(capsys):
    handler = faults.FaultHandler("json")
    before = metrics.REGISTRY.get_sample_value("ephemeral_faults_total")
    handler.emit(record("uvicorn.error", "canary", raised(KeyError("canary"))))
    handler.emit(record("ephemeral.store.x", "A sentence.", None))
    fault, note = map(json.loads, capsys.readouterr().err.splitlines())
    assert (fault["event"], fault["level"], fault["type"]) == ("fault", "error", "KeyError")
    assert fault["place"].startswith("tests/test_faults.py:")
    assert (note["event"], note["message"]) == ("note", "A sentence.")
    assert "canary" not in f"{fault} {note}"
    assert metrics.REGISTRY.get_sample_value("ephemeral_faults_total") == before + 1


def test_a_fault_that_every_request_meets_is_a_line_a_minute_and_counted_each_time(capsys):
    now = 0.0
    handler = faults.FaultHandler(clock=lambda: now)
    before = metrics.REGISTRY.get_sample_value("ephemeral_faults_total")
    error, other = raised(KeyError("canary")), record("uvicorn.error", "", raised(OSError()))
    for _ in range(100):
        handler.emit(record("uvicorn.error", "", error))
        now += 0.5
    handler.emit(other)
    now = faults.AGAIN_SECONDS
    handler.emit(record("uvicorn.error", "", error))
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.startswith("Fault: KeyError at ")
    assert second.startswith("Fault: OSError at ")
    assert third == f"{first} (99 more since the last line)"
    assert metrics.REGISTRY.get_sample_value("ephemeral_faults_total") == before + 102


def test_the_place_is_the_line_of_ours_nearest_to_the_error():
    with pytest.raises(json.JSONDecodeError) as failed:
        json.loads("{")
    assert faults.place(failed.value).startswith("tests/test_faults.py:")


PROGRAM = """
import asyncio, logging, threading, warnings
from ephemeral import faults, metrics

class Falls:
    def __del__(self):
        raise ValueError("canary")

async def main():
    loop = asyncio.get_running_loop()
    faults.install("info", loop)
    loop.call_soon(lambda: {}["canary"])
    loop.call_exception_handler({"message": "canary"})
    try:
        raise ConnectionError("canary")
    except ConnectionError:
        logging.getLogger("library").warning("canary", exc_info=True)
    loop.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    thread = threading.Thread(target=lambda: {}["canary"])
    thread.start()
    thread.join()
    Falls()
    logging.getLogger("library").error("canary")
    logging.getLogger("library").warning("canary")

async def fail():
    raise LookupError("canary")

asyncio.run(main())
import gc
gc.collect()
raise RuntimeError("canary")
"""


def test_nothing_that_fails_anywhere_in_a_process_is_told_in_its_own_words():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 1
    assert "canary" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    told = ended.stderr.splitlines()
    assert sorted(line.split(" at ")[0] for line in told) == [
        "Fault: KeyError",
        "Fault: KeyError",
        "Fault: LookupError",
        "Fault: RuntimeError",
        "Fault: ValueError",
        "Fault: reported by the event loop without an exception",
    ]
