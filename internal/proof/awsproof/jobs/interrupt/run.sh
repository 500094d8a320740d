#!/usr/bin/env bash
# Works until it is interrupted, and reports whether the processes above the runner still run then.
set -uo pipefail

above() { # processes from the runner up to the first JVM, or to init
  local pid=$PPID parent name
  while [ "$pid" -gt 1 ] && read -r parent name < <(ps -o ppid=,comm= -p "$pid"); do
    printf '%s(%s) ' "${name##*/}" "$pid"
    [ "$name" != java ] || break
    pid=$parent
  done
}
before=$(above)
interrupted() {
  echo "fact above_at_start=$before"
  echo "fact above_at_interrupt=$(above)"
  echo "fact cleaned_up=yes"
  exit 7
}
trap interrupted TERM
echo begun
sleep 1200 &
wait
