"""What no linter at hand says of deploy/azure. Runs in the environment that .ci/azure-templates makes.

    functions FOLDER   host.json and function.json: their form, and how they are wired
    bicep FOLDER       main.bicep: no keys, an identity, the runtime, rights on one resource each, queues and settings
    compare FOLDER     main.bicep and the Terraform module define the same resources
    package ZIP        what the host finds, with the bit that lets it start the handler
"""

import json
import os
import re
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

import jsonschema

# The trees that this script is in: the code that the functions are wired to.
ROOT = Path(__file__).resolve().parent.parent

TIME = {"type": "string", "pattern": r"^\d\d:[0-5]\d:[0-5]\d$"}


def form(properties, *optional):
    return {"type": "object", "properties": properties, "required": [key for key in properties if key not in optional], "additionalProperties": False}


HOST = form({
    "version": {"const": "2.0"},
    "extensionBundle": form({"id": {"const": "Microsoft.Azure.Functions.ExtensionBundle"}, "version": {"const": "[4.*, 5.0.0)"}}),
    "extensions": form({
        "http": form({"routePrefix": {"const": ""}}),
        "queues": form({"maxPollingInterval": TIME, "visibilityTimeout": TIME, "maxDequeueCount": {"type": "integer", "minimum": 1},
                        "batchSize": {"type": "integer", "minimum": 1, "maximum": 32}, "newBatchThreshold": {"type": "integer", "minimum": 0},
                        "messageEncoding": {"const": "base64"}})}),
    "functionTimeout": TIME,
    "customHandler": form({"description": form({"defaultExecutablePath": {"type": "string"}}), "enableForwardingHttpRequest": {"const": False}}),
    "logging": {"type": "object"},
})

QUEUE_NAME = {"type": "string", "pattern": "^[a-z0-9](-?[a-z0-9]){2,62}$"}
BINDINGS = {
    # A chat cannot send a host's key; and a route of its own, so that no client chooses the path.
    ("httpTrigger", "in"): form({"name": {"const": "req"}, "authLevel": {"const": "anonymous"}, "route": {"type": "string", "pattern": "^[a-z]+$"},
                                 "methods": {"type": "array", "items": {"enum": ["get", "post"]}, "minItems": 1}}),
    ("http", "out"): form({"name": {"const": "res"}}),
    ("queueTrigger", "in"): form({"name": {"const": "item"}, "queueName": QUEUE_NAME, "connection": {"const": "AzureWebJobsStorage"}}),
    ("queue", "out"): form({"name": {"const": "job"}, "queueName": QUEUE_NAME, "connection": {"const": "AzureWebJobsStorage"}}),
    ("timerTrigger", "in"): form({"name": {"const": "tick"}, "schedule": {"type": "string", "pattern": r"^\S+( \S+){5}$"}}),
}
JOBS = "catops-jobs"
# function → trigger, its queue or route, and the outputs that the bot writes to
FUNCTIONS = {
    "slack": ("httpTrigger", "slack", {"http", "queue"}),
    "job": ("queueTrigger", JOBS, {"queue"}),
    "dead": ("queueTrigger", JOBS + "-poison", {"queue"}),
    "minute": ("timerTrigger", None, {"queue"}),
    "health": ("httpTrigger", "healthz", {"http"}),
}
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "storage", "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "storage", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "storage",
    "4633458b-17de-408a-b874-0445c86b69e6": "vault", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "vault", "3913510d-42f4-4e42-8a64-420c390055eb": "insights",
}


class Wrong(list):
    def ask(self, holds, why):
        if not holds:
            self.append(why)

    def end(self):
        if self:
            sys.exit("\n".join(self))


def seconds(text):
    hours, minutes, rest = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + rest


def valid(wrong, what, document, schema):
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        wrong.append(f"{what}: {'.'.join(map(str, error.path))}: {error.message}")


def sources(folder):
    return "".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.rs")))


