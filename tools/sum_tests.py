#!/usr/bin/env python3
"""Sums what the test runners reported into one directory and prints the closing line.

RESULTS/ctest.xml    a test case is a whole program; where RESULTS/gtest/<program>.xml tells of
                     the cases inside, those are counted instead. RESULTS/ctest.json, which is
                     ctest --show-only=json-v1, names each test's program
RESULTS/pytest.xml   a test case is a function; those in emulated machines are in pytest-vm.xml, those that ran beside
                     the others in pytest-patient.xml
RESULTS/leaks.xml    whether something was left behind
A report that is missing counts as one failure: its runner did not get that far.
"""
import json
import pathlib
import sys
from xml.etree import ElementTree


class Sum:
    def __init__(self):
        self.passed, self.skipped, self.failures = 0, 0, []

    def add(self, name, case):
        if case.find("failure") is not None or case.find("error") is not None:
            self.failures.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            self.skipped += 1
        else:
            self.passed += 1


def parse(path):
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None


def add_ctest(total, results):
    report = parse(results / "ctest.xml")
    if report is None:
        total.failures.append("ctest did not finish")
        return
    listed = json.loads((results / "ctest.json").read_text())["tests"]
    programs = {test["name"]: pathlib.Path(test["command"][0]).name for test in listed if test.get("command")}
    for program in report.iter("testcase"):
        name = program.get("name")
        # A program that failed is counted as such too when its own report has no failure: it
        # crashed, or failed outside of a test case.
        inside = parse(results / "gtest" / f"{programs.get(name, name)}.xml")
        before = len(total.failures)
        for case in inside.iter("testcase") if inside is not None else []:
            total.add(f"{name}: {case.get('classname')}.{case.get('name')}", case)
        failed = program.find("failure") is not None or program.get("status") == "fail"
        if inside is None:
            total.add(name, program)
        elif failed and len(total.failures) == before:
            total.failures.append(f"{name}: the program failed")


def add_plain(total, path):
    report = parse(path)
    if report is None:
        total.failures.append(f"{path.stem} did not finish")
        return
    for case in report.iter("testcase"):
        total.add(f"{case.get('classname')}::{case.get('name')}", case)


def main(directory):
    results, total = pathlib.Path(directory), Sum()
    add_ctest(total, results)
    add_plain(total, results / "pytest.xml")
    add_plain(total, results / "pytest-vm.xml")
    add_plain(total, results / "pytest-patient.xml")
    add_plain(total, results / "leaks.xml")
    for name in total.failures:
        print(f"FAILED {name}")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {len(total.failures)} failed{skipped}")
    return 1 if total.failures or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
