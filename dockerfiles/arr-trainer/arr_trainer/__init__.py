"""Trains an image classifier with accelerate on one or several GPUs, and goes on after an interruption."""