def functions(folder):
    wrong = Wrong()
    host = json.loads((folder / "host.json").read_text())
    valid(wrong, "host.json", host, HOST)
    wrong.end()
    binary = re.search(r'\[\[bin\]\]\nname = "(\w+)"', (ROOT / "deploy/azure/Cargo.toml").read_text())[1]
    path = host["customHandler"]["description"]["defaultExecutablePath"]
    wrong.ask(path == binary, f"host.json: defaultExecutablePath is {path}, and the binary is {binary}")
    code = sources("catops-azure/src")
    limit = re.search(r"TIME_LIMIT: Duration = Duration::from_secs\((\d+) \* 60\)", code)
    wrong.ask(limit, "the adapter's TIME_LIMIT is not where it was")
    wrong.ask(limit is None or seconds(host["functionTimeout"]) >= int(limit[1]) * 60 + 60, "host.json: functionTimeout leaves a command's last reply no minute")

    found = {path.parent.name: json.loads(path.read_text())["bindings"] for path in folder.glob("*/function.json")}
    wrong.ask(found.keys() == FUNCTIONS.keys(), f"functions are {sorted(found)}, and the bot has {sorted(FUNCTIONS)}")
    for name, bindings in sorted(found.items()):
        for binding in bindings:
            kind = (binding.get("type"), binding.get("direction"))
            wrong.ask(kind in BINDINGS, f"{name}: no binding {kind}")
            valid(wrong, f"{name}, {kind[0]}", {key: value for key, value in binding.items() if key not in ("type", "direction")}, BINDINGS.get(kind, {}))
        (trigger,) = [binding for binding in bindings if binding["direction"] == "in"]
        kind, place, outputs = FUNCTIONS[name]
        wrong.ask(trigger["type"] == kind, f"{name}: is triggered by {trigger['type']}, not {kind}")
        key = {"httpTrigger": "route", "queueTrigger": "queueName"}.get(kind)
        wrong.ask(key is None or trigger.get(key) == place, f"{name}: {key} is {trigger.get(key)}, not {place}" + (", the poison queue" if name == "dead" else ""))
        out = [binding for binding in bindings if binding["direction"] == "out"]
        wrong.ask({binding["type"] for binding in out} == outputs, f"{name}: writes to {[binding['type'] for binding in out]}, not {sorted(outputs)}")
        for binding in out:
            wrong.ask(binding.get("queueName", JOBS) == JOBS, f"{name}: writes jobs to {binding.get('queueName')}, and they are read from {JOBS}")
        # What the code calls it; chats have their own routes.
        wrong.ask(name == "slack" or f'"/{name}"' in code, f"{name}: the bot knows no function of this name")
    sample = json.loads((folder / "local.settings.json.sample").read_text())
    valid(wrong, "local.settings.json.sample, Custom", sample, form({"IsEncrypted": {"const": False}, "Values": {
        "type": "object", "additionalProperties": {"type": "string"}, "required": ["CATOPS_STORE", "CATOPS_SLACK_SIGNING_SECRET"],
        "properties": {"FUNCTIONS_WORKER_RUNTIME": {"const": "Custom"}, "AzureWebJobsStorage": {"const": "UseDevelopmentStorage=true"}}}}))
    wrong.end()
    queues = host["extensions"]["queues"]
    wrong.ask(queues["newBatchThreshold"] < queues["batchSize"], "host.json: newBatchThreshold is less than batchSize")
    wrong.ask(seconds(queues["maxPollingInterval"]) <= 5, "host.json: maxPollingInterval keeps people waiting")
    wrong.end()
    print(f"  {', '.join(sorted(found))}: as the host reads them, and wired to {JOBS} and {JOBS}-poison")


