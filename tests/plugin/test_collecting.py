"""Folders of cassettes are passed over when tests are collected, where nobody could tell."""

from __future__ import annotations

from tests.plugin._project import Project

LOOKS = """
    seen = []

    def pytest_ignore_collect(collection_path):
        seen.append(collection_path.name)

    def pytest_collection_finish():
        print("SEEN", sorted(seen))
"""
COLLECTS = """
    import pytest

    class Item(pytest.Item):
        def runtest(self):
            pass

    class File(pytest.File):
        def collect(self):
            yield Item.from_parent(self, name="it")

    def pytest_collect_file(file_path, parent):
        return File.from_parent(parent, path=file_path) if file_path.suffix == ".yaml" else None
"""


def project_of_cassettes(project: Project) -> None:
    project.write("test_a.py", "def test_a(): pass")
    project.write("cassettes/test_a/one.yaml", "version: 1")
    project.write("cassettes/test_a/two.yml", "version: 1")


def test_a_folder_with_nothing_but_cassettes_is_not_gone_through(project: Project) -> None:
    project_of_cassettes(project)
    project.write("conftest.py", LOOKS)
    project.write("cassettes/test_b/three.yaml", "version: 1")
    project.write("cassettes/test_b/test_c.py", "def test_c(): pass")
    result = project.run("-s").check(passed=2)
    result.has("'test_b'", "'three.yaml'", "'test_c.py'").lacks("'one.yaml'", "'two.yml'")


def test_whoever_collects_files_sees_those_of_cassettes(project: Project) -> None:
    project_of_cassettes(project)
    project.write("conftest.py", COLLECTS)
    project.run().check(passed=2)
