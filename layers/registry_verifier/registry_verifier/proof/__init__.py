"""Whether a candidate holds: signature, signer, log entry, timestamp, and what the payload says.

An entry of a log counts when its log promised or proved it (`log_promise`, `log_inclusion`) and when it is about this
very signature by this very signer (`log_subject`): CVE-2022-23649, CVE-2022-36056 and CVE-2026-22703 all took a
genuine entry about something else. The door is `prover`.
"""

from registry_verifier.proof.prover import Prover, usable_root

__all__ = ["Prover", "usable_root"]
