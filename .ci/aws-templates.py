"""What no linter says of the templates under deploy/aws. Runs in the environment that .ci/aws-templates makes.

    transform TEMPLATE OUT   what the SAM template is for CloudFormation
    compare FILE...          no `*` in a policy, and every file defines the same bot; a file is CloudFormation's JSON, or
                             what `terraform show -json` prints of a state
    rights FILE...           no `*` in a policy, and every file allows the same; a file may also be a plan of Terraform's

With NAME=VALUE among the files: parameters of the CloudFormation templates.
"""

import copy
import json
import os
import re
import sys

PSEUDO = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "catops",
}

# Patterns within names of our own: versions of the function, streams of the log, what Secrets Manager appends.
OWN_PATTERNS = re.compile(
    r"arn:aws:(lambda:us-east-1:0{12}:function:[^*?:]+:\*"
    r"|logs:us-east-1:0{12}:log-group:[^*?:]+:\*"
    r"|secretsmanager:us-east-1:0{12}:secret:[^*?:]+-\?{6})"
)


def several(value):
    return value if isinstance(value, list) else [value]


def properties(resource):
    return resource.get("Properties", {})


class Stack:
    """A CloudFormation template, with every function in it replaced by what it will be."""

    NAMES = {
        "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/"),
        "AWS::Lambda::Function": ("FunctionName", "lambda", "function:"),
        "AWS::Logs::LogGroup": ("LogGroupName", "logs", "log-group:"),
        "AWS::SQS::Queue": ("QueueName", "sqs", ""),
        "AWS::Scheduler::ScheduleGroup": ("Name", "scheduler", "schedule-group/"),
    }

    def __init__(self, template, given):
        self.values = dict(PSEUDO)
        for name, parameter in template.get("Parameters", {}).items():
            self.values[name] = given.get(name, parameter.get("Default"))
        self.conditions = template.get("Conditions", {})
        self.raw = template["Resources"]
        self.resources = {name: self.plain(resource) for name, resource in self.raw.items()}

    def of(self, kind):
        return {name: properties(resource) for name, resource in self.resources.items() if resource["Type"] == kind}

    def one(self, kind):
        (found,) = self.of(kind).values()
        return found

    def ref(self, name):
        if name in self.values:
            return self.values[name]
        kind = self.raw[name]["Type"]
        return self.plain(properties(self.raw[name])[self.NAMES[kind][0]]) if kind in self.NAMES else name

    def attribute(self, name, attribute):
        kind = self.raw[name]["Type"]
        if attribute == "Arn" and kind in self.NAMES:
            _, service, prefix = self.NAMES[kind]
            return f"arn:aws:{service}:us-east-1:000000000000:{prefix}{self.ref(name)}"
        return f"{name}.{attribute}"

    def holds(self, condition):
        if isinstance(condition, str):
            return self.holds(self.conditions[condition])
        (function, argument), = condition.items()
        if function == "Fn::Not":
            return not self.holds(argument[0])
        assert function == "Fn::Equals", function
        return self.plain(argument[0]) == self.plain(argument[1])

    def plain(self, value):
        if isinstance(value, list):
            return [item for item in map(self.plain, value) if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            if function == "Ref":
                return None if argument == "AWS::NoValue" else self.ref(argument)
            if function == "Fn::GetAtt":
                return self.attribute(*(argument.split(".") if isinstance(argument, str) else argument))
            if function == "Fn::If":
                return self.plain(argument[1] if self.holds(argument[0]) else argument[2])
            if function == "Fn::Join":
                return argument[0].join(map(str, self.plain(argument[1])))
            if function == "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self.ref(found[1])), argument)
            assert not function.startswith("Fn::"), function
        return {key: plain for key, item in value.items() if (plain := self.plain(item)) is not None}

    def statements(self):
        def walk(value):
            if isinstance(value, dict):
                if "Effect" in value:
                    yield value
                for item in value.values():
                    yield from walk(item)
            elif isinstance(value, list):
                for item in value:
                    yield from walk(item)

        return list(walk(self.resources))

    def managed_policies(self):
        return [arn for role in self.of("AWS::IAM::Role").values() for arn in role.get("ManagedPolicyArns", [])]

    def facts(self):
        function = self.one("AWS::Lambda::Function")
        asynchronous = self.one("AWS::Lambda::EventInvokeConfig")
        source = self.one("AWS::Lambda::EventSourceMapping")
        table = self.one("AWS::DynamoDB::Table")
        log = self.one("AWS::Logs::LogGroup")
        logging = function["LoggingConfig"]
        return {
            "function": {key: function[key] for key in ["FunctionName", "Handler", "Runtime", "Architectures", "MemorySize", "Timeout"]},
            "environment": function["Environment"]["Variables"],
            "log": [logging["LogFormat"], logging["ApplicationLogLevel"], logging["SystemLogLevel"],
                    logging.get("LogGroup", f"/aws/lambda/{function['FunctionName']}"), log["LogGroupName"], log["RetentionInDays"]],
            "url": self.one("AWS::Lambda::Url")["AuthType"],
            "open to": sorted(permission(found) for found in self.of("AWS::Lambda::Permission").values()),
            "asynchronous": [asynchronous["MaximumRetryAttempts"], asynchronous["MaximumEventAgeInSeconds"],
                             asynchronous["DestinationConfig"]["OnFailure"]["Destination"]],
            "source": [source["EventSourceArn"], source["BatchSize"], source["FunctionResponseTypes"]],
            "table": [table["TableName"], table["BillingMode"],
                      {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]},
                      {key["AttributeName"]: key["AttributeType"] for key in table["AttributeDefinitions"]},
                      table["TimeToLiveSpecification"]["AttributeName"], table["TimeToLiveSpecification"]["Enabled"],
                      table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]],
            "queues": {queue["QueueName"]: [queue.get("VisibilityTimeout", 30), queue.get("MessageRetentionPeriod", 345600),
                                            queue["SqsManagedSseEnabled"], queue.get("RedrivePolicy")]
                       for queue in self.of("AWS::SQS::Queue").values()},
            "statements": normal(self.statements()),
            "schedules": {schedule["Name"]: [schedule["GroupName"], schedule["ScheduleExpression"], schedule["FlexibleTimeWindow"]["Mode"],
                                             schedule["Target"]["Arn"], schedule["Target"]["Input"],
                                             schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"],
                                             schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"],
                                             schedule["Target"]["DeadLetterConfig"]["Arn"]]
                          for schedule in self.of("AWS::Scheduler::Schedule").values()},
        }


