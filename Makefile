# Thin faces of `cargo xtask`; `cargo xtask help` lists every task.

.PHONY: run test wasm tidy budget dist

run:
	cargo xtask run

test:
	cargo xtask test

wasm tidy budget dist:
	cargo xtask $@
