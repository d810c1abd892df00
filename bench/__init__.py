"""Benchmarks: each is a program that prints its figures. They are never part of the test suite."""
