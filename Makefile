# What people do with this tree. The acts are in scripts/; here are their names.

PREFIX ?= $(HOME)/.local
DESTDIR ?=
export PREFIX DESTDIR

.PHONY: build install uninstall test bench clean

# As installed: optimized and static. The binaries are in target/<host triple>/release.
build:
	cargo build --release --locked --config .cargo/static.toml --workspace --exclude tests --bins

install:
	@scripts/install

uninstall:
	@scripts/uninstall

test:
	@scripts/test

bench:
	@scripts/bench

clean:
	cargo clean
