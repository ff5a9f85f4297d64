# Made elsewhere, by another team or with kubectl.
data "knative_slb_ingress" "shop" {
  name = "shop"
}

output "entry" {
  value = data.knative_slb_ingress.shop.address
}

# Hosts that are not served, each with why.
output "left_out" {
  value = { for h in data.knative_slb_ingress.shop.left_out : h.host => h.reason }
}
