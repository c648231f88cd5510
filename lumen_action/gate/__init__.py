"""Whether a change may be deployed: pure decisions over objectives, conditions and overrides."""
