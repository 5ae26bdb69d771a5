"""Stories of people at a real browser.

Every one fails on an error in the console, a script's error or a breach of the content policy.
"""
