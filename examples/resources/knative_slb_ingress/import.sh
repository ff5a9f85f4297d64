# The name of the SLBIngress. What it binds is imported with it: as made here if it has this cluster's tag, and as adopted if not.
terraform import knative_slb_ingress.shop shop