class Bicep:
    """main.bicep with its parameters' defaults and what a cloud fills in put in their places."""

    FILLED = {
        "storage.properties.primaryEndpoints.blob": "https://ACCOUNT.blob.core.windows.net/", "storage.name": "ACCOUNT", "vault.name": "ACCOUNT",
        "environment().suffixes.keyvaultDns": ".vault.azure.net", "insights.properties.ConnectionString": "CONNECTION", "site.identity.principalId": "APP",
        "subscription().tenantId": "TENANT", "resourceGroup().location": "LOCATION",
    }

    def __init__(self, path, given):
        from pycep import BicepParser

        parsed = BicepParser().parse(file_path=path)
        self.parameters, self.variables, self.raw = parsed["parameters"], parsed.get("variables", {}), parsed["resources"]
        self.values = {name: parameter["default"] for name, parameter in self.parameters.items() if parameter["default"] is not None}
        self.values.update(given)

    def dotted(self, node):
        if isinstance(node, dict) and "operator" in node and node["operator"]["type"] == "property_accessor":
            operands = node["operator"]["operands"]
            return f"{self.dotted(operands['operand_1'])}.{self.dotted(operands['operand_2'])}"
        if isinstance(node, dict) and "function" in node:
            name = re.sub(r"_(\w)", lambda found: found[1].upper(), node["function"]["type"])
            return f"{name}()"
        return str(node)

    def name(self, text):
        """What a dotted name stands for; names of resources stand for themselves."""
        if text in self.FILLED:
            return self.FILLED[text]
        if text in self.values:
            found = self.values[text]
        elif text in self.variables:
            found = self.variables[text]["value"]
        else:
            return text
        return found if found == text else self.plain(found)

    def plain(self, node, local=None):
        if isinstance(node, list):
            return [self.plain(one, local) for one in node]
        if isinstance(node, str):
            if local and node == local[0]:
                return local[1]
            if "${" in node:
                return re.sub(r"\$\{([^}]*)\}", lambda found: self.interpolated(found[1], local), node)
            return self.name(node)
        if not isinstance(node, dict):
            return node
        if "operator" in node:
            kind = node["operator"]["type"]
            if kind == "property_accessor":
                return self.name(self.dotted(node))
            if kind == "equals":  # the parser reads `a == b ? c : d` as `a == (b ? c : d)`
                other = node["operator"]["operands"]["operand_2"]["operator"]["operands"]
                return self.plain(other["true_value" if self.plain(node["operator"]["operands"]["operand_1"]) == other["condition"] else "false_value"])
            raise SystemExit(f"main.bicep: an operator that this check does not know: {kind}")
        if "function" in node:
            kind, given = node["function"]["type"], node["function"]["parameters"]
            if kind == "concat":
                return [one for part in given.values() for one in self.plain(part)]
            if kind == "subscription_resource_id":
                return f"{given['resource_type']}/{given['resource_name_1']}"
            return f"{self.dotted(node)}"
        if "loop_type" in node:
            detail = node["loop_type"]["detail"]
            return [self.plain(node["config"], (detail["item_name"], one)) for one in self.plain(detail["array_name"])]
        return {key: self.plain(value, local) for key, value in node.items()}

    def interpolated(self, text, local):
        replaced = re.fullmatch(r"replace\((\w+), '(.)', '(.)'\)", text)
        if replaced:
            return self.plain(replaced[1], local).replace(replaced[2], replaced[3])
        return str(self.plain(text, local))

    def facts(self):
        found = {}
        for label, resource in self.raw.items():
            config = resource["config"]
            body = {key: self.plain(value) for key, value in config.items() if key in ("kind", "sku", "properties", "identity")}
            kind = f"{resource['type']}@{resource['api_version']}"
            if resource["type"].endswith("Services"):
                continue  # the `default` that each account has
            if resource["type"].endswith("roleAssignments"):
                key = f"{self.dotted(config.get('scope', 'resourceGroup()'))} {body['properties']['roleDefinitionId'].split('/')[-1]} {body['properties']['principalId']}"
            elif "parent" in config:
                key = self.plain(config["name"])
            else:
                key = ""
            found[f"{kind} {key}".strip()] = body
        return normal(found)


def normal(found):
    for body in found.values():
        site = body.get("properties", {}).get("siteConfig")
        if site:
            site["appSettings"] = {one["name"]: one["value"] for one in site["appSettings"]}
    return found


GIVEN = {"administrator": "ADMINISTRATOR", "secrets": ["CATOPS_SLACK_SIGNING_SECRET", "CATOPS_JOB_KEY"], "scheduleChannel": "C1", "auditChannel": "C2", "readyInstances": 1}


def one(found, kind):
    ((_, body),) = [(key, body) for key, body in found.items() if key.startswith(kind + "@")]
    return body


