module github.com/dari-bus/dari/examples/build-to-slack/go

go 1.26.0

require github.com/aws/aws-lambda-go v1.55.1
