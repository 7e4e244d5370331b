# shellcheck shell=bash
# Activates the conda environment in the shell that sources this file. conda's hooks read variables that need not be
# set, so `set -u` waits.
case $- in *u*) restore_nounset=1 ;; *) restore_nounset= ;; esac
set +u
# shellcheck source=/dev/null
. "${CONDA_ROOT:-/opt/conda}/etc/profile.d/conda.sh"
conda activate pointcept-torch2.5.0-cu12.4
if [[ -n "$restore_nounset" ]]; then set -u; fi
unset restore_nounset
