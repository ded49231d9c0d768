"""Runs a WASI command on wasmtime for Python: each run of a plan in an instance of its own.

    python run.py plan.json

A run has `arguments`, `variables`, `preopens` (guest path: host folder) and `out`,
a folder in which standard output, standard error and outcome.json are left.
"""

import json
import sys
import time
from pathlib import Path

from wasmtime import Engine, ExitTrap, Store, WasiConfig, WasmtimeError
from wasmtime.component import Component, Linker

MEMORY = 16 * 1024 * 1024


def start(engine, component, run):
    """Runs the program; answers its exit code."""
    store = Store(engine)
    store.set_limits(memory_size=MEMORY)
    wasi = WasiConfig()
    wasi.argv = ["keyhole.wasm", *run["arguments"]]
    wasi.env = list(run["variables"].items())
    for guest, host in run["preopens"].items():
        wasi.preopen_dir(host, guest, False)  # for reading alone
    out = Path(run["out"])
    wasi.stdout_file = str(out / "stdout")
    wasi.stderr_file = str(out / "stderr")
    store.set_wasi(wasi)
    store.set_wasi_http()
    linker = Linker(engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    instance = linker.instantiate(store, component)
    command = next(
        found
        for version in range(20, -1, -1)
        if (found := instance.get_export_index(store, f"wasi:cli/run@0.2.{version}"))
    )
    function = instance.get_export_index(store, "run", command)
    try:
        ended = instance.get_func(store, function)(store)
    except ExitTrap as exit:
        return exit.code
    return 1 if getattr(ended, "tag", None) == "err" else 0


def main():
    plan = json.loads(Path(sys.argv[1]).read_text())
    engine = Engine()
    component = Component.from_file(engine, plan["program"])
    for run in plan["runs"]:
        begin = time.monotonic()
        outcome = {}
        try:
            outcome["exit"] = start(engine, component, run)
        except (WasmtimeError, OSError) as error:
            outcome["error"] = str(error)
        outcome["ms"] = (time.monotonic() - begin) * 1000
        (Path(run["out"]) / "outcome.json").write_text(json.dumps(outcome))


main()
