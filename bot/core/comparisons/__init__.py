"""What one place has and another lacks: ``diff`` and ``undeployed``."""
