"""What the checkers share: finding C files, and C without comments and strings."""
import os
import re

SKIP = {"build", ".git", ".cache"}
PIECES = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def files(root, suffixes=(".c", ".h")):
    """Paths of all files with these suffixes below root, sorted, relative to it."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIP)
        found += [os.path.relpath(os.path.join(folder, name), root)
                  for name in names if name.endswith(suffixes)]
    return sorted(found)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def code_only(text, keep_strings=False):
    """The text with comments blanked, and string and character literals too; lines stay."""
    def blank(match):
        piece = match.group(0)
        if piece[0] == "/":
            return re.sub(r"[^\n]", " ", piece)
        return piece if keep_strings else piece[0] + " " * (len(piece) - 2) + piece[-1]
    return PIECES.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
