"""Evidence about a digest: collected from every source, proven as each authority demands it. Told against Protocols."""
