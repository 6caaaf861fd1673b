"""What no linter says of deploy/gcp. Runs in the environment that .ci/gcp-templates makes, on the dry runs that it records.

    runs FOLDER            a second run destroys nothing, removing takes away all that was made, and no grant is too wide
    rerun COMMANDS         the first of these, for one record
    commands RECORD...     every command once, as gcloud's own linter takes them
    linted FILE            its verdict
    dockerfile FILE        stages, user and entry point
    cloudbuild FILE        builds that Dockerfile, and pushes what it is told to
    context IGNORE FILES   those of the files, one a line, that are not ignored
    services FRONT WORKER  what Cloud Run and the bot ask of a service's YAML
    code FOLDER ROOT       the code below ROOT reads these settings, serves these paths and writes these fields
    compare FOLDER MODULE  the dry runs and the Terraform module define the same bot
"""

import json
import os
import re
import shlex
import sys
import tempfile

PROJECT, REGION, NUMBER = "project-1", "europe-west1", "123456789012"
WORKER_URL = f"https://catops-worker-{NUMBER}.{REGION}.run.app"
# Of what these roles allow, nothing can be granted on less than the project; the first has a condition.
ON_PROJECT = {("roles/datastore.user", f'title=catops,expression=resource.name=="projects/{PROJECT}/databases/(default)"'),
              ("roles/logging.logWriter", "None")}
ROLES = {"roles/artifactregistry.writer", "roles/storage.objectViewer", "roles/logging.logWriter", "roles/datastore.user", "roles/run.invoker",
         "roles/secretmanager.secretAccessor", "roles/pubsub.publisher", "roles/pubsub.subscriber", "roles/cloudtasks.enqueuer",
         "roles/iam.serviceAccountUser"}


class Command:
    """One call of gcloud: words, and flags by their name."""

    def __init__(self, words):
        self.words = [word for word in words if not word.startswith("--")]
        self.flags = dict((word[2:].split("=", 1) + [""])[:2] for word in words if word.startswith("--"))
        self.raw = words

    def starts(self, text):
        return self.words[:len(text.split())] == text.split()

    def __str__(self):
        return shlex.join(["gcloud", *self.raw])


def record(path):
    with open(path) as file:
        return [Command(json.loads(line)) for line in file]


def folder_record(folder, name):
    return record(os.path.join(folder, name, "commands"))


KINDS = ["iam service-accounts", "artifacts repositories", "storage buckets", "firestore databases", "pubsub topics", "pubsub subscriptions",
         "tasks queues", "scheduler jobs", "run services"]


def changed(commands, verbs):
    """The (kind, name) of each thing that these verbs were said of."""
    found = set()
    for command in commands:
        for kind in KINDS:
            length = len(kind.split())
            if command.starts(kind) and len(command.words) > length and command.words[length] in verbs:
                rest = [word for word in command.words[length + 1:] if word != "http"]
                name = command.flags.get("database") or (rest[0] if rest else "")
                found.add((kind, name.split("@")[0].removesuffix(".yaml").split("/")[-1] if kind != "storage buckets" else name))
        if command.starts("storage rm"):
            found.update({("storage buckets", name) for name in command.words[2:] if "delete" in verbs})
    return found


def rerun(commands):
    wrong = []
    for command in commands:
        text = str(command)
        stale = command.starts("scheduler jobs delete catops-tick-gone")
        if ("delete" in command.words or command.starts("storage rm") or any("remove" in word for word in command.words)) and not stale:
            wrong.append(f"a second run deletes: {text}")
        if "create" in command.words and not command.starts("beta services identity"):
            wrong.append(f"a second run makes again what is there: {text}")
        if any(word.startswith("set-iam-policy") for word in command.words):
            wrong.append(f"replaces grants that others made: {text}")
    return wrong


def grants(commands):
    """(what, name, role, who, condition) of each grant."""
    found = set()
    for command in commands:
        if "add-iam-policy-binding" not in command.words:
            continue
        at = command.words.index("add-iam-policy-binding")
        found.add((" ".join(command.words[:at]), command.words[at + 1], command.flags["role"], command.flags["member"], command.flags.get("condition", "")))
    return found


