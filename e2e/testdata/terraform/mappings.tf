# Functions that work on queues.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variable "enabled" {
  type    = bool
  default = true
}

variable "above" {
  description = "Which orders the function is to see."
  type        = number
  default     = 100
}

resource "aws_iam_role" "worker" {
  name = "worker"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 60
}

resource "aws_sqs_queue" "ordered" {
  name                        = "ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  visibility_timeout_seconds  = 60
}

resource "aws_lambda_function" "worker" {
  function_name    = "worker"
  role             = aws_iam_role.worker.arn
  runtime          = "python3.12"
  handler          = "app.handler"
  filename         = "code.zip"
  source_code_hash = filebase64sha256("code.zip")
  timeout          = 10
}

# Nothing but what must be said.
resource "aws_lambda_event_source_mapping" "ordered" {
  event_source_arn = aws_sqs_queue.ordered.arn
  function_name    = aws_lambda_function.worker.function_name
  depends_on       = [aws_iam_role_policy_attachment.worker]
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn                   = aws_sqs_queue.orders.arn
  function_name                      = aws_lambda_function.worker.arn
  enabled                            = var.enabled
  batch_size                         = 20
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = { team = "shop" }
  depends_on                         = [aws_iam_role_policy_attachment.worker]

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { total = [{ numeric = [">", var.above] }] } })
    }
  }

  scaling_config {
    maximum_concurrency = 4
  }
}
