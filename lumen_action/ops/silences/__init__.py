"""Silences of an Alertmanager."""
