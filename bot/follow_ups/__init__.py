"""Follow-ups: what is to be done after incidents, by whom and until when; issues are opened for it elsewhere."""
