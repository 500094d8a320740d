# shellcheck shell=bash
# Sourced by scripts/setup: one setup at a time in a checkout. The lock is released
# when the shell exits; the lock of a process that no longer exists is taken over.
lock=.tools/setup.lock
waited=0
until mkdir "$lock" 2>/dev/null; do
  owner=$(cat "$lock/pid" 2>/dev/null || true)
  if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
    rm -rf "$lock"
    continue
  fi
  [ "$waited" -gt 0 ] || echo "setup: waiting for another setup (pid ${owner:-?})" >&2
  waited=$((waited + 1))
  [ "$waited" -lt 900 ] || { echo "setup: still locked after 15 minutes; if no setup is running, remove $lock" >&2; exit 1; }
  sleep 1
done
echo $$ >"$lock/pid"
trap 'rm -rf "$lock"' EXIT
