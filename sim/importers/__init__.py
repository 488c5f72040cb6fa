"""Files that users hold, read and checked: one module per format.

Every importer says in one go everything that is wrong with a file, and none of them accepts a file with
personal data: the model needs places, counts and dates, never a name or an NHS number.
"""