def bicep_facts(folder):
    try:
        return Bicep(folder / "main.bicep", GIVEN).facts()
    except SystemExit:
        raise
    except Exception as error:  # of many kinds, by what the parser trips over
        sys.exit(f"main.bicep cannot be read: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def bicep(folder):
    wrong = Wrong()
    found = bicep_facts(folder)
    account = one(found, "Microsoft.Storage/storageAccounts")["properties"]
    wrong.ask(account["allowSharedKeyAccess"] is False, "storage: allowSharedKeyAccess is false")
    wrong.ask(account["allowBlobPublicAccess"] is False and account["minimumTlsVersion"] == "TLS1_2" and account["supportsHttpsTrafficOnly"] is True, "storage: nothing public, TLS 1.2")
    wrong.ask(one(found, "Microsoft.Insights/components")["properties"]["DisableLocalAuth"] is True, "insights: no key to write with")
    plan = one(found, "Microsoft.Web/serverfarms")
    wrong.ask(plan["sku"] == {"tier": "FlexConsumption", "name": "FC1"} and plan["properties"]["reserved"] is True, "plan: is FC1, Linux")
    site = one(found, "Microsoft.Web/sites")
    wrong.ask(site.get("identity") == {"type": "SystemAssigned"} and site["kind"] == "functionapp,linux", "site: has an identity")
    config = site["properties"]["functionAppConfig"]
    wrong.ask(config["runtime"] == {"name": "custom", "version": "1.0"}, f"site: the runtime is custom 1.0, not {config['runtime']}")
    storage = config["deployment"]["storage"]
    wrong.ask(storage == {"type": "blobContainer", "value": "https://ACCOUNT.blob.core.windows.net/package", "authentication": {"type": "SystemAssignedIdentity"}}
              and any(key.startswith("Microsoft.Storage/storageAccounts/blobServices/containers@") and key.endswith(" package") for key in found), "site: finds its package by its identity")
    settings = site["properties"]["siteConfig"]["appSettings"]
    wrong.ask(settings.get("AzureWebJobsStorage__accountName") == "ACCOUNT" and settings.get("AzureWebJobsStorage__credential") == "managedidentity"
              and "AzureWebJobsStorage" not in settings, "settings: AzureWebJobsStorage by the identity")
    for secret in GIVEN["secrets"]:
        wrong.ask(settings.get(secret) == f"@Microsoft.KeyVault(SecretUri=https://ACCOUNT.vault.azure.net/secrets/{secret.replace('_', '-')})", f"settings: {secret} is a KeyVault reference, not {settings.get(secret)}")
    wrong.ask("FUNCTIONS_WORKER_RUNTIME" not in settings, "settings: Flex Consumption refuses FUNCTIONS_WORKER_RUNTIME")
    table = settings.get("CATOPS_STORE", "").removeprefix("tables:")
    wrong.ask(any(key.startswith("Microsoft.Storage/storageAccounts/tableServices/tables@") and key.split(" ")[-1] == table for key in found), f"the table {table} of CATOPS_STORE is made")
    known = {"CATOPS_STORE", "CATOPS_SCHEDULE_CHANNEL", "CATOPS_AUDIT_CHANNEL", "CATOPS_LOG", *GIVEN["secrets"]}
    wrong.ask({key for key in settings if key.startswith("CATOPS_")} == known, f"settings: the bot reads {sorted(known)}")
    queues = {key.split(" ")[-1] for key in found if key.startswith("Microsoft.Storage/storageAccounts/queueServices/queues@")}
    used = {binding["queueName"] for path in folder.glob("*/function.json") for binding in json.loads(path.read_text())["bindings"] if "queueName" in binding}
    wrong.ask(queues == used, f"queues: {sorted(queues)} are made, and function.json has {sorted(used)} (with the poison queue)")
    rights = [key.split(" ")[1:] for key in found if key.startswith("Microsoft.Authorization/roleAssignments@")]
    for scope, role, who in rights:
        wrong.ask(role in ROLES, f"rights: a role that nobody here needs: {role} on {scope}")
        wrong.ask(role not in ROLES or scope == ROLES[role], f"rights: the scope of {role} is {scope}, not one resource")
        wrong.ask((who == "ADMINISTRATOR") == role.startswith("b86a8fe4"), f"rights: {role} for {who}")
    wrong.ask({role for _, role, _ in rights} == ROLES.keys(), "rights: every role is granted")
    policies = {key.split(" ")[-1]: body["properties"]["allow"] for key, body in found.items() if "basicPublishingCredentialsPolicies" in key}
    wrong.ask(policies == {"scm": False, "ftp": False}, f"site: no passwords for publishing: {policies}")
    wrong.end()
    print(f"  {len(found)} resources, {len(rights)} rights, each on one of them; {len(settings)} settings, {len(GIVEN['secrets'])} of them from the vault")


def terraform_facts(folder):
    from terraform_values import Module

    module = Module(folder / "terraform", {"data.azapi_client_config.current.subscription_id": "SUBSCRIPTION", "data.azapi_client_config.current.tenant_id": "TENANT"}, {
        "azapi_resource": {
            "id": '"${<parent_id>}|${<type>}|${<name>}"',
            "output": '{ properties = { primaryEndpoints = { blob = "https://${<name>}.blob.core.windows.net/" }, ConnectionString = "CONNECTION", defaultHostName = "${<name>}.azurewebsites.net" } }',
            "identity": '[merge(<identity>[0], { principal_id = "APP" })]',
        }})
    given = {"resource_group": "GROUP", "location": "LOCATION", "administrator": "ADMINISTRATOR", "secrets": GIVEN["secrets"], "schedule_channel": "C1", "audit_channel": "C2", "ready_instances": 1}
    with tempfile.TemporaryDirectory() as scratch:
        made, _ = module.evaluated(scratch, given)
    ids = {values["id"]: label for _, label, _, values in made if "id" in values}
    (account,) = [values["name"] for _, label, _, values in made if label == "storage"]

    def plain(node):
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(one) for one in node]
        if isinstance(node, str):
            if node in ids:
                return f"{ids[node]}.id"
            return re.sub(r"^/subscriptions/SUBSCRIPTION/providers/", "", node).replace(account, "ACCOUNT")
        return node

    found = {}
    for _, label, _, values in made:
        body = plain(values["body"])
        if "identity" in values:
            body["identity"] = {"type": values["identity"][0]["type"]}
        if "roleAssignments" in values["type"]:
            key = f"{ids.get(values['parent_id'], values['parent_id'])} {body['properties']['roleDefinitionId'].split('/')[-1]} {body['properties']['principalId']}"
        elif values["type"].count("/") > 1:
            key = values["name"]
        else:
            key = ""
        found[f"{values['type']} {key}".strip()] = body
    return normal(found)


