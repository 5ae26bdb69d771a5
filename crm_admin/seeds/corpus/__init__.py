"""Invented people, companies, places, phones, words: pure, fixed by the `random.Random` they are given."""
