"""The story of what GitHub did not tell us: it brings no webhook a second time by itself, and some it never sends.

1. of every hook, the deliveries that failed are brought again, oldest first; GitHub keeps them for three days
2. of every container package, what was pushed or tagged since the last run is held against the table, oldest first;
   what the table does not know is put on the queue, as a webhook would have been

Each package has a watermark of its own, kept in the table when everything before it was done, so that a run that is
killed, throttled or out of time is taken up by the next one. A part that cannot be asked is told as a trouble, and the
others go on: a token may be allowed to do one thing only.
"""

from registry_verifier.missed.reconciliation import Reconciled, Reconciliation

__all__ = ["Reconciled", "Reconciliation"]