def compare(folder):
    ours, theirs = bicep_facts(folder), terraform_facts(folder)
    wrong = Wrong()
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            wrong.append(f"{key}: main.bicep has\n    {json.dumps(ours.get(key), sort_keys=True)}\n  Terraform has\n    {json.dumps(theirs.get(key), sort_keys=True)}")
    wrong.end()
    print(f"  the same {len(ours)} resources as main.bicep's")


def package(path):
    wrong = Wrong()
    with zipfile.ZipFile(path) as file:
        names = {one.filename: one for one in file.infolist() if not one.is_dir()}
        expected = {"handler", "host.json", *(f"{name}/function.json" for name in FUNCTIONS)}
        wrong.ask(names.keys() == expected, f"holds {sorted(names)}, not {sorted(expected)}")
        mode = names["handler"].external_attr >> 16
        wrong.ask(mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH) == 0o111, f"handler is not executable: {mode:o}")
        binary = file.read("handler")
    wrong.ask(binary[:4] == b"\x7fELF" and binary[18] == 62, "handler is no program for Linux on x86-64")
    wrong.ask(b"/ld-linux" not in binary[:4096] and b"/ld-musl" not in binary[:4096], "handler asks for a dynamic loader")
    wrong.end()
    print(f"  handler, static and executable, {len(binary)} bytes; host.json; {len(FUNCTIONS)} functions")


if __name__ == "__main__":
    verb, path = sys.argv[1:]
    {"functions": functions, "bicep": bicep, "compare": compare, "package": package}[verb](Path(path))
