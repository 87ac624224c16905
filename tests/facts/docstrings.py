"""Docstrings in three styles, well formed and not: what becomes of the description and the parameters."""

from typing import Any

DOCSTRINGS = {
    "plain": "Just text.",
    "two": "Sum.\n\nMore.\n\n    indented\n",
    "google_after": "Sum.\n"
    "\n"
    "Args:\n"
    "    a: The a.\n"
    "    b: The b\n"
    "        more of b.\n"
    "\n"
    "Trailing text.\n"
    "\n"
    "Note:\n"
    "    a note here\n",
    "google_returns_typed": "Sum.\n\nArgs:\n    a: x\n\nReturns:\n    int: the result\n",
    "google_returns_multi": "Sum.\n\nReturns:\n    The result\n    is long: yes.\n",
    "google_returns_only": "Returns:\n    The result.",
    "google_args_only": "Args:\n    a: x\n    b: y",
    "google_params": "Sum.\n\nParameters:\n    a: x\n\nRaises:\n    ValueError: if.\n\nExample:\n    >>> foo()\n",
    "google_examples": "Sum.\n\nExamples:\n    text\n    >>> foo()\n    3\n\nArgs:\n    a: x",
    "google_kw": "Sum.\n\nKeyword Args:\n    b: kw\n\nOther Parameters:\n    a: q\n",
    "google_types": "Sum.\n\nArgs:\n    a (int, optional): x\n    b (list[str]): y. Defaults to 3.\n",
    "google_yields": "Sum.\n\nYields:\n    int: stuff\n",
    "google_arguments": "Sum.\n\nArguments:\n    a: x\n",
    "google_noindent": "Sum.\nArgs:\n    a: x\n    b: y\n",
    "numpy": "Sum.\n"
    "\n"
    "Parameters\n"
    "----------\n"
    "a : int\n"
    "    The a.\n"
    "b : str, optional\n"
    "    The b.\n"
    "\n"
    "Returns\n"
    "-------\n"
    "int\n"
    "    The result.\n"
    "\n"
    "Notes\n"
    "-----\n"
    "some notes\n",
    "numpy_named": "Sum.\n"
    "\n"
    "Parameters\n"
    "----------\n"
    "a\n"
    "    The a.\n"
    "b: str\n"
    "    The b.\n"
    "\n"
    "Returns\n"
    "-------\n"
    "res : int\n"
    "    The result.\n",
    "numpy_two_returns": "Sum.\n\nReturns\n-------\nint\n    one\nstr\n    two\n",
    "numpy_only_returns": "Sum.\n\nReturns\n-------\nint\n",
    "numpy_shared": "Sum.\n\nParameters\n----------\na, b : int\n    Both.\n",
    "sphinx": "Sum.\n"
    "\n"
    ":param a: The a\n"
    ":type a: int\n"
    ":param b: The b\n"
    "    cont\n"
    ":returns: the res\n"
    ":rtype: int\n"
    ":raises ValueError: x\n",
    "sphinx_typed": "Sum.\n\n:param int a: The a\n:param str b: The b\n:return: res",
    "sphinx_rtype": "Sum.\n\n:rtype: int",
    "sphinx_arg": "Sum.\n\n:arg a: x\n:key b: y\n:parameter b: z",
    "empty": "",
    "spaces": "   \n  ",
    "mixed": "Sum.\n\n:param a: sphinx a\n\nArgs:\n    b: google b\n",
    "code": "Sum.\n\n```python\nArgs:\n    a: x\n```\n\nArgs:\n    a: real\n",
    "unknown_param": "Sum.\n\nArgs:\n    zz: unknown\n    a: x\n",
    "xmlish": "Sum <b>x</b> & more.\n\nReturns:\n    a <tag> & b",
    "returns_and_doc": "First line\n"
    "second line.\n"
    "\n"
    "    Args:\n"
    "        a: deep\n"
    "\n"
    "    Returns:\n"
    "        dict: mapping\n",
    "admon": "Sum.\n\nNote: inline\n    Body.\n\nWarning:\n    careful\n\nArgs:\n    a: x\n",
    "todo": "Sum.\n\nTodo:\n    * x\n\nAttributes:\n    q: z\n\nArgs:\n    a: x\n",
    "google_multi_para_arg": "Sum.\n"
    "\n"
    "Args:\n"
    "    a: first para.\n"
    "\n"
    "        second para.\n"
    "    b: y\n"
    "\n"
    "        - item\n"
    "        - item2\n",
    "numpy_multi": "Sum.\n"
    "\n"
    "Extended.\n"
    "\n"
    "Parameters\n"
    "----------\n"
    "a : int\n"
    "    The a.\n"
    "\n"
    "    Second para.\n"
    "b : {'x', 'y'}\n"
    "    Choices.\n",
    "mark_0": "Sum.\n\n:param a: x",
    "mark_1": "Sum.\n\n:param a: x\n",
    "mark_2": ":param a: x\n",
    "mark_3": "x\n:returns: y\n",
    "mark_4": "x\n:return: y\n",
    "mark_5": "x\n:rtype: y\n",
    "mark_6": "x\n:type a: int\n",
    "mark_7": "x\n:raises ValueError: z\n",
    "mark_8": "x\n:raise ValueError: z\n",
    "mark_9": "x\n:var a: z\n",
    "mark_10": "x\n:foo a: z\n",
    "mark_11": "x\n  :param a:\n    z\n",
    "mark_12": "x\n:Param a: z\n",
    "mark_13": ":param a: x\n:param b: y",
    "mark_14": "x\n:except V: z\n:param a: z",
    "mark_15": "x\n\nParameters\n---\na: int\n   q\n",
    "mark_16": "x\n\nparameters\n----------\na\n   q\n",
    "mark_17": "x\n\nReturns\n----------\nint\n   q",
    "mark_18": "x\n\nParameters\n----------\na\n   q\n\nArgs:\n  b: x\n",
    "mark_19": "x\n\nRaises\n----\nV\n   q\n\n",
    "mark_20": "Parameters\n----------\na\n   q",
    "mark_21": "x\n\n    Parameters\n    ----------\n    a\n       q\n",
    "mark_22": "x\n\nOther Parameters\n----------\na\n   q\n",
    "mark_23": "x\n\nNotes\n-----\nfoo\n\nParameters\n----------\na\n    q\n",
    "mark_24": "x\n\nargs:\n  a: q\n",
    "mark_25": "x\n\nParams:\n  a: q\n",
    "mark_26": "x\n\nKeyword Arguments:\n  a: q\n",
    "mark_27": "x\n\nArgs: \n    a: q\n\n:param b: z\n",
    "mark_28": "x\n\nReturns:\n    y\n\nParameters\n----------\na\n    q\n",
    "mark_29": "x\n\nExample:\n    y\n\nParameters\n----------\na\n    q\n",
    "mark_30": "x\n\nNote:\n    y\n\nParameters\n----------\na\n    q\n",
    "mark_31": "x\n\nFoo:\n    y\n\nParameters\n----------\na\n    q\n",
}


def facts(api: Any) -> dict[str, Any]:
    """For each style and docstring: the tool's description, and those of its parameters."""
    from .api import attempt

    def read(text: str, style: str) -> Any:
        def function(a: int, b: str) -> int: ...  # type: ignore[empty-body]

        function.__doc__ = text
        tool = api.Tool(function, docstring_format=style)
        properties = tool.function_schema.json_schema["properties"]
        return [tool.description, {name: item.get("description") for name, item in properties.items()}]

    return {
        f"{style} {name}": attempt(lambda text=text, style=style: read(text, style))
        for style in ("auto", "google", "numpy", "sphinx")
        for name, text in DOCSTRINGS.items()
    }
