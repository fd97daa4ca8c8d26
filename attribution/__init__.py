"""Matches turned into answers: sources, licences, policy, reports."""