def too_wide(found):
    wrong = []
    for what, name, role, who, condition in found:
        if role not in ROLES:
            wrong.append(f"{role} on {what} {name}: a role that nobody here needs")
        if what == "projects" and (role, condition) not in ON_PROJECT:
            wrong.append(f"{role} on the whole project for {who}")
        if who in ("allUsers", "allAuthenticatedUsers") and (what, name, role, who) != ("run services", "catops-front", "roles/run.invoker", "allUsers"):
            wrong.append(f"{what} {name} is open to {who}")
    return wrong


def runs(folder):
    wrong = []
    for name in ["again", "tasks-again"]:
        wrong += [f"{name}: {found}" for found in rerun(folder_record(folder, name))]
    made = changed(folder_record(folder, "first"), {"create", "replace"}) | changed(folder_record(folder, "tasks-first"), {"create", "replace"})
    made = {(kind, "catops-" + name if kind == "run services" and not name.startswith("catops-") else name) for kind, name in made}
    gone = changed(folder_record(folder, "removed"), {"delete"})
    wrong += [f"is made and never taken away: {kind} {name}" for kind, name in made - gone]
    if not any(command.starts("secrets delete catops-CATOPS_SLACK_SIGNING_SECRET") for command in folder_record(folder, "removed")):
        wrong.append("SECRETS=delete leaves the secrets")
    wrong += [f"remove.sh on nothing: {command}" for command in folder_record(folder, "removed-again") if changed([command], {"delete"})]
    wrong += [f"remove.sh without being asked: {command}" for command in folder_record(folder, "kept") if command.starts("secrets delete") or command.starts("firestore databases delete")]
    for name in ["first", "tasks-first"]:
        commands = folder_record(folder, name)
        if not any(command.starts("run services replace") for command in commands):
            wrong.append(f"{name}: no service was made")
        wrong += [f"{name}: {found}" for found in too_wide(grants(commands))]
    broken = grants(folder_record(folder, "first"))
    for extra in [("projects", PROJECT, "roles/pubsub.publisher", "serviceAccount:x", ""), ("run services", "catops-worker", "roles/run.invoker", "allUsers", ""),
                  ("pubsub topics", "catops-jobs", "roles/owner", "serviceAccount:x", "")]:
        if not too_wide(broken | {extra}):
            wrong.append(f"{extra} would not be noticed")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"  a second run destroys nothing; {len(made)} things are made and taken away; no grant is on more than one thing")


def commands(paths):
    # Words first: the linter takes the word after a bare flag for the flag's value.
    texts = {shlex.join(["gcloud", *command.words, *(word for word in command.raw if word.startswith("--"))]) for path in paths for command in record(path)}
    print(json.dumps([{"command_string": text} for text in sorted(texts)], indent=0))


def linted(path):
    with open(path) as file:
        found = json.load(file)
    wrong = [f"is not a command of gcloud's: {one['command_string']}\n    {one['error_message']}" for one in found if not one["success"]]
    if wrong or not found:
        sys.exit("\n".join(wrong) or "nothing was checked")
    print(f"  takes each of {len(found)} commands")


