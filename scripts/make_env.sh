#!/bin/sh
# Makes .venv at the clone's root with every extra that the README's commands need. `make` calls it.
# A CUDA torch that this machine's python3 already imports (GPU images bring one) is used as it is.
set -eu

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "joulemark needs Python 3.11 or newer with venv; $python is $("$python" --version 2>&1)." >&2
    echo "On Debian or Ubuntu: sudo apt-get install python3 python3-venv; or: make PYTHON=/path/to/python3.11" >&2
    exit 2
fi

echo "making .venv: about 2 GB with torch, once; some minutes on a slow network" >&2
if "$python" -c 'import sys, torch; sys.exit(torch.version.cuda is None)' 2>/dev/null; then
    echo "using the CUDA torch of $python"
    [ -x .venv/bin/python ] || "$python" -m venv --system-site-packages .venv
    .venv/bin/python -m pip install --quiet -e '.[transformers,whisper,endpoints,intent,onnxruntime,ctranslate2,frames,quality,serve,yaml,logs,dev]'
else
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    # torch before all that asks for it: nothing then looks for another build
    .venv/bin/python -m pip install --quiet -c constraints.txt torch
    .venv/bin/python -m pip install --quiet -c constraints.txt -e '.[transformers,whisper-cpu,endpoints,intent,onnxruntime,ctranslate2,frames,quality,serve,yaml,logs,dev]'
    # openai-whisper asks for triton on any Linux; without CUDA nothing of it runs
    .venv/bin/python -m pip install --quiet --no-deps 'openai-whisper>=20250625'
fi
touch .venv/.ready
echo "environment ready" >&2
