"""Prints a YAML file as JSON; what CloudFormation's tags stand for is a text that says the tag."""

import json
import sys

import yaml


def tagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return f"!{suffix} {node.value}"
    if isinstance(node, yaml.SequenceNode):
        return {f"!{suffix}": loader.construct_sequence(node, deep=True)}
    return {f"!{suffix}": loader.construct_mapping(node, deep=True)}


yaml.SafeLoader.add_multi_constructor("!", tagged)
with open(sys.argv[1], encoding="utf-8") as file:
    json.dump(yaml.safe_load(file), sys.stdout)
