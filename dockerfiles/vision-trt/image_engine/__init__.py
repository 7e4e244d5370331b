"""Image Engine's optimised inference: precision, back end with fall-back, batch size, GPU monitor, benchmark.

Nothing here imports torch when the package is imported; each function asks for it when it is called. So settings, the
command's help and the tests work on machines without torch.
"""
