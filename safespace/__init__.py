"""SafeSpace: where reports are really more than usual, what to mend, and briefs to hand over."""
