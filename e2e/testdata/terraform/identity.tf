# Roles, users and policies, as people build them with Terraform.

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

variable "action" {
  description = "What may be done with the queue."
  type        = string
  default     = "sqs:SendMessage"
}

variable "user" {
  description = "What the user is called that changes its name."
  type        = string
  default     = "trainee"
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "queue" {
  statement {
    actions   = [var.action]
    resources = ["arn:aws:sqs:us-east-1:${data.aws_caller_identity.me.account_id}:orders"]
  }
}

resource "aws_iam_policy" "queue" {
  name        = "queue"
  path        = "/shop/"
  description = "What may be done with orders"
  policy      = data.aws_iam_policy_document.queue.json
  tags        = { team = "shop" }
}

resource "aws_iam_role" "sender" {
  name                 = "sender"
  description          = "Sends orders"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.queue.arn
  tags                 = { team = "shop" }
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.sender.id
  policy = data.aws_iam_policy_document.queue.json
}

resource "aws_iam_role_policy_attachment" "queue" {
  role       = aws_iam_role.sender.name
  policy_arn = aws_iam_policy.queue.arn
}

resource "aws_iam_role_policy_attachment" "aws" {
  role       = aws_iam_role.sender.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_instance_profile" "sender" {
  name = "sender"
  role = aws_iam_role.sender.name
}

resource "aws_iam_user" "anna" {
  name          = "anna"
  path          = "/staff/"
  tags          = { team = "shop" }
  force_destroy = true
}

resource "aws_iam_user_policy" "own" {
  name   = "own"
  user   = aws_iam_user.anna.name
  policy = data.aws_iam_policy_document.queue.json
}

resource "aws_iam_user_policy_attachment" "queue" {
  user       = aws_iam_user.anna.name
  policy_arn = aws_iam_policy.queue.arn
}

resource "aws_iam_access_key" "anna" {
  user = aws_iam_user.anna.name
}

resource "aws_iam_group" "staff" {
  name = "staff"
}

resource "aws_iam_group_policy" "own" {
  name   = "own"
  group  = aws_iam_group.staff.name
  policy = data.aws_iam_policy_document.queue.json
}

resource "aws_iam_group_membership" "staff" {
  name  = "staff"
  group = aws_iam_group.staff.name
  users = [aws_iam_user.anna.name]
}

resource "aws_iam_group_policy_attachment" "queue" {
  group      = aws_iam_group.staff.name
  policy_arn = aws_iam_policy.queue.arn
}

resource "aws_iam_group" "guests" {
  name = "guests"
  path = "/shop/"
}

resource "aws_iam_user_group_membership" "renamed" {
  user   = aws_iam_user.renamed.name
  groups = [aws_iam_group.guests.name]
}

resource "aws_iam_user" "renamed" {
  name = var.user
}

resource "aws_iam_account_alias" "shop" {
  account_alias = "the-shop"
}

resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  description      = "Scales"
}
