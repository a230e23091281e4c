"""Modals: what a command lacks is asked in a form, and what is filled in becomes part of the command."""
