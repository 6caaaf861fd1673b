"""Creates a task in gcloud-tasks-emulator from the body of a REST call.

usage: tasks.py HOST:PORT QUEUE <BODY

The emulator speaks gRPC alone. The body of `POST /v2/QUEUE/tasks` is google.cloud.tasks.v2.CreateTaskRequest in protobuf's
JSON, with the queue in the path, so Google's own parser reads it; a field that the proto does not have is an error. Prints
what it read as JSON.
"""

import sys

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from google.protobuf import json_format

host, queue = sys.argv[1:]
read = json_format.Parse(sys.stdin.read(), tasks_v2.CreateTaskRequest.pb()())
request = tasks_v2.CreateTaskRequest.wrap(read)
request.parent = queue

client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=grpc.insecure_channel(host)))
client.create_queue(parent=queue.rsplit("/", 2)[0], queue=tasks_v2.Queue(name=queue), timeout=20)
client.create_task(request, timeout=20)
print(json_format.MessageToJson(read))
