# A Service with a Pod for each 5 messages that wait in a queue, at most 10, and none while there are none. The queue, and the plugin
# that says how long it is, is main.go beside this file.
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

variable "scaler" {
  description = "host:port of the plugin, as the guard reaches it."
  type        = string
  default     = "queue-length.default.svc:6000"
}

resource "knative_service" "consumer" {
  name = "consumer"

  template {
    containers {
      image = var.image
    }

    timeout_seconds = 10

    scaling {
      window = "6s" # how soon Knative takes a Pod away that has nothing to do
    }
  }
}

resource "knative_scaling_policy" "consumer" {
  name = "consumer"
  max  = 10

  target {
    kind = "Service"
    name = knative_service.consumer.name
  }

  plugins {
    name          = "orders"
    target        = "5"
    interval      = "1s"
    stabilization = "5s"

    external {
      address  = var.scaler
      metadata = { queue = "orders" }
    }
  }
}
