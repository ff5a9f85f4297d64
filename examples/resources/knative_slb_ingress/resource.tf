# An ALB of its own: HTTP redirects to HTTPS, and whatever Knative Services of two namespaces answer under example.com is served.
resource "knative_slb_ingress" "shop" {
  name                  = "shop"
  address_type          = "Internet"
  load_balancer_edition = "Standard"
  vpc_id                = "vpc-bp1example"
  delete_protection     = "off"
  tags                  = { team = "shop" }

  zone_mappings {
    zone_id    = "cn-hangzhou-a"
    vswitch_id = "vsw-bp1a"
  }
  zone_mappings {
    zone_id    = "cn-hangzhou-b"
    vswitch_id = "vsw-bp1b"
  }

  listener {
    port         = 80
    protocol     = "HTTP"
    forward_port = 443
  }
  listener {
    port            = 443
    protocol        = "HTTPS"
    request_timeout = 120

    certificates {
      certificate_id = "10000001-cn-hangzhou"
    }
  }

  namespaces = ["shop", "payment"]
  hosts      = ["example.com", "*.example.com"]
}

# What the DNS record of *.example.com points to, by CNAME.
output "address" {
  value = knative_slb_ingress.shop.address
}
