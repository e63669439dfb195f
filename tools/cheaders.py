"""The public headers as data: functions with their prototypes, error codes, version."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource  # noqa: E402


def functions(root):
    """name -> (header, return type, [parameters]), types as written, blanks normalised."""
    found = {}
    folder = os.path.join(root, "include", "hourglass")
    for header in csource.files(folder, (".h",)):
        code = csource.code_only(csource.read(os.path.join(folder, header)))
        for match in re.finditer(r"^HG_API\b([^;{]*?)\b(hg_\w+)\s*\(([^;]*)\)\s*;", code, re.M):
            result, name, inside = (" ".join(piece.split()) for piece in match.groups())
            result = result.replace("HG_NODISCARD", "").strip()
            found[name] = (header, result, [p.strip() for p in inside.split(",")])
    return found


def errors(root):
    """name -> (value, text) of every error code."""
    text = csource.read(os.path.join(root, "include", "hourglass", "error.h"))
    return {name: (int(value), meaning) for name, value, meaning in
            re.findall(r'X\((HG_\w+), (-?\d+), "([^"]*)"\)', text)}


def version(root):
    """"MAJOR.MINOR.PATCH"."""
    text = csource.read(os.path.join(root, "include", "hourglass", "version.h"))
    return ".".join(re.search(rf"HG_VERSION_{part}\s+(\d+)", text).group(1)
                    for part in ("MAJOR", "MINOR", "PATCH"))
