"""The quizzes of the five milestones, each in a file."""

from colorlib.checks.quizzes.basics import BASICS
from colorlib.checks.quizzes.cnns import CNNS
from colorlib.checks.quizzes.gans import GANS
from colorlib.checks.quizzes.networks import NETWORKS
from colorlib.checks.quizzes.trained import TRAINED

QUIZZES = {1: BASICS, 2: CNNS, 3: GANS, 4: NETWORKS, 5: TRAINED}