class Terraform:
    """A state or a plan of Terraform's."""

    def __init__(self, shown):
        shown = shown.get("values") or shown["planned_values"]
        self.resources = [found for found in shown["root_module"]["resources"] if found["mode"] == "managed"]

    def of(self, kind):
        return [found["values"] for found in self.resources if found["type"] == kind]

    def one(self, kind):
        (found,) = self.of(kind)
        return found

    def stacks(self):
        return [Stack(json.loads(stack["template_body"]), {}) for stack in self.of("aws_cloudformation_stack") if "template_body" in stack]

    def statements(self):
        documents = [found["assume_role_policy"] for found in self.of("aws_iam_role")]
        documents += [found["policy"] for found in self.of("aws_iam_role_policy")]
        return [statement for document in documents for statement in several(json.loads(document)["Statement"])]

    def managed_policies(self):
        return [found["policy_arn"] for found in self.of("aws_iam_role_policy_attachment")] + [
            arn for found in self.of("aws_iam_role") for arn in found.get("managed_policy_arns") or []
        ]

    def facts(self):
        function = self.one("aws_lambda_function")
        asynchronous = self.one("aws_lambda_function_event_invoke_config")
        source = self.one("aws_lambda_event_source_mapping")
        table = self.one("aws_dynamodb_table")
        log = self.one("aws_cloudwatch_log_group")
        logging = function["logging_config"][0]
        opened = [found for stack in self.stacks() for found in stack.of("AWS::Lambda::Permission").values()]
        opened += [{"Action": found["action"], "Principal": found["principal"], "FunctionUrlAuthType": found.get("function_url_auth_type")}
                   for found in self.of("aws_lambda_permission")]
        return {
            "function": {"FunctionName": function["function_name"], "Handler": function["handler"], "Runtime": function["runtime"],
                         "Architectures": function["architectures"], "MemorySize": function["memory_size"], "Timeout": function["timeout"]},
            "environment": function["environment"][0]["variables"],
            "log": [logging["log_format"], logging["application_log_level"], logging["system_log_level"], logging["log_group"],
                    log["name"], log["retention_in_days"]],
            "url": self.one("aws_lambda_function_url")["authorization_type"],
            "open to": sorted(permission(found) for found in opened),
            "asynchronous": [asynchronous["maximum_retry_attempts"], asynchronous["maximum_event_age_in_seconds"],
                             asynchronous["destination_config"][0]["on_failure"][0]["destination"]],
            "source": [source["event_source_arn"], source["batch_size"], source["function_response_types"]],
            "table": [table["name"], table["billing_mode"], {"HASH": table["hash_key"], "RANGE": table["range_key"]},
                      {key["name"]: key["type"] for key in table["attribute"]}, table["ttl"][0]["attribute_name"], table["ttl"][0]["enabled"],
                      table["point_in_time_recovery"][0]["enabled"]],
            "queues": {queue["name"]: [queue["visibility_timeout_seconds"], queue["message_retention_seconds"], queue["sqs_managed_sse_enabled"],
                                       json.loads(queue["redrive_policy"] or "null")]
                       for queue in self.of("aws_sqs_queue")},
            "statements": normal(self.statements()),
            "schedules": {schedule["name"]: [schedule["group_name"], schedule["schedule_expression"], schedule["flexible_time_window"][0]["mode"],
                                             schedule["target"][0]["arn"], schedule["target"][0]["input"],
                                             schedule["target"][0]["retry_policy"][0]["maximum_retry_attempts"],
                                             schedule["target"][0]["retry_policy"][0]["maximum_event_age_in_seconds"],
                                             schedule["target"][0]["dead_letter_config"][0]["arn"]]
                          for schedule in self.of("aws_scheduler_schedule")},
        }


