"""Deploy hooks: what is asked of one, what it answers, and what it tells when it calls back."""
