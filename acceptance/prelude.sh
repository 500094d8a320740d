# shellcheck shell=bash
# What scripts of acceptance/ can use; README.md describes it.
set -eu
exec 3>&1 # the transcript, also from inside $(…) and pipes

# ephemr shows the command line, runs it, and shows its exit code unless that
# is 0. The script goes on: the golden file says what must have come of it.
ephemr() {
  local code=0
  { printf '$ ephemr' && quoted "$@"; } >&3
  command ephemr "$@" || code=$?
  [ "$code" -eq 0 ] || echo "exit $code" >&3
}

quoted() { # arguments: as one would type them
  local arg
  for arg in "$@"; do
    case $arg in
      '' | *[!A-Za-z0-9_./:=,@%+-]*) printf " '%s'" "${arg//\'/\'\\\'\'}" ;;
      *) printf ' %s' "$arg" ;;
    esac
  done
  echo
}

# await runs a command, unseen, until it says a text; it gives up after a minute.
await() { # text, command
  local text=$1 said='' i
  shift
  for ((i = 0; i < 300; i++)); do
    said=$(command "$@" 2>&1) || true
    case $said in *"$text"*) return 0 ;; esac
    sleep 0.2
  done
  printf 'await: "%s" never said "%s", but in the end:\n%s\n' "$*" "$text" "$said" >&3
  return 1
}

# over awaits the end of a run.
over() { # run
  await $'\nended ' ephemr show "$1"
}

# pipeline writes pipeline.yaml: one Bash job called work.
pipeline() { # script, more lines for the file
  mkdir -p jobs/work
  printf '%s # %s\n' "$1" "$NAME" >jobs/work/run.sh # a package that no other script has uploaded
  cat >pipeline.yaml <<EOF
pipeline: $NAME
cluster: {profile: small}
jobs:
  - {name: work, type: bash, source: jobs/work}
EOF
  printf '%s' "${2:+$2
}" >>pipeline.yaml
}
