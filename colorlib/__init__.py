"""colorlib: the small helper package of the image colorization course.

Import from its modules, so that a reader sees where a name lives:
``from colorlib.lab import rgb_to_lab``.
"""
