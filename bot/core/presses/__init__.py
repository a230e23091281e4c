"""Presses on buttons: what is done once is done once, whoever presses and however often."""
