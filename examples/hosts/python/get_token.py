"""exchange.wasm in Python: five variables, the token file's folder, the network.

    pip install wasmtime==50.0.1
    python get_token.py exchange.wasm    # settings: the AZURE_* variables of the pod

wasmtime's HTTP goes anywhere and has its CAs built in: this host grants less of
files and variables than Python has itself, and no less of the network. Behind
`keyhole guard` the component brings that restriction along.
"""

import os
import sys

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record

SETTINGS = ("AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID", "AZURE_SCOPE", "AZURE_TENANT_ID")
FUEL = 200_000_000  # instructions, about; an exchange takes a hundredth


def main(component: str) -> int:
    folder, file = os.path.split(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
    env = [(name, os.environ[name]) for name in SETTINGS if name in os.environ]
    env.append(("AZURE_FEDERATED_TOKEN_FILE", f"/keyhole/{file}"))

    wasi = WasiConfig()
    wasi.env = env
    wasi.preopen_dir(folder, "/keyhole", False)  # False: read-only

    config = Config()
    config.consume_fuel = True
    engine = Engine(config)
    store = Store(engine)
    store.set_fuel(FUEL)
    store.set_limits(memory_size=16 * 1024 * 1024)
    store.set_wasi(wasi)
    store.set_wasi_http()
    linker = Linker(engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    instance = linker.instantiate(store, Component.from_file(engine, component))

    provider = instance.get_export_index(store, "keyhole:identity/token-provider@0.1.0")
    get_token = instance.get_func(store, instance.get_export_index(store, "get-token", provider))

    # Fields keep the names that they have in WIT, hyphens included.
    request = Record()
    request.scope = request.claims = request.deadline = None
    setattr(request, "retry-propagation", 0)
    setattr(request, "skip-assertion-checks", False)

    # A record is the token; a variant is the reason why there is none.
    answer = get_token(store, request)
    if isinstance(answer, Record):
        valid_until = getattr(answer, "expires-on")
        print(f"a token of {len(answer.token)} characters, valid until {valid_until}")
        return 0
    said = answer.payload.explanation
    print(f"{answer.tag}: {said.message}\nhint: {getattr(said, 'next-step')}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
