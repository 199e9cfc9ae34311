"""A question of a quiz: what is asked, what is right, what a mistake is told."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """A question of a quiz: several answers to choose from, or a number.

    Args:
        text: what is asked.
        right: the letter of the right choice, or the number.
        explained: why it is right; shown with a right answer only.
        choices: the choices' texts by letter; empty where a number is asked for.
        hints: what a wrong answer, a letter or a number, is told.
        hint: what any other wrong number is told.
        within: how far a number may be off.
    """

    text: str
    right: str | float
    explained: str
    choices: dict[str, str] = field(default_factory=dict)
    hints: dict[str | float, str] = field(default_factory=dict)
    hint: str = ""
    within: float = 0.0

    def judge(self, answer) -> tuple[bool, str]:
        """Whether an answer is right, and what to say about it."""
        if self.choices:
            letter = str(answer).strip().strip("()").lower()
            if letter == self.right:
                return True, self.explained
            if letter not in self.choices:
                return False, f"choose one of {', '.join(self.choices)}."
            return False, self.hints[letter]
        try:
            number = float(answer)
        except (TypeError, ValueError):
            return False, "a number is asked for."
        if abs(number - self.right) <= self.within:
            return True, self.explained
        for trap, hint in self.hints.items():
            if abs(number - trap) <= max(self.within, 1e-9):
                return False, hint
        return False, self.hint
