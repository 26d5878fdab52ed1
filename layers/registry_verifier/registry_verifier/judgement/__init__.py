"""What policies say of the evidence: our judgement, and the cluster's beside it. Values in, values out."""
