# Recipes that only call cargo xtask; `cargo xtask help` is the manual.

# What there is
default:
    @just --list

# Set up, build, and exchange a token with the emulator
demo:
    cargo xtask demo

# The whole test suite; arguments go to the test programs
test *arguments:
    cargo xtask test -- {{arguments}}

# What the sandbox costs, beside the same exchange without it
bench *arguments:
    cargo xtask bench {{arguments}}

# Formatting and lints
check:
    cargo xtask check

# Components, full build, slim build: target/dist
build:
    cargo xtask build

# Build, and print the sizes
dist:
    cargo xtask dist

# The WebAssembly components alone
wasm:
    cargo xtask wasm

# Take wit/deps from the pinned crate and check the imports
wit:
    cargo xtask wit

# Build the components again elsewhere and compare the bytes
reproduce:
    cargo xtask reproduce

# What registries would take: WIT, npm, crates; nothing is sent
package:
    cargo xtask package
