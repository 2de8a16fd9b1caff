# A function with a URL for everybody, and one of an alias for whoever signs.

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

resource "aws_iam_role" "runs" {
  name               = "runs"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

resource "aws_lambda_function" "hello" {
  function_name    = "hello"
  role             = aws_iam_role.runs.arn
  runtime          = "python3.12"
  handler          = "app.handler"
  filename         = "app.zip"
  source_code_hash = filebase64sha256("app.zip")
  publish          = true
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.hello.function_name
  function_version = aws_lambda_function.hello.version
}

resource "aws_lambda_function_url" "open" {
  function_name      = aws_lambda_function.hello.function_name
  authorization_type = "NONE"

  cors {
    allow_credentials = true
    allow_origins     = ["https://shop.example"]
    allow_methods     = ["GET", "PUT"]
    allow_headers     = ["x-a"]
    expose_headers    = ["x-b"]
    max_age           = 60
  }
}

resource "aws_lambda_function_url" "closed" {
  function_name      = aws_lambda_function.hello.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "AWS_IAM"
  invoke_mode        = "RESPONSE_STREAM"
}

output "open" {
  value = aws_lambda_function_url.open.function_url
}