def dockerfile(path):
    from dockerfile_parse import DockerfileParser

    with tempfile.TemporaryDirectory() as scratch, open(path) as file:
        parser = DockerfileParser(path=scratch)
        parser.content = file.read()
        steps = [(step["instruction"], step["value"]) for step in parser.structure if step["instruction"] != "COMMENT"]
        stages = parser.parent_images
    at = max(index for index, (name, _) in enumerate(steps) if name == "FROM")
    build, last = steps[:at], steps[at:]
    named = [value.split()[-1] for name, value in build if name == "FROM" and re.search(r"\sAS\s", value, re.I)]
    wrong = []

    def ask(holds, why):
        if not holds:
            wrong.append(f"Dockerfile: {why}")

    ask(len(stages) == 2, f"two stages, not {stages}")
    ask(stages[0].startswith("rust:1.95") and "bookworm" in stages[0], f"is built by Rust 1.95 on Debian 12, not {stages[0]}")
    ask(stages[-1] == "gcr.io/distroless/cc-debian12:nonroot", f"runs on distroless of the same Debian, not {stages[-1]}")
    ask(any(name == "RUN" and "--locked" in value and "--profile function" in value and "--package catops-deploy-gcp" in value for name, value in build), "builds the locked function profile of catops-deploy-gcp")
    copies = [value for name, value in last if name == "COPY"]
    ask(len(copies) == 1 and re.fullmatch(r"--from=(\S+) /src/target/function/service /service", copies[0])
        and re.match(r"--from=(\S+)", copies[0])[1] in named, f"copies the binary alone, from a stage that is named: {copies}")
    ask(("USER", "nonroot:nonroot") in last, "does not run as root")
    ask(("ENTRYPOINT", '["/service"]') in last, "starts the binary itself, so that it gets SIGTERM")
    ask(not any(name in ("CMD", "RUN", "ADD") for name, _ in last), "has nothing else in the last stage")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"  {stages[0]} → {stages[1]}, non-root")


def cloudbuild(path):
    import yaml

    with open(path) as file:
        found = yaml.safe_load(file)
    (step,) = found["steps"]
    arguments = step["args"]
    wrong = [f"cloudbuild.yaml: {why}" for holds, why in [
        (arguments[0] == "build" and arguments[-1] == ".", "builds from the root"),
        (arguments[arguments.index("--file") + 1] == "deploy/gcp/Dockerfile", "builds deploy/gcp/Dockerfile"),
        (arguments[arguments.index("--tag") + 1] == "$_IMAGE" and found["images"] == ["$_IMAGE"], "pushes what it built"),
        ("DOCKER_BUILDKIT=1" in step["env"], "reads Dockerfile.dockerignore, which BuildKit alone does"),
        (found["options"]["logging"] == "CLOUD_LOGGING_ONLY", "logs where its account may"),
    ] if not holds]
    if wrong:
        sys.exit("\n".join(wrong))


def context(ignore, files):
    with open(ignore) as file:
        patterns = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    ignored = re.compile("|".join("(.*/)?" * pattern.startswith("**/") + re.escape(pattern.removeprefix("**/")).replace(r"\*", "[^/]*") + "(/.*)?" for pattern in patterns))
    with open(files) as file:
        print("\n".join(line.rstrip("\n") for line in file if not ignored.fullmatch(line.rstrip("\n"))))


SETTINGS = {"CATOPS_SERVICE", "CATOPS_QUEUE", "CATOPS_STORE", "CATOPS_WORKER_URL", "CATOPS_PUSH_ACCOUNT", "CATOPS_AUDIT_CHANNEL", "CATOPS_LOG", "GOOGLE_CLOUD_PROJECT"}


def service(path):
    import yaml

    with open(path) as file:
        text = file.read()
    return text, yaml.safe_load(text)


