"""What a Terraform module comes to, without the provider that its resources are of.

Each resource is rewritten as a `terraform_data`, which Terraform has built in, with the resource's arguments as its input; then
Terraform itself evaluates variables, locals, conditions, `for_each` and references. What a cloud fills in is given by the
caller. A provider would also refuse misspelt arguments; this cannot.
"""

import glob
import json
import os
import re
import subprocess

import hcl2

MARKS = {"__is_block__", "__comments__", "__inline_comments__"}
META = {"depends_on", "lifecycle", "provider"}


def names(block):
    """The single label of a block and what is in it."""
    ((label, inner),) = [(key.strip('"'), value) for key, value in block.items() if key not in MARKS]
    return label, inner


class Module:
    """The folder's files, parsed."""

    def __init__(self, folder, data, computed):
        """`data`: text of a data source's attribute → its value; `computed`: type → attribute → template over the arguments."""
        self.data, self.computed = data, computed
        self.blocks = {}
        for path in sorted(glob.glob(os.path.join(folder, "*.tf"))):
            with open(path) as file:
                for kind, found in hcl2.load(file).items():
                    if kind not in MARKS:
                        self.blocks.setdefault(kind, []).extend(found)
        self.resources = []
        for block in self.blocks.get("resource", []):
            kind, inner = names(block)
            self.resources.append((kind, *names(inner)))
        self.kinds = sorted({kind for kind, _, _ in self.resources})

    def rewritten(self, text):
        for source, value in self.data.items():
            text = re.sub(rf"(?<![\w.]){re.escape(source)}\b", lambda _: json.dumps(value), text)
        kinds = "|".join(self.kinds)
        return re.sub(rf"(?<![\w.])({kinds})\.(\w+)(\[[^\]]*\])?(?=\.)", r"terraform_data.\1__\2\3.output", text) if kinds else text

    def expression(self, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return str(value)
        if value is None:
            return "null"
        if isinstance(value, str):
            if value.startswith("${") and value.endswith("}"):
                return f"({self.rewritten(value[2:-1])})"
            return self.rewritten(value)
        if isinstance(value, list):
            return "[" + ", ".join(self.expression(one) for one in value) + "]"
        return "{" + ", ".join(self.arguments(value)) + "}"

    def arguments(self, body):
        written, repeated = [], {}
        for key, value in body.items():
            if key in MARKS | META | {"for_each", "count"}:
                continue
            if key == "dynamic":
                for block in value:
                    label, inner = names(block)
                    (content,) = inner["content"]
                    item = re.sub(rf"\b{label}\.(key|value)\b", rf"{label}_\1", self.expression(content))
                    repeated.setdefault(label, []).append(f"[for {label}_key, {label}_value in {self.expression(inner['for_each'])} : {item}]")
            else:
                written.append(f"{key} = {self.expression(value)}" if key.startswith('"') or key.isidentifier() else f'"{key}" = {self.expression(value)}')
        return written + [f"{label} = concat({', '.join(lists)})" for label, lists in repeated.items()]

    def evaluated(self, scratch, variables):
        """Returns each resource that these variables make: [(type, name, key, arguments)], and the outputs."""
        text = []
        for block in self.blocks.get("variable", []):
            label, inner = names(block)
            default = "" if "default" not in inner else f"  default = {self.expression(inner['default'])}\n"
            checks = "".join(
                f"  validation {{\n    condition = {self.expression(one['condition'])}\n    error_message = {one['error_message']}\n  }}\n"
                for one in inner.get("validation", []))
            text.append(f'variable "{label}" {{\n  type = {inner["type"].removeprefix("${").removesuffix("}")}\n{default}{checks}}}\n')
        for block in self.blocks.get("locals", []):
            text.append("locals {\n" + "".join(f"  {key} = {self.expression(value)}\n" for key, value in block.items() if key not in MARKS) + "}\n")
        for kind, label, body in self.resources:
            meta = "".join(f"  {key} = {self.expression(body[key])}\n" for key in ["for_each", "count"] if key in body)
            own = dict(item.split(" = ", 1) for item in self.arguments(body))
            for key, template in self.computed.get(kind, {}).items():
                if set(re.findall(r"<(\w+)>", template)) <= own.keys():
                    own[key] = re.sub(r"<(\w+)>", lambda found: own[found[1]], template)
            pairs = ", ".join(f"{key} = {value}" for key, value in own.items())
            text.append(f'resource "terraform_data" "{kind}__{label}" {{\n{meta}  input = {{ {pairs} }}\n}}\n')
        for block in self.blocks.get("output", []):
            label, inner = names(block)
            text.append(f'output "{label}" {{\n  value = {self.expression(inner["value"])}\n}}\n')
        os.makedirs(scratch, exist_ok=True)
        with open(os.path.join(scratch, "main.tf"), "w") as file:
            file.write("\n".join(text))
        with open(os.path.join(scratch, "terraform.tfvars.json"), "w") as file:
            json.dump(variables, file)
        for command in [["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]]:
            done = subprocess.run(["terraform", *command, "-no-color"], cwd=scratch, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"terraform {command[0]} on what was made of the module:\n{done.stdout}{done.stderr}")
        state = json.loads(subprocess.check_output(["terraform", "show", "-json"], cwd=scratch))["values"]
        made = []
        for found in state.get("root_module", {}).get("resources", []):
            kind, label = found["name"].split("__", 1)
            made.append((kind, label, found.get("index"), found["values"]["output"]))
        return made, {key: value["value"] for key, value in state.get("outputs", {}).items()}
