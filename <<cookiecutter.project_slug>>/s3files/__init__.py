"""Replaced whole when the template is updated: do not edit it, subclass it in config/storages.py.

Static and media files on Amazon S3, or on a store that speaks its protocol.
"""
