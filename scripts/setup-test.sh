#!/bin/sh
# Installs what the tests need besides Rust: a browser, its driver, a mail server
# to receive on, PostgreSQL, Redis, HAProxy, and what makes system calls fail and clocks jump.
# Does nothing when they are there.
set -eu

missing=""
has() { command -v "$1" >/dev/null 2>&1; }
has chromium || has chromium-browser || has google-chrome || missing="$missing chromium"
if ! has chromedriver; then
	# Debian and Ubuntu call it differently.
	if has apt-cache && apt-cache show chromium-driver >/dev/null 2>&1; then
		missing="$missing chromium-driver"
	elif has apt-cache && apt-cache show chromium-chromedriver >/dev/null 2>&1; then
		missing="$missing chromium-chromedriver"
	else
		missing="$missing chromium-driver"
	fi
fi
# The system's own interpreter is the one that apt installs modules for.
python=/usr/bin/python3
if ! { [ -x "$python" ] && "$python" -c 'import aiosmtpd' >/dev/null 2>&1; }; then
	missing="$missing python3 python3-aiosmtpd"
fi
# Debian and Ubuntu keep the server's programs out of the path.
has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
has psql || missing="$missing postgresql-client"

has redis-server || missing="$missing redis-server"
has haproxy || [ -x /usr/sbin/haproxy ] || missing="$missing haproxy"
has strace || missing="$missing strace"
has prlimit || missing="$missing util-linux"
faketime=""
for library in /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib/faketime/libfaketimeMT.so.1; do
	[ ! -e "$library" ] || faketime="$library"
done
[ -n "$faketime" ] || missing="$missing libfaketime"

if [ -z "$missing" ]; then
	echo "The tests have what they need: a browser, its driver, a mail server, PostgreSQL, Redis, HAProxy, fault injection."
	exit 0
fi

# One word each: the list holds package names only.
install="apt-get install --yes --no-install-recommends$missing"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
	if has sudo && sudo -n true 2>/dev/null; then
		as_root="sudo"
	else
		echo "The tests need packages that are not installed. Run this, then try again:"
		echo "  sudo apt-get update && sudo $install"
		exit 1
	fi
fi
if ! has apt-get; then
	echo "The tests need these programs; install them the way your system does:$missing"
	exit 1
fi

echo "Installing what the tests need:$missing"
$as_root apt-get update
# shellcheck disable=SC2086 # the words are meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive $install
