#!/usr/bin/env bash
# Installs Miniforge, which has conda and mamba, to /opt/conda:   install-miniforge.sh INSTALLER
set -euo pipefail

bash "$1" -b -p "${CONDA_ROOT:-/opt/conda}"
"${CONDA_ROOT:-/opt/conda}/bin/mamba" --version
