# shellcheck shell=bash
# Sourced by spark-submit and its relatives: what selects YARN is left out, and reported.
. "$(dirname "${BASH_SOURCE[0]}")/spark.sh"

# local_mode copies a command line of spark-submit to the array submit. After the application its arguments follow.
local_mode() {
  local name=${0##*/} ignored='' value
  submit=()
  while [ $# -gt 0 ]; do
    case $1 in
      --master | --deploy-mode | --conf | -c)
        [ $# -ge 2 ] || { submit+=("$1") && break; }
        if selects_yarn "$1" "$2"; then ignored+=" $1 $2"; else submit+=("$1" "$2"); fi
        shift
        ;;
      --master=* | --deploy-mode=* | --conf=*)
        value=${1#*=}
        if selects_yarn "${1%%=*}" "$value"; then ignored+=" $1"; else submit+=("$1"); fi
        ;;
      -v | --verbose | --supervise | --version | -h | --help | --usage-error | --*=*) submit+=("$1") ;;
      -*)
        [ $# -ge 2 ] || { submit+=("$1") && break; }
        submit+=("$1" "$2")
        shift
        ;;
      *) submit+=("$@") && break ;;
    esac
    shift
  done
  [ -z "$ignored" ] ||
    echo "$name: the local region has no YARN: this application runs in client mode with master local[2] (ignored:$ignored)" >&2
  cluster_defaults "$name"
}

# selects_yarn FLAG VALUE says whether a flag asks for YARN or for the driver on another machine.
selects_yarn() {
  case $1:$2 in
    --master:yarn*) ;;
    --deploy-mode:cluster | --deploy-mode:client) ;;
    --conf:spark.master=yarn* | -c:spark.master=yarn*) ;;
    --conf:spark.submit.deployMode=* | -c:spark.submit.deployMode=*) ;;
    *) return 1 ;;
  esac
}

# cluster_defaults reports the classification spark-defaults of the cluster, which has no effect here.
cluster_defaults() {
  local file=${EPHEMR_HOME:-/nonexistent}/spark-defaults
  [ ! -s "$file" ] || echo "$1: the local region ignores the cluster's spark-defaults: $(tr '\n' ' ' <"$file")" >&2
}

# run_example CLASS ARGS… runs one of Spark's examples, whose jar the local region does not have.
run_example() {
  case ${1##*.} in
    SparkPi) exec "$SPARK_HOME/bin/spark-submit" "${spark_conf[@]}" "$shims/lib/examples/pi.py" "${@:2}" ;;
    *) echo "${0##*/}: the local region has only SparkPi of Spark's examples, not $1" >&2 && exit 1 ;;
  esac
}
