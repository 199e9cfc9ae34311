"""Under test the lessons run with their small numbers; kernels inherit this."""

import os

os.environ["COLORLIB_FAST"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
