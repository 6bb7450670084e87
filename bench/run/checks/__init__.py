"""The checks of `audit`, one theme a file. A check states a rule and says, run by run, what was found.

Rules are taken from audits that others trust, and kept where a number here can be held against them:
- MLPerf rules: mlcommons/inference_policies, inference_rules.adoc, power_measurement.adoc and
  MLPerf_Audit_Guidelines.adoc (commit of 2026-07-23).
- MLPerf checker: mlcommons/power-dev, compliance/check.py (commit of 2025-02-21).
- MLPerf Power paper: Tschand et al., arXiv:2410.12032.
- ML.ENERGY: ml-energy/benchmark, scripts/validate_results.py (commit of 2026-05-09).
- Yang: Yang, Adamek, Armour, arXiv:2312.02741.
All checked 2026-11-21. A threshold without one of these names beside it is Joulemark's own, and says why.
"""
