"""Tests of the sample logs that are not of one source."""
