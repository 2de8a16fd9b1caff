# A function with what people put around it: a role, a layer, an alias with weights,
# permissions, what becomes of events, and a rule that sends to it.

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

variable "runtime" {
  description = "Which Python it is."
  type        = string
  default     = "python3.12"
}

variable "code" {
  description = "The zip of the function."
  type        = string
  default     = "one.zip"
}

variable "greeting" {
  description = "What the function says."
  type        = string
  default     = "hello"
}

variable "weight" {
  description = "How much of all goes to the version that the alias does not name."
  type        = map(number)
  default     = {}
}

variable "ready" {
  description = "How many environments are kept ready."
  type        = number
  default     = 1
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "greeter" {
  name               = "greeter"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "queues" {
  name = "queues"
  role = aws_iam_role.greeter.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = [aws_sqs_queue.told.arn, aws_sqs_queue.dead.arn] }]
  })
}

resource "aws_sqs_queue" "told" {
  name = "told"
}

resource "aws_sqs_queue" "dead" {
  name = "dead"
}

resource "aws_lambda_layer_version" "words" {
  layer_name               = "words"
  description              = "What everybody says"
  filename                 = "layer.zip"
  source_code_hash         = filebase64sha256("layer.zip")
  compatible_runtimes      = [var.runtime]
  compatible_architectures = ["x86_64"]
}

resource "aws_lambda_function" "greeter" {
  function_name                  = "greeter"
  description                    = "Greets"
  role                           = aws_iam_role.greeter.arn
  runtime                        = var.runtime
  handler                        = "app.handler"
  filename                       = var.code
  source_code_hash               = filebase64sha256(var.code)
  layers                         = [aws_lambda_layer_version.words.arn]
  publish                        = true
  timeout                        = 10
  memory_size                    = 256
  reserved_concurrent_executions = 5
  tags                           = { team = "shop" }

  environment {
    variables = { GREETING = var.greeting }
  }

  ephemeral_storage {
    size = 1024
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
  }
}

# Nothing but what must be said.
resource "aws_lambda_function" "plain" {
  function_name = "plain"
  role          = aws_iam_role.greeter.arn
  runtime       = var.runtime
  handler       = "app.handler"
  filename      = var.code
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What customers meet"
  function_name    = aws_lambda_function.greeter.function_name
  function_version = "1"

  dynamic "routing_config" {
    for_each = length(var.weight) > 0 ? [var.weight] : []
    content {
      additional_version_weights = routing_config.value
    }
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.greeter.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.ready
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.greeter.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = 120
  maximum_retry_attempts       = 0

  destination_config {
    on_success {
      destination = aws_sqs_queue.told.arn
    }
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "guests" {
  name          = "guests"
  event_pattern = jsonencode({ source = ["door"] })
}

resource "aws_cloudwatch_event_target" "greeter" {
  rule      = aws_cloudwatch_event_rule.guests.name
  target_id = "greeter"
  arn       = aws_lambda_alias.live.arn
}

resource "aws_lambda_permission" "guests" {
  statement_id  = "guests"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.greeter.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.guests.arn
}

resource "aws_lambda_permission" "colleague" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.plain.arn
  principal      = "events.amazonaws.com"
  source_account = "000000000000"
}

data "aws_lambda_function" "greeter" {
  function_name = aws_lambda_function.greeter.function_name
  depends_on    = [aws_lambda_alias.live]
}

data "aws_lambda_alias" "live" {
  function_name = aws_lambda_function.greeter.function_name
  name          = aws_lambda_alias.live.name
}

data "aws_lambda_layer_version" "words" {
  layer_name = aws_lambda_layer_version.words.layer_name
}
