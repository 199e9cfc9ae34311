"""Under test the lessons run with their small numbers; kernels inherit this."""

import os
import tempfile

os.environ["COLORLIB_FAST"] = "1"
# What a learner has solved here has no part in a test, and no test in that.
os.environ["COLORLIB_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
