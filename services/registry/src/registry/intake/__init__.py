"""Uploaded lists: layouts, staging, release."""
