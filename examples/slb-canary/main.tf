# A canary behind an ALB: Terraform makes the load balancer, and the guard in the cluster carries the split out on it. Credentials of
# Alibaba Cloud are those of the environment (ALIBABA_CLOUD_ACCESS_KEY_ID …). `make demo` plays it with an emulated cloud.
terraform {
  required_providers {
    knative = {
      source = "registry.terraform.io/knative-provider/knative"
    }
  }
}

provider "knative" {
  namespace = var.namespace

  alicloud {
    region = var.region
  }
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

variable "region" {
  type    = string
  default = "cn-hangzhou"
}

variable "vpc_id" {
  description = "The VPC of the cluster's Pods."
  type        = string
}

variable "vswitches" {
  description = "A vSwitch of that VPC in each of two zones or more."
  type        = map(string)
}

variable "guard" {
  description = "The namespace of the guard that is to do it, where the cluster has several."
  type        = string
  default     = null
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

resource "knative_slb_ingress" "front" {
  name         = "front-${var.namespace}"
  address_type = "Internet"
  vpc_id       = var.vpc_id
  namespaces   = [var.namespace]
  labels       = var.guard == null ? null : { "knative-provider.dev/guard" = var.guard }

  dynamic "zone_mappings" {
    for_each = var.vswitches

    content {
      zone_id    = zone_mappings.key
      vswitch_id = zone_mappings.value
    }
  }

  listener {
    port     = 80
    protocol = "HTTP"
  }
}

resource "knative_service" "hello" {
  name        = "hello"
  annotations = { "networking.knative.dev/ingress.class" = "slb.ingress.networking.knative.dev" }

  template {
    name = "hello-${var.release}"

    containers {
      image = var.image

      env {
        name  = "TARGET"
        value = "hello-${var.release}"
      }
    }
  }

  # The Service is Ready when the load balancer serves it.
  depends_on = [knative_slb_ingress.front]
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

output "address" {
  description = "What the DNS record of the Services' domain points to, by CNAME."
  value       = knative_slb_ingress.front.address
}

output "load_balancer_id" {
  value = knative_slb_ingress.front.load_balancer_id
}
