#!/bin/sh
# Installs, from Debian's packages, the servers and tools that the tests and benchmarks start themselves. Only what is
# missing is installed, no question is asked, and no service is left running. Run as root on Debian or Ubuntu.
set -eu

# program  package  – the program tells whether the package is needed
wanted='
postgres         postgresql
redis-server     redis-server
redis-cli        redis-tools
mariadbd         mariadb-server
pgbouncer        pgbouncer
prometheus       prometheus
chromium         chromium
wrk              wrk
nginx            nginx-light
openssl          openssl
'

has() {
  for directory in $(printf '%s' "$PATH:/usr/local/sbin:/usr/sbin" | tr ':' ' ') /usr/lib/postgresql/*/bin; do
    [ -x "$directory/$1" ] && return 0
  done
  return 1
}

packages=$(printf '%s' "$wanted" | while read -r program package; do
  [ -n "$program" ] || continue
  if has "$program"; then echo "present: $program" >&2; else echo "$package"; fi
done)

if [ -z "$packages" ]; then
  echo 'Nothing to install.'
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "Missing: $(echo $packages). Run this script as root to install them." >&2
  exit 1
fi
if ! has apt-get; then
  echo "Missing: $(echo $packages). This script knows Debian's packages only; install them by other means." >&2
  exit 1
fi

# While packages are installed, Debian asks this file whether a service may start: 101 says no. One that stands there
# already is put back afterwards.
policy=/usr/sbin/policy-rc.d
kept=''
if [ -e "$policy" ]; then
  kept=$(mktemp)
  cp -p "$policy" "$kept"
fi
restore() {
  if [ -n "$kept" ]; then mv "$kept" "$policy"; else rm -f "$policy"; fi
}
trap restore EXIT
trap 'exit 1' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
# Without this, PostgreSQL's package would make a cluster that nobody uses.
if ! has postgres && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common
  printf "create_main_cluster = false\n" >/etc/postgresql-common/createcluster.conf
fi

echo "Installing: $(echo $packages)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Word splitting is meant: one word a package.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $packages >/dev/null
# Where systemd runs, what was installed now is also kept from starting at the next boot.
if [ -d /run/systemd/system ]; then
  for package in $packages; do
    service=$(printf '%s' "$package" | sed 's/-light$//; s/^mariadb-server$/mariadb/')
    systemctl disable --quiet "$service" 2>/dev/null || true
  done
fi
echo "Installed: $(echo $packages)"
