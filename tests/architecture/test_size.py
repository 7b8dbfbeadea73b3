"""Files and functions stay small enough to read in one go."""

import ast

MAX_FILE, MAX_FUNCTION, MAX_ARGUMENTS = 400, 40, 6
MAX_TERMS = 13  # a product takes what its parties agree on, each by name


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function):
    """Lines of a function without its decorators and docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        lines -= first.end_lineno - first.lineno + 1
    return lines


def arguments(function):
    """Number of arguments that a caller writes; options of a command are written by name."""
    if any("click" in ast.unparse(decorator) for decorator in function.decorator_list):
        return 0
    group = function.args
    names = [argument.arg for argument in group.posonlyargs + group.args + group.kwonlyargs]
    return len([name for name in names if name not in ("self", "cls")])


def test_files(root):
    wrong = {
        path.relative_to(root).as_posix(): count
        for folder in ("src", "tests", "benchmarks", "examples", "scripts")
        for path in (root / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
    }
    assert wrong == {}


def test_functions(modules):
    wrong = {
        f"{path}:{function.lineno} {function.name}": length(function)
        for path, tree in modules.items()
        for function in functions(tree)
        if length(function) > MAX_FUNCTION
    }
    assert wrong == {}


def test_arguments(modules):
    wrong = {
        f"{path}:{function.lineno} {function.name}": arguments(function)
        for path, tree in modules.items()
        for function in functions(tree)
        if arguments(function)
        > (MAX_TERMS if str(path).startswith("contracts/products/") else MAX_ARGUMENTS)
    }
    assert wrong == {}


def test_the_measures_measure():
    body = "\n".join(f"    x{line} = {line}" for line in range(45))
    (function,) = functions(
        ast.parse(f'def f(a, /, b, *, c):\n    """Doc.\n\n    More.\n    """\n{body}')
    )
    assert length(function) == 46
    assert arguments(function) == 3
    (command,) = functions(ast.parse("@click.option('--x')\ndef g(a, b, c, d, e, f, g): pass"))
    assert arguments(command) == 0
    (method,) = functions(ast.parse("class C:\n    def m(self, a): pass"))
    assert arguments(method) == 1
