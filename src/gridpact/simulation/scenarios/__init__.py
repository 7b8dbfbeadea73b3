"""Scenario files: one YAML document to a typed scenario, its community and its data.

``load`` reads and checks a file, ``build.community`` and ``specs.specs`` make its columns, and
``data.read`` reads the data files it names.
"""

from gridpact.simulation.scenarios.loading import default_path, load, parse_override

__all__ = ["default_path", "load", "parse_override"]
