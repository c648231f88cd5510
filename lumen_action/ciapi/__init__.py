"""The CI's own API: what it says of runs, attempts and jobs, within its limits."""
