# Thin faces of `cargo xtask`; `cargo xtask help` lists every task.

.PHONY: run test soak wasm tidy budget dist

run:
	cargo xtask run

test:
	cargo xtask test

# make soak KILLS=200 MESSAGES=100000 MINUTES=60
soak:
	cargo xtask soak --kills $(or $(KILLS),20) --messages $(or $(MESSAGES),2000) --minutes $(or $(MINUTES),10)

wasm tidy budget dist:
	cargo xtask $@