def environment(container):
    values = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    secrets = {one["name"]: [one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"]] for one in container["env"] if "valueFrom" in one}
    return values, secrets


def services(front, worker):
    wrong = []
    for role, path in [("front", front), ("worker", worker)]:
        text, found = service(path)

        def ask(holds, why):
            if not holds:
                wrong.append(f"{role}: {why}")

        ask("${" not in text, f"has something left to fill in: {re.findall(r'[$].*', text)}")
        ask((found["apiVersion"], found["kind"]) == ("serving.knative.dev/v1", "Service"), "is a Knative service")
        ask(found["metadata"]["name"] == f"catops-{role}", "has its name")
        ask(found["metadata"]["annotations"]["run.googleapis.com/ingress"] == {"front": "all", "worker": "internal"}[role], "is reached by whom it should")
        spec = found["spec"]["template"]["spec"]
        ask(spec["serviceAccountName"] == f"catops-{role}@{PROJECT}.iam.gserviceaccount.com", "runs as its own account")
        values, secrets = environment(spec["containers"][0])
        ask(values.keys() == SETTINGS | ({"CATOPS_SCHEDULE_CHANNEL"} if role == "worker" else set()), f"has other settings than the bot reads: {sorted(values)}")
        ask(values.get("CATOPS_SERVICE") == role, "knows which of the two it is")
        ask(all(isinstance(value, str) for value in values.values()), "settings are text")
        ask(values.get("CATOPS_STORE") == "firestore:catops" and re.fullmatch(r"(pubsub|tasks):projects/.*", values.get("CATOPS_QUEUE", "")), "store and queue are named")
        ask("CATOPS_SLACK_SIGNING_SECRET" in secrets and all(name == f"catops-{key}" and version == "latest" for key, (name, version) in secrets.items()), "its secrets are there")
        ask(("CATOPS_SECRET_PAGER" in secrets) == (role == "worker"), "plugins' secrets are for the worker alone")
        ask(spec["containers"][0]["ports"] == [{"containerPort": 8080}], "listens on 8080")
        ask(role == "front" or spec["timeoutSeconds"] == (600 if values.get("CATOPS_QUEUE", "").startswith("pubsub:") else 1800), "waits as long as its carrier")
        if not wrong:
            print(f"  {role}: {len(values)} settings, {len(secrets)} secrets")
    if wrong:
        sys.exit("\n".join(wrong))


def run_facts(path):
    _, found = service(path)
    metadata, template = found["metadata"], found["spec"]["template"]
    container, notes = template["spec"]["containers"][0], template["metadata"]["annotations"]
    return {
        "account": template["spec"]["serviceAccountName"], "timeout": template["spec"]["timeoutSeconds"], "concurrency": template["spec"]["containerConcurrency"],
        "scale": [int(notes["autoscaling.knative.dev/minScale"]), int(notes["autoscaling.knative.dev/maxScale"])],
        "generation": notes["run.googleapis.com/execution-environment"], "throttled": notes["run.googleapis.com/cpu-throttling"] == "true",
        "ingress": metadata["annotations"]["run.googleapis.com/ingress"], "limits": container["resources"]["limits"], "port": container["ports"][0]["containerPort"],
        "environment": environment(container),
    }


def script_facts(folder, name):
    """What a dry run of deploy.sh comes to."""
    commands = folder_record(folder, name)
    facts = {role: run_facts(os.path.join(folder, name, f"{role}.yaml")) for role in ["front", "worker"]}
    # The builder and its grants belong to the image, which Terraform is given.
    facts["accounts"] = sorted(command.words[3] for command in commands if command.starts("iam service-accounts create") and command.words[3] != "catops-builder")
    facts["grants"] = sorted((what, resource.split("@")[0], role, who, condition) for what, resource, role, who, condition in grants(commands) if "catops-builder@" not in who)
    facts["topics"] = sorted(command.words[3] for command in commands if command.starts("pubsub topics create"))
    facts["subscriptions"] = {
        command.words[3]: [command.flags[key] for key in ["topic", "push-endpoint", "push-auth-service-account", "push-auth-token-audience", "ack-deadline",
                                                          "min-retry-delay", "max-retry-delay"]]
        + [command.flags.get("dead-letter-topic"), command.flags.get("max-delivery-attempts"), command.flags["expiration-period"]]
        for command in commands if command.starts("pubsub subscriptions create")}
    facts["queues"] = {command.words[3]: [command.flags[key] for key in ["location", "max-attempts", "min-backoff", "max-backoff", "max-doublings"]]
                       for command in commands if command.starts("tasks queues create")}
    facts["jobs"] = {
        command.words[4]: [command.flags[key] for key in ["location", "schedule", "time-zone", "uri", "http-method", "attempt-deadline", "max-retry-attempts", "min-backoff",
                                                          "oidc-service-account-email", "oidc-token-audience"]]
        for command in commands if command.starts("scheduler jobs create http")}
    facts["fields"] = sorted([command.flags["collection-group"], command.words[4], "ttl" if "enable-ttl" in command.flags else "not indexed"]
                             for command in commands if command.starts("firestore fields ttls update") or command.starts("firestore indexes fields update"))
    facts["database"] = [[command.flags[key] for key in ["database", "location", "type"]] for command in commands if command.starts("firestore databases create")]
    facts["services"] = sorted(word for command in commands if command.starts("services enable") for word in command.words[2:] if not re.match("cloudbuild|storage", word))
    return facts


def module_facts(made):
    def of(kind):
        return [values for found, _, _, values in made if found == kind]

    def one(block):
        return block[0] if block else {}

    facts = {}
    for found in of("google_cloud_run_v2_service"):
        template = one(found["template"])
        container = one(template["containers"])
        facts[found["name"].removeprefix("catops-")] = {
            "account": template["service_account"], "timeout": int(template["timeout"].removesuffix("s")), "concurrency": template["max_instance_request_concurrency"],
            "scale": [one(template["scaling"])["min_instance_count"], one(template["scaling"])["max_instance_count"]],
            "generation": template["execution_environment"].removeprefix("EXECUTION_ENVIRONMENT_").lower(), "throttled": one(container["resources"])["cpu_idle"],
            "ingress": {"INGRESS_TRAFFIC_ALL": "all", "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal"}[found["ingress"]],
            "limits": one(container["resources"])["limits"], "port": one(container["ports"])["container_port"],
            "environment": ({entry["name"]: entry["value"] for entry in container["env"] if "value" in entry},
                            {entry["name"]: [entry["value_source"][0]["secret_key_ref"][0][key] for key in ["secret", "version"]] for entry in container["env"] if "value_source" in entry}),
        }
    facts["accounts"] = sorted(found["account_id"] for found in of("google_service_account"))
    granted = []
    for kind, what, name in [("google_cloud_run_v2_service_iam_member", "run services", "name"), ("google_secret_manager_secret_iam_member", "secrets", "secret_id"),
                             ("google_pubsub_topic_iam_member", "pubsub topics", "topic"), ("google_pubsub_subscription_iam_member", "pubsub subscriptions", "subscription"),
                             ("google_cloud_tasks_queue_iam_member", "tasks queues", "name"), ("google_service_account_iam_member", "iam service-accounts", "service_account_id"),
                             ("google_project_iam_member", "projects", "project")]:
        for found in of(kind):
            condition = one(found.get("condition"))
            granted.append((what, found[name].split("/")[-1].split("@")[0], found["role"], found["member"],
                            f"title={condition['title']},expression={condition['expression']}" if condition else ""))
    facts["grants"] = sorted(granted)
    facts["topics"] = sorted(found["name"] for found in of("google_pubsub_topic"))
    facts["subscriptions"] = {}
    for found in of("google_pubsub_subscription"):
        push, retry, dead = one(found["push_config"]), one(found["retry_policy"]), one(found.get("dead_letter_policy"))
        facts["subscriptions"][found["name"]] = [
            found["topic"].split("/")[-1], push["push_endpoint"], push["oidc_token"][0]["service_account_email"], push["oidc_token"][0]["audience"], str(found["ack_deadline_seconds"]),
            retry["minimum_backoff"], retry["maximum_backoff"], dead["dead_letter_topic"].split("/")[-1] if dead else None,
            str(dead["max_delivery_attempts"]) if dead else None, "never" if one(found["expiration_policy"])["ttl"] == "" else "some time"]
    facts["queues"] = {found["name"]: [found["location"], *(str(one(found["retry_config"])[key]) for key in ["max_attempts", "min_backoff", "max_backoff", "max_doublings"])]
                       for found in of("google_cloud_tasks_queue")}
    facts["jobs"] = {}
    for found in of("google_cloud_scheduler_job"):
        target, retry = one(found["http_target"]), one(found["retry_config"])
        facts["jobs"][found["name"]] = [found["region"], found["schedule"], found["time_zone"], target["uri"], target["http_method"], found["attempt_deadline"], str(retry["retry_count"]),
                                        retry["min_backoff_duration"], target["oidc_token"][0]["service_account_email"], target["oidc_token"][0]["audience"]]
    facts["fields"] = sorted([found["collection"], found["field"], said] for found in of("google_firestore_field")
                             for said, key in [("ttl", "ttl_config"), ("not indexed", "index_config")] if found.get(key))
    facts["database"] = [[found["name"], found["location_id"], found["type"].lower().replace("_", "-")] for found in of("google_firestore_database")]
    facts["services"] = sorted(found["service"] for found in of("google_project_service"))
    return facts


def code(folder, root):
    def text(package):
        found = []
        for path, _, names in os.walk(os.path.join(root, package, "src")):
            for name in names:
                with open(os.path.join(path, name)) as file:
                    found.append(file.read())
        return "".join(found)

    ours, core = text("catops-gcp"), text("catops-core")
    first = script_facts(folder, "first")
    wrong = [f"no code reads the setting {name}" for role in ["front", "worker"] for one in first[role]["environment"] for name in one
             if name.startswith(("CATOPS_", "GOOGLE_")) and not name.startswith("CATOPS_SECRET_") and f'"{name}"' not in ours + core]
    paths = {"/" + values[1].split("/", 3)[3] for values in first["subscriptions"].values()} | {"/tick/" for values in first["jobs"].values() if "/tick/" in values[3]} | {"/task"}
    wrong += [f"no code serves {path}" for path in paths if f'"{path}"' not in ours]
    for collection, field, _ in first["fields"]:
        if f"-{collection.removeprefix('catops-')}" not in ours or f"`{field}`" not in ours:
            wrong.append(f"no code writes {field} of {collection}")
    if wrong:
        sys.exit("\n".join(sorted(set(wrong))))
    print(f"  the code reads every setting, serves {', '.join(sorted(paths))}, and writes every field")


def compare(folder, module):
    from terraform_values import Module

    account = "${<account_id>}@" + PROJECT + ".iam.gserviceaccount.com"
    parsed = Module(
        module,
        {"data.google_client_config.current.project": PROJECT, "data.google_client_config.current.region": REGION, "data.google_project.current.number": NUMBER},
        {"google_service_account": {"email": f'"{account}"', "member": f'"serviceAccount:{account}"', "name": f'"projects/{PROJECT}/serviceAccounts/{account}"'},
         "google_pubsub_topic": {"id": f'"projects/{PROJECT}/topics/${{<name>}}"'},
         "google_cloud_run_v2_service": {"uri": '"https://${<name>}-random-ew.a.run.app"'}})
    given = {"secrets": ["CATOPS_SLACK_SIGNING_SECRET", "CATOPS_SECRET_PAGER"], "schedules": {"report": "0 3 * * *", "oncall rotate": "0 9 * * 1"}}
    wrong = []
    for name, more in [("first", {"image": "any"}), ("tasks-first", {"image": "any", "carrier": "tasks", "schedule_channel": "C1", "audit_channel": "C2"})]:
        with tempfile.TemporaryDirectory() as scratch:
            made, outputs = parsed.evaluated(scratch, {**given, **more})
        ours, theirs = script_facts(folder, name), module_facts(made)
        wrong += [f"{name}, {topic}: deploy.sh has\n    {ours[topic]}\n  Terraform has\n    {theirs.get(topic)}" for topic in ours if ours[topic] != theirs.get(topic)]
        wrong += [f"{name}: {found}" for found in too_wide(theirs["grants"])]
        if outputs["slack_url"] != "https://catops-front-random-ew.a.run.app/slack":
            wrong.append(f"{name}: the URL is {outputs['slack_url']}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"  the same bot as deploy.sh's, with either carrier: {', '.join(ours)}")


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:] or [""]
    if verb == "commands":
        commands(arguments)
    elif verb == "rerun":
        sys.exit("\n".join(rerun(record(arguments[0]))) or 0)
    else:
        {"runs": runs, "linted": linted, "dockerfile": dockerfile, "cloudbuild": cloudbuild, "context": context, "services": services, "code": code, "compare": compare}[verb](*arguments)
