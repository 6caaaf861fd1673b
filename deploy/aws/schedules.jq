# Writes what `cargo run -- schedules` prints as resources, to be appended to a copy of template.yaml. See README.md.
.[]
| (.command | [splits("[^A-Za-z0-9]+")] | map((.[:1] | ascii_upcase) + .[1:]) | add) as $id
| {catops: {schedule: .command, time: "<aws.scheduler.scheduled-time>"}} as $input
| "
  Schedule\($id):
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: \"\(.command | gsub("[^A-Za-z0-9_.-]+"; "-"))\"
      GroupName: !Ref ScheduleGroup
      ScheduleExpression: \"\(.aws)\"
      FlexibleTimeWindow: {Mode: \"OFF\"}
      Target:
        Arn: !GetAtt Bot.Arn
        RoleArn: !GetAtt ScheduleRole.Arn
        Input: '\($input | tojson)'
        RetryPolicy: {MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 900}
        DeadLetterConfig: {Arn: !GetAtt Dead.Arn}"
