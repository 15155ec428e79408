"""Silences, maintenance windows and inhibition: why nobody is told of something that fires."""
