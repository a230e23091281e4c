"""What must hold before a deployment may start: small questions, each with an explained answer.

All gates are asked, of one view of the facts with one ``now``, and every answer is kept, so that people see all reasons
together and not one after the other. A family of gates is a file; ``judge`` asks them all.
"""
