#!/bin/sh
# Lets ordinary users read the energy counters of the CPU (RAPL) until the next restart.
#
#   sudo scripts/grant_rapl.sh            everyone
#   sudo scripts/grant_rapl.sh GROUP      the members of GROUP only
#   sudo scripts/grant_rapl.sh --revoke   root only, as Linux sets it
#
# Why Linux keeps them from you: whoever reads them finely enough can guess what other programs on the same
# CPU compute, keys included (the PLATYPUS attack, CVE-2020-8694, https://platypusattack.com). On a machine
# that is yours alone that is nobody's business; on a shared one, grant a group, and revoke afterwards.
set -eu

root=${POWERCAP_ROOT:-/sys/class/powercap}
audience=${1:-}

if [ "$(id -u)" -ne 0 ] && [ "$root" = /sys/class/powercap ]; then
    echo "grant_rapl: only root can change these rights; run: sudo $0 $*" >&2
    exit 2
fi

changed=0
for counter in "$root"/*:*/energy_uj; do
    [ -e "$counter" ] || continue
    case $audience in
        --revoke) chmod 0400 "$counter" ;;
        '') chmod 0444 "$counter" ;;
        *) chgrp "$audience" "$counter" && chmod 0440 "$counter" ;;
    esac
    changed=$((changed + 1))
done

if [ "$changed" -eq 0 ]; then
    echo "grant_rapl: no RAPL counter under $root (a virtual machine? try: modprobe intel_rapl_msr)" >&2
    exit 3
fi
echo "grant_rapl: changed $changed counters; they return to root only at the next restart"