def permission(found):
    return [found["Action"], found["Principal"], found.get("FunctionUrlAuthType") or "", found.get("InvokedViaFunctionUrl", False)]


def normal(statements):
    """What is allowed, in an order of its own. What is denied is the bucket that osls uploads to, without TLS."""
    return sorted(
        [statement.get("Sid", ""), sorted(several(statement["Action"])), sorted(several(statement.get("Resource", []))),
         json.dumps([statement.get("Principal"), statement.get("Condition")], sort_keys=True)]
        for statement in statements
        if statement["Effect"] == "Allow"
    )


def too_wide(source):
    """Every statement that allows more than our own names. A URL's permissions are for everybody, and for it alone."""
    found = [f"the managed policy {arn} allows more than our own names" for arn in source.managed_policies()]
    for statement in source.statements():
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement or "NotResource" in statement or '"*"' in json.dumps(statement.get("Principal")):
            found.append(f"{statement} allows all but something, or everybody")
        found += [f"the action {action}" for action in several(statement.get("Action", [])) if "*" in action or "?" in action]
        found += [f"the resource {resource} of {statement.get('Action')}" for resource in several(statement.get("Resource", []))
                  if ("*" in resource or "?" in resource) and not OWN_PATTERNS.fullmatch(resource)]
    stacks = [source] if isinstance(source, Stack) else source.stacks()
    for stack in stacks:
        for opened in stack.of("AWS::Lambda::Permission").values():
            if opened["Principal"] == "*" and not (opened.get("InvokedViaFunctionUrl") or opened.get("FunctionUrlAuthType")):
                found.append(f"{opened} opens the function itself, not its URL")
    if isinstance(source, Terraform):
        found += [f"{opened['action']} opens the function itself, not its URL" for opened in source.of("aws_lambda_permission")
                  if opened["principal"] == "*" and not opened.get("function_url_auth_type")]
    return found


def read(path, given):
    with open(path) as file:
        document = json.load(file)
    return Stack(document, given) if "Resources" in document else Terraform(document)


def differences(named):
    (first, expected), *others = named
    return [
        f"{topic}: {first} has\n    {expected[topic]}\n  {other} has\n    {facts[topic]}"
        for other, facts in others
        for topic in expected
        if facts[topic] != expected[topic]
    ]


def seen_to_fail(sources):
    """Breaks a copy of each, and ends with an error unless that is noticed."""
    for path, source in sources:
        for key in ["Action", "Resource"]:
            broken = copy.deepcopy(source)
            if isinstance(broken, Stack):
                role = next(iter(broken.of("AWS::IAM::Role").values()))
                role["Policies"][0]["PolicyDocument"]["Statement"][0][key] = "*"
            else:
                policy = broken.of("aws_iam_role_policy")[0]
                document = json.loads(policy["policy"])
                document["Statement"][0][key] = "*"
                policy["policy"] = json.dumps(document)
            if not too_wide(broken):
                sys.exit(f"{path}: `*` as {key} would not be noticed")
    expected = [(path, source.facts()) for path, source in sources]
    for at in range(1, len(expected)):
        for topic in expected[0][1]:
            broken = copy.deepcopy(expected)
            broken[at][1][topic] = None
            if not differences(broken):
                sys.exit(f"{expected[at][0]}: another {topic} would not be noticed")


def transform(template, out):
    os.environ.setdefault("AWS_DEFAULT_REGION", PSEUDO["AWS::Region"])
    from samcli.yamlhelper import yaml_parse
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    with open(template) as file:
        document = yaml_parse(file.read())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://code/bootstrap.zip"
    with open(out, "w") as file:
        json.dump(Translator({}, Parser()).translate(document, {}), file, indent=1)


def main():
    verb, *arguments = sys.argv[1:]
    if verb == "transform":
        return transform(*arguments)
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    sources = [(path, read(path, given)) for path in arguments if "=" not in path]
    if not sources or verb not in ["compare", "rights"]:
        sys.exit(__doc__)
    wrong = [f"{path}: {found}" for path, source in sources for found in too_wide(source)]
    topics = (lambda source: source.facts()) if verb == "compare" else (lambda source: {"statements": normal(source.statements())})
    wrong += differences([(path, topics(source)) for path, source in sources])
    if wrong:
        sys.exit("\n".join(wrong))
    if verb == "compare":
        seen_to_fail(sources)
    print(f"  {verb}: {', '.join(os.path.basename(path) for path, _ in sources)}: as they should be")


if __name__ == "__main__":
    main()
