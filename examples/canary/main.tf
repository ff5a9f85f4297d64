# A canary and its rollback, as `make demo` walks through it: change the variables, apply, look.
terraform {
  required_providers {
    knative = {
      source = "registry.terraform.io/knative-provider/knative"
    }
  }
}

provider "knative" {
  namespace = var.namespace
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "image" {
  description = "A container that answers HTTP on $PORT."
  type        = string
  default     = "ghcr.io/knative/helloworld-go:latest"
}

variable "release" {
  description = "What the Service's template is now: each release is a Revision."
  type        = string
  default     = "v1"
}

variable "split" {
  description = "The percent of requests of each release. The releases not named get none."
  type        = map(number)
  default     = { v1 = 100 }
}

resource "knative_service" "hello" {
  name = "hello"

  template {
    name = "hello-${var.release}"

    containers {
      image = var.image

      env {
        name  = "TARGET"
        value = "hello-${var.release}"
      }
    }

    scaling {
      min_scale = 1
    }
  }
}

resource "knative_traffic_split" "hello" {
  service = knative_service.hello.name

  dynamic "traffic" {
    for_each = var.split

    content {
      revision_name = "hello-${traffic.key}"
      percent       = traffic.value
      tag           = traffic.key
    }
  }
}

output "url" {
  value = knative_service.hello.url
}

output "tag_urls" {
  value = knative_traffic_split.hello.tag_urls
}
